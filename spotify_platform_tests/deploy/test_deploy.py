"""`make deploy`: what is given, what is refused, what is said; and, at MiniStack, both passes and a failure."""

import importlib
import json
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from spotify_platform.contracts.curated import CURATED
from spotify_platform.settings import read_settings, read_snowflake_settings

from ..ministack import serving
from .rules import ROOT, TEMPLATES, read

SCRIPT = ROOT / "deploy/aws/deploy.py"
QUEUE = "arn:aws:sqs:us-east-1:000000000000:snowpipe"
SNOWFLAKE = {
    "SnowflakeUserArn": "arn:aws:iam::123456789012:user/snowflake",
    "SnowflakeExternalId": "ACME_SFCRole=2_abc=",
    "SnowflakeQueueArn": QUEUE,
}
OUTPUTS = {
    "LakeUrl": "s3://bucket/lake",
    "WatchlistUrl": "s3://bucket/watchlist.yaml",
    "GlueJob": "spotify-platform-curate",
    "GlueFlexFromDates": "30",
    "SnowflakeRoleArn": "arn:aws:iam::123456789012:role/snowflake",
    "SpotifySecretArn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:spotify-platform/spotify-abc",
}


def load() -> Any:
    """deploy.py as a module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(SCRIPT.parent)
        return importlib.import_module("deploy")


deploy = load()


def test_what_stands_behind_make_is_read_a_mistyped_name_too():
    flags = (
        r"-w --no-print-directory -- ARGS=--plan AlarmEmail= CaptureSchedule=cron(0\ 5\ *\ *\ ?\ *) alarmemail=a@b.c"
    )
    words = deploy.words_of_make(flags)
    assert words == ["AlarmEmail=", "CaptureSchedule=cron(0 5 * * ? *)", "alarmemail=a@b.c"]
    assert deploy.given_values(words[:2], {}) == {"AlarmEmail": "", "CaptureSchedule": "cron(0 5 * * ? *)"}
    with pytest.raises(deploy.DeployError, match="alarmemail"):
        deploy.given_values(words, {})
    assert deploy.words_of_make("") == deploy.words_of_make("w") == []


def test_parameters_are_given_as_words_or_as_variables_and_words_win():
    environment = {"AlarmEmail": "old@example.org", "FlexFromDates": "30", "SnowflakeUserArn": "", "HOME": "/"}
    given = deploy.given_values(["AlarmEmail=new@example.org", "CaptureSchedule=rate(15 minutes)"], environment)
    assert given == {
        "AlarmEmail": "new@example.org",
        "CaptureSchedule": "rate(15 minutes)",
        "FlexFromDates": "30",
    }


@pytest.mark.parametrize("word", ["AlarmMail=a@example.org", "AlarmEmail", "CaptureKey=capture/0.zip"])
def test_what_is_no_parameter_or_is_found_out_is_refused(word):
    with pytest.raises(deploy.DeployError, match=f"{word}: not NAME=VALUE of a parameter") as refused:
        deploy.given_values([word], {})
    assert "AlarmEmail" in str(refused.value) and "CaptureKey," not in str(refused.value)


def test_all_that_is_found_out_is_a_parameter():
    parameters = {name for path in TEMPLATES for name in read(path.read_text("utf-8"))["Parameters"]}
    assert parameters >= deploy.FOUND
    assert deploy.PLATFORM.parameters | deploy.ARTIFACTS.parameters <= parameters


@pytest.mark.parametrize("missing", SNOWFLAKE)
def test_half_of_snowflake_is_refused(missing):
    given = {name: value for name, value in SNOWFLAKE.items() if name != missing}
    with pytest.raises(deploy.DeployError, match=f"{missing} is missing"):
        deploy.refuse_half_of_snowflake(given, {})
    deploy.refuse_half_of_snowflake(given, {missing: "given before"})
    deploy.refuse_half_of_snowflake({}, dict.fromkeys(SNOWFLAKE, ""))


def packed(folder: Path) -> Path:
    """Packages that are only names and contents."""
    (folder / "glue").mkdir()
    (folder / "capture.zip").write_bytes(b"zip")
    (folder / "glue/curate.py").write_text("print()")
    (folder / "glue/spotify_platform-0.1.0-py3-none-any.whl").write_bytes(b"wheel")
    job = {"DefaultArguments": {"--additional-python-modules": "narwhals==2.0,dagster-pipes==1.0"}}
    (folder / "glue/job.json").write_text(json.dumps(job))
    return folder


def test_a_package_has_another_key_exactly_if_its_content_is_another(tmp_path):
    packages = deploy.Packages(packed(tmp_path))
    before = list(packages.files)
    (tmp_path / "glue/curate.py").touch()
    assert list(packages.files) == before
    (tmp_path / "glue/curate.py").write_text("print(1)")
    assert [old == new for old, new in zip(before, packages.files, strict=True)] == [True, False, True]


def commands(said: str) -> list[list[str]]:
    """The indented lines, as a shell reads them."""
    return [shlex.split(line) for line in said.splitlines() if line.startswith("     ") and " " in line.strip()]


def test_the_first_pass_ends_with_what_comes_next():
    said = deploy.what_next(OUTPUTS, {"SnowflakeUserArn": ""})
    first = [words[:3] for words in commands(said) if words[0] in ("aws", "make") or "spotify-platform" in words[0]]
    assert first == [
        [".venv/bin/spotify-platform", "watchlist", ">"],
        ["aws", "secretsmanager", "put-secret-value"],
        ["aws", "s3", "cp"],
        [".venv/bin/spotify-platform", "warehouse", "apply"],
        ["make", "deploy", "SnowflakeUserArn=…"],
    ]
    assert OUTPUTS["SpotifySecretArn"] in said


@pytest.mark.parametrize("values", [{}, SNOWFLAKE])
def test_the_settings_that_are_told_are_the_platforms(values, monkeypatch):
    for words in commands(deploy.what_next(OUTPUTS, values)):
        if words[0] == "export":
            monkeypatch.setenv(*words[1].split("=", 1))
    settings = read_settings()
    assert (settings.lake_url, settings.watchlist) == (OUTPUTS["LakeUrl"], OUTPUTS["WatchlistUrl"])
    assert (settings.engine, settings.glue_job, settings.glue_flex_from_dates) == ("glue", OUTPUTS["GlueJob"], 30)
    assert settings.warehouse == "snowflake"
    assert read_snowflake_settings().aws_role_arn == OUTPUTS["SnowflakeRoleArn"]


def test_the_second_pass_ends_with_the_doctor():
    assert commands(deploy.what_next(OUTPUTS, SNOWFLAKE))[-1] == [".venv/bin/spotify-platform", "doctor"]


@pytest.fixture
def cloudformation() -> Iterator[tuple[Any, Stubber]]:
    """A client that may ask only what the test lets it, and gets only those answers."""
    client = boto3.client("cloudformation", "us-east-1", aws_access_key_id="nobody", aws_secret_access_key="nothing")
    with Stubber(client) as stub:
        yield client, stub


def deployed(stub: Stubber, text: str) -> None:
    """The stack `platform` is there, with this template."""
    about = {"StackName": "platform", "StackStatus": "UPDATE_COMPLETE", "CreationTime": datetime.now(UTC)}
    parameters = [{"ParameterKey": "AlarmEmail", "ParameterValue": "a@example.org"}]
    for _ in range(2):
        stub.add_response("describe_stacks", {"Stacks": [{**about, "Parameters": parameters}]})
    stub.add_response("get_template", {"TemplateBody": text})


def test_a_stack_that_is_as_it_shall_be_is_left_alone_by_who_may_not_change_it(cloudformation, capsys):
    client, stub = cloudformation
    deployed(stub, deploy.ARTIFACTS.text)
    deploy.Stack(client, "platform").bring_to(deploy.ARTIFACTS, {"AlarmEmail": "a@example.org"})
    assert capsys.readouterr().out == "platform: nothing has changed.\n"


def test_who_may_not_change_a_stack_is_told_who_does(cloudformation):
    client, stub = cloudformation
    deployed(stub, "another text")
    stub.add_client_error("create_change_set", "AccessDenied", "not authorized to perform CreateChangeSet")
    with pytest.raises(deploy.DeployError, match=r"not authorized.*\n.*administrator"):
        deploy.Stack(client, "platform").bring_to(deploy.ARTIFACTS, {})


def test_a_stack_that_is_not_at_rest_is_not_touched(cloudformation):
    client, stub = cloudformation
    about = {"StackName": "platform", "StackStatus": "UPDATE_IN_PROGRESS", "CreationTime": datetime.now(UTC)}
    for _ in range(2):
        stub.add_response("describe_stacks", {"Stacks": [about]})
    with pytest.raises(deploy.DeployError, match=r"is UPDATE_IN_PROGRESS\. Wait"):
        deploy.Stack(client, "platform").bring_to(deploy.PLATFORM, {})


# What follows is deployed at MiniStack.


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str


def run(*words: str | Path) -> Said:
    """deploy.py as a person runs it."""
    done = subprocess.run([sys.executable, str(SCRIPT), *map(str, words)], capture_output=True, text=True)
    return Said(done.returncode, done.stdout, done.stderr)


def stack(name: str) -> dict[str, Any]:
    (found,) = boto3.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    return found


def parameters(name: str) -> dict[str, str]:
    return {one["ParameterKey"]: one["ParameterValue"] for one in stack(name)["Parameters"]}


def outputs(name: str) -> dict[str, str]:
    return {one["OutputKey"]: one["OutputValue"] for one in stack(name)["Outputs"]}


@pytest.fixture(scope="module")
def aws(tmp_path_factory) -> Iterator[None]:
    """MiniStack, with a queue as Snowpipe's."""
    with serving(tmp_path_factory.mktemp("aws")):
        boto3.client("sqs").create_queue(QueueName="snowpipe")
        yield


