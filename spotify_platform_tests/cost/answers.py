"""Answers of AWS as botocore gives them: those of a shape that AWS's own service model does not have are refused."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.stub import Stubber


@contextmanager
def answering(service: str, operation: str, *calls: tuple[Mapping[str, Any], Mapping[str, Any]]) -> Iterator[Any]:
    """A client that expects these calls, parameters and answer, in order; all of them, and no other."""
    client = boto3.client(service, region_name="us-east-1", aws_access_key_id="-", aws_secret_access_key="-")
    with Stubber(client) as stub:
        for parameters, answer in calls:
            stub.add_response(operation, dict(answer), dict(parameters))
        yield client
        stub.assert_no_pending_responses()


def by(key: Sequence[str], lines: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Some columns of usage, line by line."""
    return [tuple(getattr(line, name) for name in key) for line in lines]
