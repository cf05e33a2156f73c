"""Stacks of CloudFormation: what is deployed, what a template would change, and changing it.

Which stacks there are, and with which values, is `deploy`'s business.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4

import yaml
from botocore.exceptions import ClientError, WaiterError

# There, but of no use: a change set that was never executed, or what is left of a first attempt that failed.
EMPTY = frozenset({"REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE"})
GOOD = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"})
# An hour, at a pace at which AWS lets itself be asked.
PATIENCE = {"Delay": 3, "MaxAttempts": 1200}


class DeployError(Exception):
    """What went wrong, and what to do."""


@dataclass(frozen=True)
class Template:
    """A template in a file."""

    path: Path

    @cached_property
    def text(self) -> str:
        """As CloudFormation gets it."""
        return self.path.read_text("utf-8")

    @cached_property
    def parameters(self) -> frozenset[str]:
        """The names of what can be given to it."""
        return frozenset(yaml.load(self.text, _Loader)["Parameters"])


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """Reads over CloudFormation's own tags, of which parameters have none."""


_Loader.add_multi_constructor("!", lambda loader, tag, node: None)


class Stack:
    """A stack, which may not be there yet."""

    def __init__(self, client: Any, name: str) -> None:
        """Nothing is asked yet."""
        self.client, self.name = client, name

    @property
    def status(self) -> str:
        """CREATE_COMPLETE and so on; empty if there is none."""
        return str(self._described.get("StackStatus", ""))

    @property
    def outputs(self) -> dict[str, str]:
        """What it tells."""
        return {output["OutputKey"]: output["OutputValue"] for output in self._described.get("Outputs", [])}

    @property
    def parameters(self) -> dict[str, str]:
        """What it was given."""
        described = self._described
        if described.get("StackStatus") in EMPTY:
            return {}
        return {one["ParameterKey"]: one["ParameterValue"] for one in described.get("Parameters", [])}

    def bring_to(
        self, template: Template, values: Mapping[str, str], *, plan: bool = False, role: str | None = None
    ) -> None:
        """Create or change it through a change set, which is printed; with `plan` that is all.

        A parameter that is not in `values` keeps what it was given before. Raises `DeployError` with the reason of the
        first resource that failed.
        """
        status, deployed = self.status, self.parameters
        if status and status not in GOOD | EMPTY:
            raise DeployError(
                f"The stack {self.name} is {status}. Wait until it is at rest, or mend it in CloudFormation's console."
            )
        # Without a change set, which a workflow may not make of the stack that gives it its rights.
        same = status in GOOD and values.items() <= deployed.items() and self._text.strip() == template.text.strip()
        changes = None if same else self._propose(template, values, status, deployed, role)
        if changes is None:
            print(f"{self.name}: nothing has changed.")
            return
        print(f"{self.name}, {'changes' if status in GOOD else 'a new stack'}:\n{changes}")
        if plan:
            changes.discard()
        else:
            changes.execute()
            print(f"{self.name}: deployed.")

    def _propose(
        self,
        template: Template,
        values: Mapping[str, str],
        status: str,
        deployed: Mapping[str, str],
        role: str | None,
    ) -> "_Changes | None":
        """A change set, or None where there is nothing to change."""
        if status == "ROLLBACK_COMPLETE":  # nothing is left of it, and no change set can be made
            self.client.delete_stack(StackName=self.name)
            self._wait("stack_delete_complete")
        kept = [name for name in template.parameters & deployed.keys() if name not in values]
        changes = _Changes(self, f"make-deploy-{uuid4().hex[:12]}", new=status not in GOOD)
        try:
            self.client.create_change_set(
                **changes.id,
                ChangeSetType="CREATE" if changes.new else "UPDATE",
                TemplateBody=template.text,
                Capabilities=["CAPABILITY_IAM"],
                Parameters=[
                    *({"ParameterKey": name, "ParameterValue": value} for name, value in values.items()),
                    *({"ParameterKey": name, "UsePreviousValue": True} for name in kept),
                ],
                **({"RoleARN": role} if role else {}),
            )
        except ClientError as error:
            code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
            if code == "ValidationError":
                raise DeployError(f"The stack {self.name} was not touched. {message}") from None
            if code.startswith("AccessDenied"):
                raise DeployError(
                    f"The stack {self.name} has to change, and you may not: {message}\n"
                    "Somebody with an administrator's rights runs `make deploy` once."
                ) from None
            raise
        try:
            self._wait("change_set_create_complete", ChangeSetName=changes.name)
        except WaiterError:
            reason = str(self.client.describe_change_set(**changes.id).get("StatusReason", ""))
            changes.discard()
            if "didn't contain changes" in reason or "No updates are to be performed" in reason:
                return None
            raise DeployError(f"The stack {self.name} was not touched. {reason}") from None
        return changes

    @property
    def _described(self) -> dict[str, Any]:
        try:
            return dict(self.client.describe_stacks(StackName=self.name)["Stacks"][0])
        except ClientError as error:
            if error.response["Error"]["Code"] == "ValidationError":  # so AWS says that there is none
                return {}
            raise

    @property
    def _text(self) -> str:
        return str(self.client.get_template(StackName=self.name)["TemplateBody"])

    def _wait(self, what: str, **about: str) -> None:
        self.client.get_waiter(what).wait(StackName=self.name, WaiterConfig=PATIENCE, **about)

    def _failure(self) -> str:
        """The first resource that failed in the last operation, and why."""
        found = "CloudFormation names no resource."
        for page in self.client.get_paginator("describe_stack_events").paginate(StackName=self.name):
            for event in page["StackEvents"]:  # the newest first
                itself, status = event["LogicalResourceId"] == self.name, event["ResourceStatus"]
                if itself and status in ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"):
                    return found
                if not itself and status.endswith("_FAILED"):
                    reason = event.get("ResourceStatusReason", "no reason was given")
                    found = f"{event['LogicalResourceId']} ({event['ResourceType']}): {reason}"
        return found


@dataclass(frozen=True)
class _Changes:
    """A change set."""

    stack: Stack
    name: str
    new: bool  # the stack is there for its sake only

    @property
    def id(self) -> dict[str, str]:
        return {"StackName": self.stack.name, "ChangeSetName": self.name}

    def __str__(self) -> str:
        pages = self.stack.client.get_paginator("describe_change_set").paginate(**self.id)
        changes = [change["ResourceChange"] for page in pages for change in page["Changes"]]
        return "\n".join(sorted(map(_line, changes)))

    def execute(self) -> None:
        self.stack.client.execute_change_set(**self.id)
        try:
            self.stack._wait(f"stack_{'create' if self.new else 'update'}_complete")
        except WaiterError:
            raise DeployError(
                f"The stack {self.stack.name} could not be deployed, and is {self.stack.status}. First to fail was\n"
                f"  {self.stack._failure()}\nMend that, then run `make deploy` again."
            ) from None

    def discard(self) -> None:
        self.stack.client.delete_change_set(**self.id)
        if self.new:
            self.stack.client.delete_stack(StackName=self.stack.name)


def _line(change: Mapping[str, Any]) -> str:
    replaced = ", by a new one" if change.get("Replacement") == "True" else ""
    return f"  {change['Action'].lower():7} {change['LogicalResourceId']} ({change['ResourceType']}){replaced}"
