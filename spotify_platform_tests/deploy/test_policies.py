"""The template's roles, with IAM enforced by MiniStack: each does its work, and is refused elsewhere.

And the two other rules of who gets to the lake: that its bucket wants TLS, and whom it tells of new files.

The work is the platform's own code under a role's credentials: the schedule's role calls the capture, the capture's
function and the Glue job run as their roles, Dagster's two publish, and a model of Snowflake copies files as its role.
A refusal is AccessDenied, names the action, and the same call by the root succeeds: so nothing else refuses it.

Who may ask for a role is enforced where the template names users. MiniStack lets its root stand for any service of AWS
(lambda, glue, …), so which service a role trusts is read off the role; and where a test acts as such a role by itself,
the role trusts a user of the test meanwhile. What AWS does in a role's name and MiniStack by itself (log lines, dead
letters) is called by hand. Requests count as encrypted unless they say otherwise (see `ministack_launcher`).
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

import boto3
import pytest
from botocore.exceptions import ClientError

from spotify_platform.contracts.curated import CURATED

from ..conftest import Platform
from .deployment import (
    ROOT,
    Credentials,
    Deployment,
    acting_as,
    waiting_in,
)
from .ground import CATALOGUE, QUEUE, Ground, open_ground
from .work import (
    LINES,
    WORK,
    asking_works,
    branch_works,
    capture_works,
    curating_works,
    loading_works,
    log_and_letters_work,
)

pytestmark = pytest.mark.soak

TEMPLATE = (ROOT / "deploy/aws/template.yaml").read_text("utf-8")
FILE = "artists/snapshot_date=2026-10-01/x"


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """MiniStack and its users."""
    with open_ground(tmp_path_factory.mktemp("policies")) as made:
        yield made


@pytest.fixture
def deployed(ground: Ground) -> Ground:
    """The stacks as the template says."""
    ground.use(TEMPLATE)
    return ground


@pytest.mark.parametrize("work", WORK)
def test_a_role_does_its_work(deployed: Ground, work: str, platform: Platform, tmp_path: Path) -> None:
    WORK[work](deployed, tmp_path)


def test_what_aws_does_in_a_roles_name_is_allowed(deployed: Ground, tmp_path: Path) -> None:
    log_and_letters_work(deployed, tmp_path)


# -- what each role must not be able to do


@dataclass(frozen=True)
class Call:
    """A call of AWS, and the action that it needs; words in braces stand for what there is."""

    action: str
    arguments: Mapping[str, Any]

    def __str__(self) -> str:
        """As the name of a test."""
        return f"{self.action} {next(iter(list(self.arguments.values())[::-1]), '')}"

    def make(self, told: Mapping[str, str], credentials: Credentials | None = None) -> None:
        """Make it, with a role's credentials, else as the root."""
        key: dict[str, str] = {}
        if credentials:
            key = {
                "aws_access_key_id": credentials["AccessKeyId"],
                "aws_secret_access_key": credentials["SecretAccessKey"],
                "aws_session_token": credentials["SessionToken"],
            }
        service, action = self.action.split(":")
        filled = json.loads(json.dumps(self.arguments), object_hook=lambda found: _filled(found, told))
        getattr(boto3.client(service, **key), OPERATIONS.get(action) or _snake(action))(**filled)


OPERATIONS = {"ListBucket": "list_objects_v2", "InvokeFunction": "invoke"}


def _snake(action: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in action).strip("_")


def _filled(found: dict[str, Any], told: Mapping[str, str]) -> dict[str, Any]:
    return {name: value.format(**told) if isinstance(value, str) else value for name, value in found.items()}


def on(action: str, key: str, bucket: str = "{lake}") -> Call:
    """A call on an object."""
    return Call(f"s3:{action}", {"Bucket": bucket, "Key": key})


def under(prefix: str) -> Call:
    """A listing of the lake's bucket."""
    return Call("s3:ListBucket", {"Bucket": "{lake}", "Prefix": prefix})


