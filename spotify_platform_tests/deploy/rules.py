"""What our CloudFormation templates keep to, which cfn-lint cannot know: each rule tells what in a template breaks it.

Intrinsic functions are read as they are in JSON: `!Ref Lake` is {"Ref": "Lake"}.
"""

import importlib.util
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from spotify_platform.contracts.curated import CURATED
from spotify_platform.resources.glue import MESSAGES, STAGING

ROOT = Path(__file__).parents[2]
TEMPLATES = sorted((ROOT / "deploy/aws").glob("*.yaml"))
# CloudFormation takes no longer text with a call; a longer one would have to lie in a bucket.
MOST_BYTES = 51_200
# The rights that AWS cannot limit to some things, by the statement's name.
ANYTHING = {"AnyLogs"}
# Accounts of AWS's own documentation, which belong to nobody.
NOBODY = {"123456789012", "000000000000"}
SECRETS = {
    "an account": r"(?<![\w.])\d{12}(?!\w)",
    "an access key": r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b",
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY",
    "a token": r"\b(?:gh[pousr]_[A-Za-z0-9]{30,}|agent:[a-z0-9-]+:[0-9a-f]{20,}|user:[0-9a-f]{20,})",
    "a secret's value": r'"?client_secret"?\s*[:=]\s*"?[0-9a-f]{32}\b',
}

Template = dict[str, Any]
Rule = Callable[[Template], Iterator[str]]


class _Loader(yaml.CSafeLoader):  # type: ignore[misc]
    pass


def _function(loader: Any, name: str, node: Any) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if name == "GetAtt":
        value = value.split(".", 1)
    return {name if name in ("Ref", "Condition") else f"Fn::{name}": value}


_Loader.add_multi_constructor("!", _function)


def read(text: str) -> Template:
    """A template's text as what it says."""
    template: Template = yaml.load(text, _Loader)
    return template


def of_type(template: Template, *kinds: str) -> dict[str, Any]:
    """The properties of the template's resources of these types, by name."""
    found = template["Resources"].items()
    return {name: one.get("Properties", {}) for name, one in found if one["Type"] in kinds}


def statements(properties: Any) -> Iterator[dict[str, Any]]:
    """All statements of policies in a resource, whatever they hang on."""
    if isinstance(properties, dict):
        if "Effect" in properties:
            yield properties
        else:
            for value in properties.values():
                yield from statements(value)
    elif isinstance(properties, list):
        for value in properties:
            yield from statements(value)


def listed(value: Any) -> list[Any]:
    """One or many, as a list."""
    return value if isinstance(value, list) else [value]


def text(value: Any) -> str:
    """An address with its functions written as in Fn::Sub."""
    if isinstance(value, dict):
        ((name, inner),) = value.items()
        return {
            "Ref": lambda: f"${{{inner}}}",
            "Fn::GetAtt": lambda: f"${{{'.'.join(inner)}}}",
            "Fn::Sub": lambda: str(inner),
        }[name]()
    return str(value)


def allowed(properties: Any) -> list[dict[str, Any]]:
    """What a role may do; who may take it on is another matter."""
    return [one for one in statements(properties.get("Policies", properties)) if one["Effect"] == "Allow"]


def actions_are_named(template: Template) -> Iterator[str]:
    """Nobody is given all actions of a service."""
    for name, properties in of_type(template, "AWS::IAM::Role", "AWS::IAM::ManagedPolicy").items():
        for one in allowed(properties):
            yield from (f"{name}: {action}" for action in listed(one["Action"]) if "*" in action)


def resources_are_named(template: Template) -> Iterator[str]:
    """Nobody is given a right on everything, but for what AWS cannot limit."""
    for name, properties in of_type(template, "AWS::IAM::Role", "AWS::IAM::ManagedPolicy").items():
        for one in allowed(properties):
            everything = [place for place in listed(one["Resource"]) if re.fullmatch(r"[*:]*|arn:.*:\*", text(place))]
            if everything and one.get("Sid") not in ANYTHING:
                yield f"{name}: {one.get('Sid')} on everything"


def nobody_may_take_a_role_on(template: Template) -> Iterator[str]:
    """A role trusts named ones: a service for this account, or a principal that was given."""
    for name, role in of_type(template, "AWS::IAM::Role").items():
        for one in statements(role["AssumeRolePolicyDocument"]):
            principal = json.dumps(one["Principal"])
            if one["Effect"] == "Allow" and "*" in principal:
                yield f"{name} trusts everybody"
            # Lambda alone asks for a function's role in the name of who made the function.
            if "amazonaws.com" in principal and "lambda." not in principal and "SourceAccount" not in json.dumps(one):
                yield f"{name} trusts a service whoever it works for"