@pytest.fixture(scope="module")
def packages(tmp_path_factory) -> Path:
    """Both packages as they are built, the capture's without its dependencies."""
    folder = tmp_path_factory.mktemp("packages")
    capture, glue = ROOT / "deploy/aws/lambda_capture/build.py", ROOT / "glue/build.py"
    subprocess.run([sys.executable, capture, "--no-dependencies", "--output", folder / "capture.zip"], check=True)
    subprocess.run([sys.executable, glue, "--no-build-isolation", "--output", folder / "glue"], check=True)
    return folder


@pytest.mark.soak
def test_two_passes_and_what_comes_after_them(aws, packages, tmp_path, monkeypatch):
    # --plan changes nothing, not even the bucket for the packages.
    said = run("--packages", packages, "--plan")
    assert said.code == 0 and "spotify-platform-artifacts, a new stack:" in said.out
    assert boto3.client("cloudformation").describe_stacks()["Stacks"] == []

    said = run("--packages", packages)
    assert said.code == 0, said.err
    assert "The first pass is done" in said.out
    told = outputs("spotify-platform")
    assert told["SpotifySecretArn"] in said.out and told["LakeUrl"] in said.out
    bucket = told["LakeUrl"].split("/")[2]
    s3 = boto3.client("s3")
    assert "QueueConfigurations" not in s3.get_bucket_notification_configuration(Bucket=bucket)

    said = run("--packages", packages)
    assert "spotify-platform-artifacts: nothing has changed." in said.out
    assert "spotify-platform: nothing has changed." in said.out

    # The second pass is planned with words, and made with variables, as `make deploy NAME=VALUE` gives them.
    said = run("--packages", packages, "--plan", *(f"{name}={value}" for name, value in SNOWFLAKE.items()))
    assert "modify  Lake (AWS::S3::Bucket)" in said.out and "deployed" not in said.out
    assert parameters("spotify-platform")["SnowflakeQueueArn"] == ""
    with monkeypatch.context() as patch:
        for name, value in SNOWFLAKE.items():
            patch.setenv(name, value)
        said = run("--packages", packages)
    assert said.code == 0 and "Both passes are done" in said.out, said.err
    events = s3.get_bucket_notification_configuration(Bucket=bucket)["QueueConfigurations"]
    assert [event["QueueArn"] for event in events] == [QUEUE] * len(CURATED)
    role = boto3.client("iam").get_role(RoleName=told["SnowflakeRoleArn"].split("/")[-1])["Role"]
    assert SNOWFLAKE["SnowflakeExternalId"] in json.dumps(role["AssumeRolePolicyDocument"])

    # Another package later on: the job has it, and what was given once is kept.
    changed = shutil.copytree(packages, tmp_path / "packages")
    (changed / "glue/curate.py").write_text("print('another')")
    said = run("--packages", changed, "FlexFromDates=30")
    assert said.code == 0 and "modify  Curate (AWS::Glue::Job)" in said.out and "Capture (" not in said.out
    assert "export SPOTIFY_PLATFORM_GLUE_FLEX_FROM_DATES=30" in said.out
    assert parameters("spotify-platform").items() >= SNOWFLAKE.items()
    job = boto3.client("glue").get_job(JobName=told["GlueJob"])["Job"]
    key = parameters("spotify-platform")["GlueScriptKey"]
    assert job["Command"]["ScriptLocation"].endswith(key)
    assert s3.get_object(Bucket=job["Command"]["ScriptLocation"].split("/")[2], Key=key)["Body"].read() == (
        b"print('another')"
    )