SECRET = Call("secretsmanager:GetSecretValue", {"SecretId": "{secret}"})
ANOTHER_SECRET = Call("secretsmanager:GetSecretValue", {"SecretId": "another"})
START = Call("glue:StartJobRun", {"JobName": "{job}"})
START_ANOTHER = Call("glue:StartJobRun", {"JobName": "another"})
INVOKE = Call("lambda:InvokeFunction", {"FunctionName": "{function}"})
ARTIFACT = on("PutObject", "capture/x.zip", "{artifacts}")

REFUSED = {
    "CaptureRole": [
        on("PutObject", f"lake/curated/{FILE}"),
        on("GetObject", f"lake/curated/{FILE}"),
        on("DeleteObject", f"lake/raw/{FILE}"),
        on("PutObject", "watchlist.yaml"),
        on("PutObject", f"branches/other/raw/{FILE}"),
        under("lake/curated/"),
        ANOTHER_SECRET,
        START,
        INVOKE,
        ARTIFACT,
        Call("sqs:ReceiveMessage", {"QueueUrl": "{letters}"}),
        Call("logs:PutLogEvents", {"logEvents": LINES, "logStreamName": "x", "logGroupName": "another"}),
    ],
    "SchedulerRole": [
        START,
        SECRET,
        on("GetObject", f"lake/raw/{FILE}"),
        Call("lambda:GetFunction", {"FunctionName": "{function}"}),
    ],
    "GlueRole": [
        on("PutObject", f"lake/curated/{FILE}"),
        on("PutObject", "lake/curated/_published/snapshot_date=2026-10-01/1.json"),
        on("PutObject", f"lake/raw/{FILE}"),
        on("DeleteObject", f"lake/raw/{FILE}"),
        on("GetObject", f"lake/curated/{FILE}"),
        on("GetObject", f"branches/other/raw/{FILE}"),
        on("PutObject", f"branches/other/raw/{FILE}"),
        on("PutObject", "lake/marts/x"),
        SECRET,
        START,
        on("PutObject", "glue/x/curate.py", "{artifacts}"),
        on("GetObject", "capture/x.zip", "{artifacts}"),
    ],
    "DagsterRole": [
        ARTIFACT,
        on("GetObject", "capture/x.zip", "{artifacts}"),
        on("PutObject", "watchlist.yaml"),
        on("GetObject", f"branches/other/raw/{FILE}"),
        on("PutObject", f"branches/other/raw/{FILE}"),
        under("branches/"),
        START_ANOTHER,
        SECRET,
        INVOKE,
        Call("s3:GetBucketPolicy", {"Bucket": "{lake}"}),
    ],
    "DagsterBranchRole": [
        on("GetObject", f"lake/raw/{FILE}"),
        on("PutObject", f"lake/raw/{FILE}"),
        on("DeleteObject", f"lake/raw/{FILE}"),
        on("PutObject", f"lake/curated/{FILE}"),
        on("GetObject", f"lake/curated/{FILE}"),
        on("PutObject", "lake/marts/x"),
        on("PutObject", "lake/_lake.json"),
        on("PutObject", "watchlist.yaml"),
        under("lake/raw/"),
        START,
        SECRET,
        INVOKE,
        ARTIFACT,
    ],
    "SnowflakeRole": [
        on("GetObject", f"lake/raw/{FILE}"),
        on("GetObject", f"branches/other/raw/{FILE}"),
        on("PutObject", f"lake/curated/{FILE}"),
        on("DeleteObject", f"lake/curated/{FILE}"),
        under("lake/raw/"),
        SECRET,
        START,
    ],
}
EACH = [pytest.param(role, call, id=f"{role} {call}") for role, calls in REFUSED.items() for call in calls]


def put_things(told: Mapping[str, str]) -> None:
    """What the calls are about, so that they can succeed."""
    for key in (f"lake/raw/{FILE}", f"lake/curated/{FILE}", f"branches/other/raw/{FILE}", "watchlist.yaml"):
        on("PutObject", key).make(told)
    ARTIFACT.make(told)


def refused(role: str, call: Call, ground: Ground, _: Path) -> None:
    """The role may not; the root may."""
    told = ground.told
    put_things(told)
    Deployment().watch(CATALOGUE)
    said = denial(lambda: call.make(told, ground.role(role)))
    assert f"not authorized to perform: {call.action} " in said
    assert "because no identity-based policy allows" in said
    call.make(told)


