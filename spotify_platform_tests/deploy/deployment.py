"""The platform's stacks at MiniStack, deployed by deploy.py as a person deploys them, and who acts in them.

What a test asks of the deployed platform is its own business.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from spotify_platform.extract.watchlist import Watchlist
from spotify_platform.sandbox import Catalogue

ROOT = Path(__file__).parents[2]
STACK = "spotify"
NEVER = "cron(0 0 1 1 ? 2199)"  # a schedule for those who call the capture themselves

Credentials = Mapping[str, Any]  # as STS gives them


@dataclass(frozen=True)
class Deployment:
    """The stacks, and what deploys them."""

    aws: Path = ROOT / "deploy/aws"  # the folder of the templates and deploy.py
    packages: Path | None = None  # built before; else each pass builds them
    stack: str = STACK

    def deploy(self, **values: str) -> str:
        """One pass of deploy.py with these values; returns what it said."""
        words = [f"{name}={value}" for name, value in values.items()]
        options = ["--stack", STACK, *(["--packages", str(self.packages)] if self.packages else [])]
        command = [sys.executable, str(self.aws / "deploy.py"), *options, *words]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert done.returncode == 0, done.stdout
        return done.stdout

    @property
    def outputs(self) -> dict[str, str]:
        """What the stack tells."""
        (stack,) = boto3.client("cloudformation").describe_stacks(StackName=self.stack)["Stacks"]
        return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

    @property
    def bucket(self) -> str:
        """The lake's bucket."""
        return self.outputs["LakeUrl"].split("/")[2]

    def role_of(self, resource: str) -> str:
        """The ARN of a role by its name in the template."""
        client = boto3.client("cloudformation")
        found = client.describe_stack_resource(StackName=STACK, LogicalResourceId=resource)["StackResourceDetail"]
        return str(boto3.client("iam").get_role(RoleName=found["PhysicalResourceId"])["Role"]["Arn"])

    def watch(self, catalogue: Catalogue) -> None:
        """Put the watchlist and Spotify's credentials where the capture looks for them."""
        artists = tuple(catalogue.artist(number).id for number in range(catalogue.artists))
        watchlist = Watchlist(artists=artists, playlists=catalogue.playlist_ids)
        body = watchlist.model_dump_json().encode()
        boto3.client("s3").put_object(Bucket=self.bucket, Key="watchlist.yaml", Body=body)
        secret = json.dumps({"client_id": CLIENT_ID, "client_secret": "offline"})
        secrets = boto3.client("secretsmanager")
        secrets.put_secret_value(SecretId=self.outputs["SpotifySecretArn"], SecretString=secret)


CLIENT_ID = "offline"


@dataclass(frozen=True)
class Caller:
    """A user of AWS with an access key, who has no rights but to ask for roles."""

    arn: str
    key: Mapping[str, str]

    def assume(self, role: str, **asked: str) -> Credentials:
        """The credentials of a role, if it trusts this user."""
        client = boto3.client(
            "sts", aws_access_key_id=self.key["AccessKeyId"], aws_secret_access_key=self.key["SecretAccessKey"]
        )
        credentials: Credentials = client.assume_role(RoleArn=role, RoleSessionName=self.arn.split("/")[-1], **asked)[
            "Credentials"
        ]
        return credentials


def new_caller(name: str, account: str = "") -> Caller:
    """A new user, in another account if one is named."""
    # A key of twelve digits is the root's of that account, to MiniStack.
    iam = boto3.client("iam", **({"aws_access_key_id": account, "aws_secret_access_key": "test"} if account else {}))
    user = iam.create_user(UserName=name)["User"]
    allowed = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_user_policy(UserName=name, PolicyName="assume", PolicyDocument=policy)
    return Caller(user["Arn"], iam.create_access_key(UserName=name)["AccessKey"])


@contextmanager
def acting_as(credentials: Credentials) -> Iterator[None]:
    """The environment's credentials are these while the context lasts, for whatever the platform does in it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", credentials["AccessKeyId"])
        patch.setenv("AWS_SECRET_ACCESS_KEY", credentials["SecretAccessKey"])
        patch.setenv("AWS_SESSION_TOKEN", credentials["SessionToken"])
        patch.setattr(boto3, "DEFAULT_SESSION", None)
        yield


def open_to_s3(queue: str) -> None:
    """Let S3 write to a queue, given by its ARN, as Snowflake lets it write to Snowpipe's."""
    sqs = boto3.client("sqs")
    allowed = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed | {"Resource": queue}]})
    url = sqs.get_queue_url(QueueName=queue.split(":")[-1])["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})


def waiting_in(sqs: Any, queue: str) -> list[dict[str, Any]]:
    """What S3 tells in a queue of that ARN; it stays there."""
    url = sqs.get_queue_url(QueueName=queue.split(":")[-1])["QueueUrl"]
    told, taken = [], []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=60).get("Messages"):
        taken += [message["ReceiptHandle"] for message in messages]
        told += [record for message in messages for record in json.loads(message["Body"]).get("Records", [])]
    for handle in taken:
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0)
    return told
