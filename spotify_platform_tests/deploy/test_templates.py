"""The CloudFormation templates: cfn-lint finds nothing, our own rules hold, and each is shown to catch a mistake."""

import pytest
from cfnlint.api import lint
from cfnlint.core import get_rules

from .rules import MOST_BYTES, ROOT, RULES, TEMPLATES, read, told_secrets

TEXTS = {path.name: path.read_text("utf-8") for path in TEMPLATES}
TEMPLATE = {name: read(text) for name, text in TEXTS.items()}
BY_NAME = {rule.__name__: rule for rule in RULES}


CFN_LINT = get_rules([], [], ["W", "E"])  # once: loading them takes longer than any template


def lint_findings(text: str) -> list[str]:
    """What cfn-lint says; it brings what it knows of AWS along, and asks nobody."""
    return [str(found) for found in lint(text, CFN_LINT, ["us-east-1"])]


def test_there_are_three_templates():
    assert sorted(TEXTS) == ["artifacts.yaml", "budgets.yaml", "template.yaml"]


@pytest.mark.parametrize("name", TEXTS)
def test_cfn_lint_finds_nothing(name):
    assert lint_findings(TEXTS[name]) == []


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("rule", BY_NAME)
def test_our_rules_hold(rule, name):
    assert list(BY_NAME[rule](TEMPLATE[name])) == []


@pytest.mark.parametrize("name", TEXTS)
def test_a_call_takes_the_template(name):
    assert len(TEXTS[name].encode()) < MOST_BYTES


# A rule, a template, and a mistake that only this rule sees: some words of the template, and what stands there instead.
MISTAKES = [
    ("actions_are_named", "template.yaml", "Action: lambda:InvokeFunction", "Action: lambda:*"),
    ("actions_are_named", "artifacts.yaml", "- glue:CreateJob", "- glue:*"),
    ("resources_are_named", "template.yaml", "Resource: !GetAtt Capture.Arn", 'Resource: "*"'),
    (
        "resources_are_named",
        "artifacts.yaml",
        'Resource: !Sub "arn:${AWS::Partition}:s3:::${PlatformStack}-*"',
        'Resource: "arn:aws:s3:::*"',
    ),
    (
        "nobody_may_take_a_role_on",
        "template.yaml",
        "Principal: {AWS: !Ref DagsterPrincipalArn}",
        'Principal: {AWS: "*"}',
    ),
    (
        "nobody_may_take_a_role_on",
        "template.yaml",
        "Principal: {Service: glue.amazonaws.com}\n            Action: sts:AssumeRole\n"
        "            Condition: {StringEquals: {aws:SourceAccount: !Ref AWS::AccountId}}",
        "Principal: {Service: glue.amazonaws.com}\n            Action: sts:AssumeRole",
    ),
    (
        "roles_have_a_boundary",
        "template.yaml",
        "      Description: What the schedule may do - call the capture.\n"
        "      PermissionsBoundary: !If [HasBoundary, !Ref RoleBoundary, !Ref AWS::NoValue]\n",
        "      Description: What the schedule may do - call the capture.\n",
    ),
    (
        "the_boundary_holds_the_roles",
        "template.yaml",
        "Action: s3:GetBucketNotification",
        "Action: s3:GetBucketTagging",
    ),
    (
        "buckets_are_closed",
        "template.yaml",
        "BlockPublicPolicy: true",
        "BlockPublicPolicy: false",
    ),
    ("buckets_are_closed", "template.yaml", 'aws:SecureTransport: "false"', 'aws:SecureTransport: "true"'),
    ("buckets_are_closed", "artifacts.yaml", ', !Sub "${Artifacts.Arn}/*"]', "]"),
    (
        "buckets_are_closed",
        "artifacts.yaml",
        "VersioningConfiguration: {Status: Enabled}",
        "AccelerateConfiguration: {AccelerationStatus: Suspended}",
    ),
    ("buckets_are_closed", "template.yaml", "{SSEAlgorithm: AES256}", "{KMSMasterKeyID: none}"),
    (
        "buckets_are_closed",
        "template.yaml",
        "  Lake:\n    Type: AWS::S3::Bucket\n    DeletionPolicy: RetainExceptOnCreate",
        "  Lake:\n    Type: AWS::S3::Bucket\n    DeletionPolicy: Delete",
    ),
    ("leftovers_expire", "template.yaml", "Prefix: lake/_pipes/", "Prefix: _pipes/"),
    (
        "leftovers_expire",
        "template.yaml",
        "Prefix: lake/curated/_staging/\n            ExpirationInDays: 7",
        "Prefix: lake/curated/_staging/\n            ExpirationInDays: 70",
    ),
    ("leftovers_expire", "template.yaml", "Prefix: branches/", "Prefix: lake/"),
    ("logs_expire", "template.yaml", '/output"\n      RetentionInDays: 90', '/output"'),
    ("logs_expire", "template.yaml", ", LogGroup: !Ref CaptureLog}", "}"),
    ("logs_expire", "template.yaml", "-curate/error", "-curate/errors"),
    ("parameters_are_explained", "template.yaml", "    ConstraintDescription: must be an e-mail address\n", ""),
    ("parameters_are_explained", "budgets.yaml", "    MinValue: 1\n", ""),
    (
        "all_is_tagged",
        "template.yaml",
        "      Tags: {project: !Ref AWS::StackName, component: curate}\n",
        "      Tags: {project: !Ref AWS::StackName}\n",
    ),
    ("all_is_tagged", "budgets.yaml", "Key: component", "Key: part"),
    ("events_are_the_tables", "template.yaml", "lake/curated/rejects/snapshot_date=", "lake/curated/rejects/"),
    (
        "events_are_the_tables",
        "template.yaml",
        "lake/curated/tracks/snapshot_date=",
        "lake/curated/track/snapshot_date=",
    ),
    ("events_are_the_tables", "template.yaml", "Event: s3:ObjectCreated:*", "Event: s3:ObjectCreated:Put"),
    ("glue_is_as_built", "template.yaml", "      Timeout: 120", "      Timeout: 480"),
    ("glue_is_as_built", "template.yaml", "--enable-auto-scaling", "--enable-autoscaling"),
    (
        "glue_is_as_built",
        "template.yaml",
        '--extra-py-files: !Sub "s3://${ArtifactBucket}/${GlueWheelKey}"',
        "--extra-py-files: !Ref GlueWheelKey",
    ),
    ("glue_is_as_built", "template.yaml", '"[a-z0-9-]+==[0-9][0-9a-z.]*(,', '"[a-z0-9-]+==[0-9](,'),
    ("capture_is_as_described", "template.yaml", "MemorySize: 1024", "MemorySize: 512"),
    ("capture_is_as_described", "template.yaml", "      ReservedConcurrentExecutions: 1\n", ""),
    ("capture_is_as_described", "template.yaml", "LogFormat: JSON", "LogFormat: Text"),
    ("capture_is_as_described", "template.yaml", "Default: cron(0/15 5-23 * * ? *)", "Default: cron(0 5 * * ? *)"),
    (
        "capture_is_as_described",
        "template.yaml",
        "RetryPolicy: {MaximumRetryAttempts: 0",
        "RetryPolicy: {MaximumRetryAttempts: 3",
    ),
    ("capture_is_as_described", "template.yaml", "      MaximumRetryAttempts: 0\n", "      MaximumRetryAttempts: 2\n"),
    ("capture_is_as_described", "template.yaml", "SPOTIFY_SECRET_ID:", "SPOTIFY_SECRET:"),
    ("alarms_reach_the_topic", "template.yaml", "AlarmActions: [!Ref Alarms]", "AlarmActions: []"),
    ("alarms_reach_the_topic", "template.yaml", "MetricName: Throttles", "MetricName: Invocations"),
    ("alarms_reach_the_topic", "template.yaml", '$.event = "captured"', '$.event = "done"'),
    ("alarms_reach_the_topic", "template.yaml", "state: [FAILED,", "state: ["),
    ("secrets_are_empty", "template.yaml", 'Name: !Sub "${AWS::StackName}/spotify"', 'SecretString: "change me"'),
    ("branches_stay_out_of_production", "template.yaml", '!Sub "${Lake.Arn}/branches/*"', '!Sub "${Lake.Arn}/*"'),
    (
        "branches_stay_out_of_production",
        "template.yaml",
        "[branches/*]",
        "[branches/*, lake/raw/*]",
    ),
    (
        "snowflake_reads_the_curated_zone",
        "template.yaml",
        "Action: [s3:GetObject, s3:GetObjectVersion]",
        "Action: [s3:GetObject, s3:PutObject]",
    ),
    (
        "snowflake_reads_the_curated_zone",
        "template.yaml",
        "              Condition: {StringEquals: {sts:ExternalId: !Ref SnowflakeExternalId}}\n",
        "",
    ),
    (
        "snowflake_reads_the_curated_zone",
        "template.yaml",
        "            - Effect: Deny\n",
        "            - Effect: Allow\n",
    ),
    (
        "github_deploys_from_its_environment",
        "artifacts.yaml",
        "repo:${GitHubRepository}:environment:${GitHubEnvironment}",
        "repo:${GitHubRepository}:*",
    ),
    (
        "github_deploys_from_its_environment",
        "artifacts.yaml",
        "              StringEquals:\n",
        "              StringLike:\n",
    ),
]