def denial(call: Callable[[], object]) -> str:
    """What AWS says when it denies access; fails where it gives it."""
    with pytest.raises(ClientError) as raised:
        call()
    error = raised.value.response["Error"]
    assert error["Code"] in ("AccessDenied", "AccessDeniedException"), error
    return str(error["Message"])


@pytest.mark.parametrize(("role", "call"), EACH)
def test_a_role_is_refused_elsewhere(deployed: Ground, role: str, call: Call, tmp_path: Path) -> None:
    refused(role, call, deployed, tmp_path)


def unencrypted_is_refused(ground: Ground, _: Path) -> None:
    """The bucket itself refuses what comes without TLS, to whom it would give otherwise."""
    told, role = ground.told, ground.role("DagsterRole")
    on("PutObject", f"lake/raw/{FILE}").make(told, role)
    with acting_as(role):
        plain = boto3.client("s3")

    def without_tls(request: Any, **_: Any) -> None:
        request.headers["X-Forwarded-Proto"] = "http"

    plain.meta.events.register("before-sign.s3", without_tls)
    said = denial(lambda: plain.put_object(Bucket=told["lake"], Key=f"lake/raw/{FILE}"))
    assert "explicit deny in a resource-based policy" in said


def test_the_lake_refuses_what_comes_unencrypted(deployed: Ground, tmp_path: Path) -> None:
    unencrypted_is_refused(deployed, tmp_path)


def only_tables_are_told(ground: Ground, _: Path) -> None:
    """S3 tells Snowpipe of published files, those of every table, and of nothing else that comes into the lake."""
    ground.empty_lake()
    told, sqs = ground.told, boto3.client("sqs")
    sqs.purge_queue(QueueUrl=sqs.get_queue_url(QueueName=QUEUE.split(":")[-1])["QueueUrl"])
    day = "snapshot_date=2026-10-01"
    files = [f"lake/curated/{table.name}/{day}/batch_id=b/part-0.parquet" for table in CURATED]
    others = [
        *("lake/curated/_staging/w/a/tables/artists/x.parquet", f"lake/curated/_published/{day}/1.json"),
        *(f"lake/raw/artists/{day}/c-000.jsonl.gz", "lake/_pipes/w/a/1.json"),
        *("lake/marts/dim_artist/build_id=b/all.parquet", f"branches/b/curated/artists/{day}/batch_id=b/x.parquet"),
    ]
    for key in [*others, *files]:
        on("PutObject", key).make(told)
    assert sorted(unquote_plus(record["s3"]["object"]["key"]) for record in waiting_in(sqs, QUEUE)) == sorted(files)


def test_snowpipe_is_told_of_published_tables_only(deployed: Ground, tmp_path: Path) -> None:
    only_tables_are_told(deployed, tmp_path)


# -- who may ask for a role

SERVICES = {
    "CaptureRole": {"lambda.amazonaws.com"},
    "SchedulerRole": {"scheduler.amazonaws.com"},
    "GlueRole": {"glue.amazonaws.com"},
    "DagsterRole": {"ecs-tasks.amazonaws.com"},
    "DagsterBranchRole": {"ecs-tasks.amazonaws.com"},
    "SnowflakeRole": set(),
}
STRANGERS = [
    *[("stranger", role, {}) for role in SERVICES],
    ("branch", "DagsterRole", {}),
    ("dagster", "DagsterBranchRole", {}),
    ("snowflake", "DagsterRole", {}),
    ("snowflake", "SnowflakeRole", {}),
    ("snowflake", "SnowflakeRole", {"ExternalId": "another"}),
]


def refused_the_role(user: str, role: str, asked: dict[str, str], ground: Ground, _: Path) -> None:
    """The role does not trust this user, though the user may ask for any."""
    said = denial(lambda: ground.users[user].assume(Deployment().role_of(role), **asked))
    assert "identity-based" not in said