def roles_have_a_boundary(template: Template) -> Iterator[str]:
    """No role of the platform exceeds the policy that the other stack sets."""
    if "RoleBoundary" in template["Parameters"]:
        for name, role in of_type(template, "AWS::IAM::Role").items():
            if "RoleBoundary" not in json.dumps(role.get("PermissionsBoundary")):
                yield f"{name}: no boundary"


def the_boundary_holds_the_roles(template: Template) -> Iterator[str]:
    """What a role is given and the boundary lacks, it does not have."""
    boundary = read((ROOT / "deploy/aws/artifacts.yaml").read_text("utf-8"))["Resources"]["RoleBoundary"]
    within = {action for one in statements(boundary) for action in listed(one["Action"])}
    if "RoleBoundary" in template["Parameters"]:
        for name, role in of_type(template, "AWS::IAM::Role").items():
            given = {action for one in allowed(role) for action in listed(one["Action"])}
            yield from (f"{name}: {action} is not in the boundary" for action in sorted(given - within))


def buckets_are_closed(template: Template) -> Iterator[str]:
    """Encrypted, private, versioned, kept when a stack goes, and spoken to by TLS only."""
    policies = of_type(template, "AWS::S3::BucketPolicy").values()
    for name, bucket in of_type(template, "AWS::S3::Bucket").items():
        if "SSEAlgorithm" not in json.dumps(bucket.get("BucketEncryption")):
            yield f"{name}: not encrypted"
        if list(bucket.get("PublicAccessBlockConfiguration", {}).values()) != [True] * 4:
            yield f"{name}: public"
        if bucket.get("VersioningConfiguration") != {"Status": "Enabled"}:
            yield f"{name}: no versions"
        if "BucketOwnerEnforced" not in json.dumps(bucket.get("OwnershipControls")):
            yield f"{name}: access lists"
        if template["Resources"][name].get("DeletionPolicy") not in ("Retain", "RetainExceptOnCreate"):
            yield f"{name}: goes with the stack"
        lifecycle = json.dumps(bucket.get("LifecycleConfiguration"))
        if "NoncurrentVersionExpiration" not in lifecycle or "AbortIncompleteMultipartUpload" not in lifecycle:
            yield f"{name}: old versions or unfinished uploads stay"
        refusals = [
            one
            for policy in policies
            if policy["Bucket"] == {"Ref": name}
            for one in statements(policy)
            if one["Effect"] == "Deny" and one["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        ]
        arn = f"${{{name}.Arn}}"
        if [[text(place) for place in one["Resource"]] for one in refusals] != [[arn, f"{arn}/*"]]:
            yield f"{name}: without TLS"


def leftovers_expire(template: Template) -> Iterator[str]:
    """What a failed Glue run leaves in the lake goes after a week, as glue/README.md promises."""
    if "Lake" in template["Resources"]:
        rules = template["Resources"]["Lake"]["Properties"]["LifecycleConfiguration"]["Rules"]
        days = {rule.get("Prefix"): rule.get("ExpirationInDays") for rule in rules if rule["Status"] == "Enabled"}
        for folder in (STAGING, MESSAGES):
            if days.get(f"lake/{folder}/") != 7:
                yield f"{folder}: {days.get(f'lake/{folder}/')} days"
        # What is the truth never expires; `spotify-platform purge` removes it, and says so in the ledger.
        yield from (f"{prefix}: expires" for prefix, age in days.items() if age and prefix in ("", None, "lake/"))


def logs_expire(template: Template) -> Iterator[str]:
    """Each log group has a retention, and who logs has a group."""
    groups = of_type(template, "AWS::Logs::LogGroup")
    yield from (f"{name}: for good" for name, group in groups.items() if "RetentionInDays" not in group)
    names = {text(group["LogGroupName"]) for group in groups.values()}
    for name, function in of_type(template, "AWS::Lambda::Function").items():
        if function.get("LoggingConfig", {}).get("LogGroup", {}).get("Ref") not in groups:
            yield f"{name}: logs into a group of Lambda's own"
    for name, job in of_type(template, "AWS::Glue::Job").items():
        prefix = text(job["DefaultArguments"]["--custom-logGroup-prefix"])
        yield from (f"{name}: {end} has no group" for end in ("output", "error") if f"{prefix}/{end}" not in names)


def parameters_are_explained(template: Template) -> Iterator[str]:
    """Each has a description, what it must look like, and words for when it does not."""
    for name, parameter in template["Parameters"].items():
        limits = {"AllowedPattern", "AllowedValues", "MinValue"} & parameter.keys()
        if not (parameter.get("Description") and parameter.get("ConstraintDescription") and limits):
            yield name


def all_is_tagged(template: Template) -> Iterator[str]:
    """Whatever can have tags says project and component, by which costs are told apart."""
    for name, one in template["Resources"].items():
        known = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", one["Type"]).schema["properties"]
        for kind in {"Tags", "ResourceTags"} & known.keys():
            tags = one["Properties"].get(kind, {})
            given = set(tags) if isinstance(tags, dict) else {tag["Key"] for tag in tags}
            yield from (f"{name}: no {key}" for key in sorted({"project", "component"} - given))


def events_are_the_tables(template: Template) -> Iterator[str]:
    """Snowpipe is told of the curated tables' published files, and of nothing else."""
    if "Lake" in template["Resources"]:
        events = template["Resources"]["Lake"]["Properties"]["NotificationConfiguration"]["Fn::If"]
        rules = events[1]["QueueConfigurations"]
        told = [rule["Filter"]["S3Key"]["Rules"] for rule in rules]
        wanted = [[{"Name": "prefix", "Value": f"lake/curated/{table.name}/snapshot_date="}] for table in CURATED]
        if told != wanted or events[0] != "HasQueue" or events[2] != {"Ref": "AWS::NoValue"}:
            yield f"{[rule[0]['Value'] for rule in told]} are not the tables of the contracts"
        if {rule["Event"] for rule in rules} != {"s3:ObjectCreated:*"}:
            yield "not all ObjectCreated events: large files come in parts"


def glue_is_as_built(template: Template) -> Iterator[str]:
    """The job is the one of glue/build.py, where the reasons stand."""
    for job in of_type(template, "AWS::Glue::Job").values():
        spec = importlib.util.spec_from_file_location("glue_build", ROOT / "glue/build.py")
        assert spec and spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        built = module.job_settings("${AWS::StackName}-curate", "ROLE", "s3://${ArtifactBucket}", "wheel")
        modules = built["DefaultArguments"]["--additional-python-modules"]
        if not re.fullmatch(template["Parameters"]["GlueModules"]["AllowedPattern"], modules):
            yield f"GlueModules refuses {modules}"
        given = {
            "ROLE": "${GlueRole.Arn}",
            "s3://${ArtifactBucket}/curate.py": "s3://${ArtifactBucket}/${GlueScriptKey}",
            "s3://${ArtifactBucket}/wheel": "s3://${ArtifactBucket}/${GlueWheelKey}",
            modules: "${GlueModules}",
        }
        wanted = _flat(built)
        wanted = {name: given.get(value, value) for name, value in wanted.items()}
        here = {name: value for name, value in _flat(job).items() if not name.startswith("Tags")}
        for name in sorted(wanted.keys() | here.keys()):
            if wanted.get(name) != here.get(name):
                yield f"{name}: {here.get(name)} here, {wanted.get(name)} in glue/build.py"


def _flat(value: Any, name: str = "") -> dict[str, Any]:
    if isinstance(value, dict) and not any(key in ("Ref",) or key.startswith("Fn::") for key in value):
        return {path: leaf for key, inner in value.items() for path, leaf in _flat(inner, f"{name}{key}.").items()}
    return {name.rstrip("."): text(value) if isinstance(value, dict) else value}


def capture_is_as_described(template: Template) -> Iterator[str]:
    """The function and its schedule are those of lambda_capture/README.md."""
    for name, function in of_type(template, "AWS::Lambda::Function").items():
        readme = (ROOT / "deploy/aws/lambda_capture/README.md").read_text("utf-8")
        said = re.search(r"timeout (\d+) s, ([\d,]+) MB, \*\*reserved concurrency (\d+)\*\*, log format (\w+)", readme)
        assert said, "the README no longer says what the function is"
        here = (
            str(function.get("Timeout")),
            f"{function.get('MemorySize'):,}",
            str(function.get("ReservedConcurrentExecutions")),
            function.get("LoggingConfig", {}).get("LogFormat"),
        )
        if said.groups() != here:
            yield f"{name}: {here} here, {said.groups()} in the README"
        if template["Parameters"]["CaptureSchedule"]["Default"] not in readme:
            yield "CaptureSchedule: another one than the README's"
        known = re.findall(r"`(SPOT[A-Z_]+)`", readme)
        told = function["Environment"]["Variables"]
        yield from (f"{name}: {variable} is no setting of the README" for variable in told if variable not in known)
        for schedule in of_type(template, "AWS::Scheduler::Schedule").values():
            target = schedule["Target"]
            if target["RetryPolicy"]["MaximumRetryAttempts"] != 0 or "DeadLetterConfig" not in target:
                yield "the scheduler tries again, or drops what fails"
        calls = of_type(template, "AWS::Lambda::EventInvokeConfig").values()
        if [call["MaximumRetryAttempts"] for call in calls] != [0]:
            yield f"{name}: Lambda tries a failed call again"


def alarms_reach_the_topic(template: Template) -> Iterator[str]:
    """Errors, throttles, dead letters, failed Glue runs and an old capture are told."""
    if "Capture" in template["Resources"]:
        alarms = of_type(template, "AWS::CloudWatch::Alarm")
        yield from (
            f"{name}: nobody is told" for name, one in alarms.items() if one["AlarmActions"] != [{"Ref": "Alarms"}]
        )
        measured = {one["MetricName"] for one in alarms.values()}
        wanted = {"Errors", "Throttles", "ApproximateNumberOfMessagesVisible", "DayComplete"}
        yield from (f"no alarm on {name}" for name in sorted(wanted - measured))
        rules = [json.dumps(rule) for rule in of_type(template, "AWS::Events::Rule").values()]
        if not any("aws.glue" in rule and '{"Ref": "Alarms"}' in rule and "FAILED" in rule for rule in rules):
            yield "nobody is told of failed Glue runs"
        handler = (ROOT / "deploy/aws/lambda_capture/handler.py").read_text("utf-8")
        for one in of_type(template, "AWS::Logs::MetricFilter").values():
            words = re.findall(r'"([^"]+)"', one["FilterPattern"])
            yield from (f"{word}: the capture never says so" for word in words if f'"state": "{word}"' not in handler)


def secrets_are_empty(template: Template) -> Iterator[str]:
    """A secret is made without a value."""
    for name, secret in of_type(template, "AWS::SecretsManager::Secret").items():
        yield from (f"{name}: {key}" for key in ("SecretString", "GenerateSecretString") if key in secret)


def branches_stay_out_of_production(template: Template) -> Iterator[str]:
    """A branch deployment reads, writes and looks below branches/ only."""
    if role := of_type(template, "AWS::IAM::Role").get("DagsterBranchRole"):
        for one in allowed(role):
            if one["Action"] == "s3:ListBucket":
                if one["Condition"] != {"StringLikeIfExists": {"s3:prefix": ["branches/*"]}}:
                    yield f"looks at {one['Condition']}"
            else:
                yield from (
                    f"{one['Action']} on {place}"
                    for place in map(text, listed(one["Resource"]))
                    if place != "${Lake.Arn}/branches/*"
                )


def snowflake_reads_the_curated_zone(template: Template) -> Iterator[str]:
    """Snowflake reads what is curated, and nobody is trusted before Snowflake told its user and external id."""
    if role := of_type(template, "AWS::IAM::Role").get("SnowflakeRole"):
        for one in allowed(role):
            place = text(one["Resource"])
            if not all(action.startswith(("s3:Get", "s3:List")) for action in listed(one["Action"])):
                yield f"{one['Action']}"
            if place not in ("${Lake.Arn}", "${Lake.Arn}/lake/curated/*"):
                yield f"reads {place}"
        condition, trusted, before = role["AssumeRolePolicyDocument"]["Statement"][0]["Fn::If"]
        external = {"StringEquals": {"sts:ExternalId": {"Ref": "SnowflakeExternalId"}}}
        if condition != "HasSnowflake" or trusted.get("Condition") != external or before["Effect"] != "Deny":
            yield "trusts without the external id, or before it is known"


def github_deploys_from_its_environment(template: Template) -> Iterator[str]:
    """The workflow's role is for one environment of one repository."""
    for name, role in of_type(template, "AWS::IAM::Role").items():
        for one in statements(role["AssumeRolePolicyDocument"]):
            if "Federated" in one["Principal"]:
                claims = one.get("Condition", {})
                issuer = "token.actions.githubusercontent.com"
                wanted = {
                    f"{issuer}:aud": "sts.amazonaws.com",
                    f"{issuer}:sub": {"Fn::Sub": "repo:${GitHubRepository}:environment:${GitHubEnvironment}"},
                }
                if claims != {"StringEquals": wanted}:
                    yield f"{name}: {claims}"


RULES: tuple[Rule, ...] = (
    actions_are_named,
    resources_are_named,
    nobody_may_take_a_role_on,
    roles_have_a_boundary,
    the_boundary_holds_the_roles,
    buckets_are_closed,
    leftovers_expire,
    logs_expire,
    parameters_are_explained,
    all_is_tagged,
    events_are_the_tables,
    glue_is_as_built,
    capture_is_as_described,
    alarms_reach_the_topic,
    secrets_are_empty,
    branches_stay_out_of_production,
    snowflake_reads_the_curated_zone,
    github_deploys_from_its_environment,
)


def told_secrets(words: str) -> Iterator[str]:
    """What looks like an account, a key or a secret in a file's text."""
    for kind, pattern in SECRETS.items():
        yield from (f"{kind}: {found[0]}" for found in re.finditer(pattern, words) if found[0] not in NOBODY)