@pytest.mark.parametrize(("rule", "name", "right", "wrong"), MISTAKES)
def test_a_mistake_is_caught_by_its_rule(rule, name, right, wrong):
    assert right in TEXTS[name]
    broken = read(TEXTS[name].replace(right, wrong, 1))
    assert list(BY_NAME[rule](broken))


def test_every_rule_catches_a_mistake():
    assert {rule for rule, *_ in MISTAKES} == set(BY_NAME)


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("template.yaml", "MemorySize: 1024", "Memory: 1024"),
        ("artifacts.yaml", "Bucket: !Ref Artifacts", "Bucket: !Ref Artefacts"),
        ("budgets.yaml", "TimeUnit: MONTHLY", "TimeUnits: MONTHLY"),
    ],
)
def test_a_mistake_is_caught_by_cfn_lint(name, right, wrong):
    assert right in TEXTS[name]
    assert lint_findings(TEXTS[name].replace(right, wrong, 1))


def test_no_file_holds_an_account_or_a_secret():
    files = [path for path in (ROOT / "deploy").rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    told = {str(path.relative_to(ROOT)): list(told_secrets(path.read_text("utf-8"))) for path in files}
    assert {name: secrets for name, secrets in told.items() if secrets} == {}


@pytest.mark.parametrize(
    "line",
    [
        f"role: arn:aws:iam::{'9876' * 3}:role/x",
        "key = AKIA" + "ABCDEFGH12345678",
        "-----BEGIN RSA PRIVATE" + " KEY-----",
        "client_secret: " + "0123456789abcdef" * 2,
        "token: ghp_" + "a1B2" * 9,
        "DAGSTER_CLOUD_API_TOKEN=agent:acme:" + "0f" * 16,
    ],
)
def test_an_account_or_a_secret_is_seen(line):
    assert list(told_secrets(line))