@pytest.mark.parametrize(("user", "role", "asked"), STRANGERS)
def test_a_role_is_refused_to_others(
    deployed: Ground, user: str, role: str, asked: dict[str, str], tmp_path: Path
) -> None:
    refused_the_role(user, role, asked, deployed, tmp_path)


def services_are_right(ground: Ground, _: Path) -> None:
    """Each role trusts the service that it is for, and no other."""
    found = {role: services_of(Deployment().role_of(role)) for role in SERVICES}
    assert found == SERVICES


def services_of(role: str) -> set[str]:
    """The services that a role trusts."""
    trust = boto3.client("iam").get_role(RoleName=role.split("/")[-1])["Role"]["AssumeRolePolicyDocument"]
    named = [one["Principal"].get("Service", []) for one in trust["Statement"] if one["Effect"] == "Allow"]
    return {name for names in named for name in ([names] if isinstance(names, str) else names)}


def test_a_role_trusts_its_service_only(deployed: Ground, tmp_path: Path) -> None:
    services_are_right(deployed, tmp_path)


# -- that the checks can fail


@dataclass(frozen=True)
class Mistake:
    """A change of one resource of the template, and the check that finds it."""

    resource: str
    right: str
    wrong: str
    check: Callable[[Ground, Path], None]
    found: str = "DID NOT RAISE"  # in what the check says

    def template(self) -> str:
        """The template with it."""
        head, name, rest = TEMPLATE.partition(f"\n  {self.resource}:\n")
        end = rest.index("\n      Tags:") if "\n      Tags:" in rest else len(rest)
        body, tail = rest[:end], rest[end:]
        assert body.count(self.right) == 1, f"{self.resource} has {body.count(self.right)} × {self.right}"
        return head + name + body.replace(self.right, self.wrong) + tail


def may_not(role: str, call: Call) -> Callable[[Ground, Path], None]:
    """The check of a refusal."""
    assert call in REFUSED[role]
    return partial(refused, role, call)


