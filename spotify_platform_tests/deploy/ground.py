"""MiniStack with IAM enforced, the stacks that are deployed in it, and the users that may ask for their roles.

What the roles have to be able to do is `work`'s business, what they must not `test_policies`'.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import boto3

from spotify_platform.lake import Lake
from spotify_platform.sandbox import Catalogue, serve

from ..ministack import serving
from ..snowflake_model.statements import IAM_USER
from .deployment import (
    NEVER,
    ROOT,
    STACK,
    Caller,
    Credentials,
    Deployment,
    new_caller,
    open_to_s3,
)

TODAY = datetime.now(UTC).date()
CATALOGUE = Catalogue(artists=24, anchor=TODAY)
QUEUE = "arn:aws:sqs:us-east-1:000000000000:snowpipe"
EXTERNAL_ID = "MODEL_SFCRole=1"


@dataclass
class Ground:
    """The deployed stacks, whose template a test may change, and the users that may ask for roles."""

    folder: Path
    packages: Path
    users: dict[str, Caller] = field(default_factory=dict)
    template: str = ""

    def use(self, template: str) -> None:
        """Deploy this template, unless it is deployed."""
        if template == self.template:
            return
        aws = self.folder / "aws"
        shutil.copytree(ROOT / "deploy/aws", aws, dirs_exist_ok=True)
        (aws / "template.yaml").write_text(template, "utf-8")
        Deployment(aws, self.packages).deploy(
            CaptureSchedule=NEVER,
            DagsterPrincipalArn=self.users["dagster"].arn,
            DagsterBranchPrincipalArn=self.users["branch"].arn,
            SnowflakeUserArn=self.users["snowflake"].arn,
            SnowflakeExternalId=EXTERNAL_ID,
            SnowflakeQueueArn=QUEUE,
        )
        self.template = template

    @property
    def told(self) -> dict[str, str]:
        """Names of what there is, for the arguments of calls."""
        outputs = Deployment().outputs
        return {
            "lake": Deployment().bucket,
            "artifacts": Deployment(stack=f"{STACK}-artifacts").outputs["ArtifactBucket"],
            "job": outputs["GlueJob"],
            "function": outputs["CaptureFunction"],
            "secret": outputs["SpotifySecretArn"],
            "letters": outputs["DeadLetterQueueUrl"],
        }

    def role(self, name: str) -> Credentials:
        """The credentials of one of the template's roles, asked for as the one who may."""
        arn = Deployment().role_of(name)
        match name:
            case "DagsterRole":
                return self.users["dagster"].assume(arn)
            case "DagsterBranchRole":
                return self.users["branch"].assume(arn)
            case "SnowflakeRole":
                return self.users["snowflake"].assume(arn, ExternalId=EXTERNAL_ID)
        with trusting(arn, self.users["tester"]):
            return self.users["tester"].assume(arn)

    def empty_lake(self) -> Lake:
        """The production lake without anything in it, and what the capture needs."""
        lake = Lake(Deployment().outputs["LakeUrl"])
        lake.delete(lake.keys(""))
        branches = Lake(Deployment().outputs["BranchesUrl"])
        branches.delete(branches.keys(""))
        Deployment().watch(CATALOGUE)
        return lake


@contextmanager
def trusting(role: str, user: Caller) -> Iterator[None]:
    """A role that a user may ask for while the context lasts; its own trust comes back."""
    iam, name = boto3.client("iam"), role.split("/")[-1]
    before = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    allowed = {"Effect": "Allow", "Principal": {"AWS": user.arn}, "Action": "sts:AssumeRole"}
    for_us = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=for_us)
    try:
        yield
    finally:
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(before))


@contextmanager
def open_ground(folder: Path) -> Iterator[Ground]:
    """MiniStack and its users, with nothing deployed yet, and things that are none of the platform's."""
    commands = [
        ["deploy/aws/lambda_capture/build.py", "--output", str(folder / "packages/capture.zip")],
        ["glue/build.py", "--output", str(folder / "packages/glue")],
    ]
    for script, *words in commands:
        subprocess.run([sys.executable, str(ROOT / script), *words], check=True, stdout=subprocess.DEVNULL)
    with serve(CATALOGUE) as sandbox:
        spotify = {"API_URL": sandbox.api_url(TODAY), "TOKEN_URL": sandbox.token_url}
        extra = {f"SPOTIFY_PLATFORM_{name}": value for name, value in spotify.items()}
        with serving(folder, auth=True, extra=extra):
            made = Ground(folder, folder / "packages")
            _, _, _, _, account, name = IAM_USER.replace("user/", "").split(":")
            made.users = {name: new_caller(name) for name in ("dagster", "branch", "tester", "stranger")}
            made.users["snowflake"] = new_caller(name, account)
            assert made.users["snowflake"].arn == IAM_USER
            boto3.client("sqs").create_queue(QueueName="snowpipe")
            open_to_s3(QUEUE)
            boto3.client("secretsmanager").create_secret(Name="another", SecretString="{}")
            boto3.client("logs").create_log_group(logGroupName="another")
            boto3.client("logs").create_log_stream(logGroupName="another", logStreamName="x")
            command = {"Name": "pythonshell", "ScriptLocation": "s3://nowhere/x.py"}
            boto3.client("glue").create_job(Name="another", Role="nobody", Command=command)
            yield made