@pytest.mark.soak
def test_a_failure_is_told_in_words_and_the_next_attempt_begins_anew(aws, packages):
    wrong = {**SNOWFLAKE, "SnowflakeQueueArn": f"{QUEUE}-of-nobody"}
    said = run("--packages", packages, "--stack", "failing", *(f"{name}={value}" for name, value in wrong.items()))
    assert said.code == 1
    assert "The stack failing could not be deployed, and is ROLLBACK_COMPLETE. First to fail was" in said.err
    assert "Lake (AWS::S3::Bucket): " in said.err and "snowpipe-of-nobody" in said.err

    said = run("--packages", packages, "--stack", "failing")
    assert said.code == 0 and "The first pass is done" in said.out, said.err

    # A later one: what stood before stands again.
    said = run("--packages", packages, "--stack", "failing", *(f"{name}={value}" for name, value in wrong.items()))
    assert said.code == 1 and "could not be deployed, and is UPDATE_ROLLBACK_COMPLETE" in said.err
    assert parameters("failing")["SnowflakeQueueArn"] == ""


@pytest.mark.soak
def test_a_value_of_the_wrong_form_touches_nothing(aws, packages):
    said = run("--packages", packages, "--stack", "formal", "AlarmEmail=nobody")
    assert said.code == 1
    assert "The stack formal was not touched." in said.err and "must be an e-mail address" in said.err
    assert "Traceback" not in said.err