WIDENED = {
    "capture writes everywhere": Mistake(
        "CaptureRole", '!Sub "${Lake.Arn}/lake/_lake.json"', '!Sub "${Lake.Arn}/lake/*"',
        may_not("CaptureRole", on("PutObject", f"lake/curated/{FILE}")),
    ),
    "capture reads all secrets": Mistake(
        "CaptureRole", "Resource: !GetAtt SpotifySecret.Id", 'Resource: "*"', may_not("CaptureRole", ANOTHER_SECRET)
    ),
    "capture deletes captures": Mistake(
        "CaptureRole", "${Lake.Arn}/lake/raw/_checkpoints/*", "${Lake.Arn}/lake/raw/*",
        may_not("CaptureRole", on("DeleteObject", f"lake/raw/{FILE}")),
    ),
    "schedule may all of Lambda": Mistake(
        "SchedulerRole", "lambda:InvokeFunction", "lambda:*",
        may_not("SchedulerRole", Call("lambda:GetFunction", {"FunctionName": "{function}"})),
    ),
    "Glue publishes": Mistake(
        "GlueRole", "${Lake.Arn}/lake/curated/_staging/*", "${Lake.Arn}/lake/curated/*",
        may_not("GlueRole", on("PutObject", f"lake/curated/{FILE}")),
    ),
    "Glue writes raw files": Mistake(
        "GlueRole", "Action: s3:GetObject\n                Resource: !Sub \"${Lake.Arn}/lake/raw/*\"",
        "Action: s3:*Object\n                Resource: !Sub \"${Lake.Arn}/lake/raw/*\"",
        may_not("GlueRole", on("PutObject", f"lake/raw/{FILE}")),
    ),
    "Snowflake reads all": Mistake(
        "SnowflakeRole", "${Lake.Arn}/lake/curated/*", "${Lake.Arn}/lake/*",
        may_not("SnowflakeRole", on("GetObject", f"lake/raw/{FILE}")),
    ),
    "Dagster starts all jobs": Mistake(
        "DagsterRole", "job/${Curate}", "job/*", may_not("DagsterRole", START_ANOTHER)
    ),
    "Dagster writes everywhere": Mistake(
        "DagsterRole", "${Lake.Arn}/lake/*", "${Lake.Arn}/*",
        may_not("DagsterRole", on("PutObject", f"branches/other/raw/{FILE}")),
    ),
    "branches write everywhere": Mistake(
        "DagsterBranchRole", "${Lake.Arn}/branches/*", "${Lake.Arn}/*",
        may_not("DagsterBranchRole", on("PutObject", f"lake/curated/{FILE}")),
    ),
    "Snowpipe is told of all": Mistake(
        "Lake", "lake/curated/artists/snapshot_date=", "lake/curated/", only_tables_are_told, found="_published"
    ),
    "no TLS": Mistake("LakePolicy", 'aws:SecureTransport: "false"', 'aws:SecureTransport: "never"',
        unencrypted_is_refused),
    "anybody is Dagster": Mistake(
        "DagsterRole", "{AWS: !Ref DagsterPrincipalArn}", "{AWS: !Ref AWS::AccountId}",
        partial(refused_the_role, "branch", "DagsterRole", {}),
    ),
    "no external id": Mistake(
        "SnowflakeRole", "sts:ExternalId: !Ref SnowflakeExternalId", "aws:PrincipalAccount: '000000000001'",
        partial(refused_the_role, "snowflake", "SnowflakeRole", {}),
    ),
    "any service is the capture": Mistake(
        "CaptureRole", "{Service: lambda.amazonaws.com}", "{Service: [lambda.amazonaws.com, ec2.amazonaws.com]}",
        services_are_right, found="ec2",
    ),
}  # fmt: skip
DENIED = "AccessDenied|access denied|necessary privileges"
NARROWED = {
    "the schedule calls nothing": Mistake(
        "SchedulerRole", "lambda:InvokeFunction", "lambda:GetFunction", capture_works, found=DENIED
    ),
    "the capture cannot tidy": Mistake(
        "CaptureRole", "s3:DeleteObject\n", "s3:GetObject\n", capture_works, found=DENIED
    ),
    "the capture has no watchlist": Mistake(
        "CaptureRole", "${Lake.Arn}/watchlist.yaml", "${Lake.Arn}/list.yaml", capture_works, found=DENIED
    ),
    "the capture has no credentials": Mistake(
        "CaptureRole", "secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret", capture_works, found=DENIED
    ),
    "nobody logs": Mistake("CaptureRole", "logs:PutLogEvents", "logs:GetLogEvents", log_and_letters_work, found=DENIED),
    "Glue cannot read its code": Mistake(
        "GlueRole",
        "${ArtifactBucket}/glue/*",
        "${ArtifactBucket}/glu/*",
        curating_works,
        found="The job's files.*403",
    ),
    "Glue cannot tell": Mistake(
        "GlueRole", "${Lake.Arn}/lake/_pipes/*", "${Lake.Arn}/lake/pipes/*", curating_works, found="messages were lost"
    ),
    "Dagster cannot wait": Mistake(
        "DagsterRole", "glue:GetJobRun,", "glue:GetJob,", curating_works, found="Glue refuses"
    ),
    "Dagster cannot see whom S3 tells": Mistake(
        "DagsterRole", "s3:GetBucketNotification", "s3:GetBucketLogging", asking_works, found=DENIED
    ),
    "Snowpipe is not told of a table": Mistake(
        "Lake", "lake/curated/rejects/", "lake/curated/reject/", only_tables_are_told, found="rejects"
    ),
    "Snowflake cannot look": Mistake(
        "SnowflakeRole", "[lake/curated/*]", "[lake/tables/*]", loading_works, found=DENIED
    ),
    "a branch cannot write": Mistake(
        "DagsterBranchRole", "${Lake.Arn}/branches/*", "${Lake.Arn}/branch/*", branch_works, found=DENIED
    ),
}


@pytest.mark.parametrize("name", [*WIDENED, *NARROWED])
def test_a_mistake_in_a_policy_is_found(ground: Ground, name: str, platform: Platform, tmp_path: Path) -> None:
    mistake = (WIDENED | NARROWED)[name]
    ground.use(mistake.template())
    with pytest.raises((Exception, pytest.fail.Exception), match=mistake.found):
        mistake.check(ground, tmp_path)
