"""Publishes powerbi/ to a workspace by fabric-cicd, from GitHub Actions: model and report, new or brought up to date.

GitHub's own token stands for the service principal (a federated credential), so no secret is stored. Nothing else in
the workspace is touched.
"""

import os
import sys
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).parents[2]
ITEMS = ["SemanticModel", "Report"]
WANTED = (
    *("POWERBI_WORKSPACE_ID", "POWERBI_TENANT_ID", "POWERBI_CLIENT_ID", "POWERBI_CONNECTION_ID"),
    *("POWERBI_SNOWFLAKE_SERVER", "POWERBI_SNOWFLAKE_WAREHOUSE", "POWERBI_SNOWFLAKE_ROLE"),
    "POWERBI_SNOWFLAKE_DATABASE",
)
_AUDIENCE = "api://AzureADTokenExchange"  # whom GitHub's token is for, Microsoft Entra


def publish(workspace_id: str, credential: Any) -> None:
    """Publish model and report to the workspace."""
    from fabric_cicd import FabricWorkspace, append_feature_flag, publish_all_items

    append_feature_flag("enable_environment_variable_replacement")
    workspace = FabricWorkspace(
        workspace_id=workspace_id,
        repository_directory=str(ROOT / "powerbi"),
        item_type_in_scope=ITEMS,
        parameter_file_path=str(Path(__file__).with_name("parameter.yml")),
        token_credential=credential,
    )
    publish_all_items(workspace)


def github_token() -> str:
    """What GitHub says of this run, for Entra to believe; needs the permission `id-token: write`."""
    answer = requests.get(
        os.environ["ACTIONS_ID_TOKEN_REQUEST_URL"],
        params={"audience": _AUDIENCE},
        headers={"Authorization": f"Bearer {os.environ['ACTIONS_ID_TOKEN_REQUEST_TOKEN']}"},
        timeout=30,
    )
    answer.raise_for_status()
    return str(answer.json()["value"])


def main() -> None:
    """Publish as the environment says."""
    from azure.identity import ClientAssertionCredential

    missing = [name for name in WANTED if not os.environ.get(name)]
    if missing:
        sys.exit(f"Not set: {', '.join(missing)}. docs/powerbi.md tells what they are.")
    credential = ClientAssertionCredential(
        os.environ["POWERBI_TENANT_ID"], os.environ["POWERBI_CLIENT_ID"], github_token
    )
    publish(os.environ["POWERBI_WORKSPACE_ID"], credential)


if __name__ == "__main__":
    main()
