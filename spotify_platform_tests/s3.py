"""An S3 on the loopback interface, and the environment in which every client of it finds it."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import boto3
import pytest
from moto.server import ThreadedMotoServer


@contextmanager
def serving() -> Iterator[None]:
    """S3 on a free port while the context lasts."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
            patch.setenv("AWS_ALLOW_HTTP", "true")
            for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
                patch.setenv(name, "us-east-1")
            for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
                patch.setenv(name, "testing")
            patch.delenv("AWS_PROFILE", raising=False)
            yield
    finally:
        server.stop()


def new_bucket() -> str:
    """The name of a bucket of one's own, made."""
    name = f"lake-{uuid.uuid4().hex[:8]}"
    boto3.client("s3").create_bucket(Bucket=name)
    return name
