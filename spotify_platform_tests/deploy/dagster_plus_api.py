"""A stand-in for Dagster+'s API, as far as a deployment asks it: it says yes, and remembers what it was told."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

BRANCH = "a1b2c3"  # what Dagster+ calls the branch deployment
LOCATION = {"__typename": "WorkspaceLocationEntry", "name": "spotify_platform", "loadStatus": "LOADED"}


@dataclass
class DagsterPlus:
    """What was asked: the deployment's path, the operation, and its variables."""

    url: str
    agent_type: str
    asked: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)

    def told(self, operation: str) -> list[tuple[str, dict[str, Any]]]:
        """The deployments at which an operation was asked for, with its variables."""
        return [(path, variables) for path, name, variables in self.asked if name == operation]

    def answer(self, operation: str) -> dict[str, Any]:
        """The data of an answer."""
        answers: dict[str, dict[str, Any]] = {
            "CliOrganizationSettings": {"organizationSettings": {"settings": {}}},
            "DeploymentInfoQuery": {"currentDeployment": {"agentType": self.agent_type}, "agents": []},
            "CliCreateOrUpdateBranchDeployment": {"createOrUpdateBranchDeployment": {"deploymentName": BRANCH}},
            "CliGetEcrInfo": {
                "serverless": {
                    "awsRegion": "us-west-2",
                    "awsAuthToken": "QVdTOnRoZS1wYXNzd29yZA==",
                    "registryAllowCustomBase": True,
                    "registryIsHarbor": False,
                    "registryUrl": "registry.example/serverless",
                }
            },
            "CliDeployLocations": {"deployLocations": {"__typename": "DeployLocationsSuccess", "locations": []}},
            "CliAgentStatus": {"agents": [{"status": "RUNNING", "errors": []}]},
            "CliLocationsQuery": {"workspaceOrError": {"__typename": "Workspace", "locationEntries": [LOCATION]}},
        }
        return answers.get(operation, {})


@contextmanager
def dagster_plus(agent_type: str) -> Iterator[DagsterPlus]:
    """Dagster+ with an agent of this type, on the loopback interface."""

    class Api(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_POST(self) -> None:
            sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            named = re.search(r"(?:query|mutation)\s+(\w+)", sent["query"])
            operation = named[1] if named else ""
            api.asked.append((self.path.strip("/").removesuffix("graphql").strip("/"), operation, sent["variables"]))
            body = json.dumps({"data": api.answer(operation)}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    api = DagsterPlus(f"http://127.0.0.1:{server.server_port}", agent_type)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
