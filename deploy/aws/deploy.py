"""Deploy the platform to AWS: `make deploy`. It builds the packages, uploads them, and deploys the two stacks.

There are two passes, since Snowflake tells its three values only when the stack is there; this says which is next. What
the stacks hold stands in artifacts.yaml and template.yaml.
"""

import argparse
import hashlib
import json
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

try:
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError:
    sys.exit("boto3 is not installed. Run: make deploy, or pip install -e '.[aws]'")

from stacks import DeployError, Stack, Template

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
ARTIFACTS, PLATFORM = Template(HERE / "artifacts.yaml"), Template(HERE / "template.yaml")
SNOWFLAKE = ("SnowflakeUserArn", "SnowflakeExternalId", "SnowflakeQueueArn")
# What this finds out by itself, and nobody gives.
FOUND = frozenset(
    {
        *("ArtifactBucket", "RoleBoundary", "CaptureKey", "GlueScriptKey", "GlueWheelKey", "GlueModules"),
        *("LambdaRuntime", "PlatformStack"),
    }
)


def main() -> None:
    """Read the words, deploy or plan, and say what comes next."""
    parser = argparse.ArgumentParser(description="Deploy the platform to AWS, or show what would change.")
    parser.add_argument("values", nargs="*", metavar="NAME=VALUE", help="of the templates' parameters; kept later on")
    parser.add_argument("--stack", default="spotify-platform", help="name of the platform's stack (%(default)s)")
    parser.add_argument("--plan", action="store_true", help="show what would change, and change nothing")
    parser.add_argument("--packages", type=Path, help="capture.zip and glue/, built before (they are built)")
    options = parser.parse_args()
    if region := os.environ.get("AWS_REGION"):
        os.environ.setdefault("AWS_DEFAULT_REGION", region)  # the only one of the two that boto3 reads
    try:
        given = given_values([*words_of_make(os.environ.get("MAKEFLAGS", "")), *options.values], os.environ)
        with tempfile.TemporaryDirectory(prefix="deploy-") as scratch:
            deploy(options.stack, given, lambda: Packages(options.packages or build(Path(scratch))), plan=options.plan)
    except DeployError as error:
        sys.exit(str(error))
    except (BotoCoreError, ClientError) as error:
        sys.exit(
            f"AWS: {error}\nCorrect the region (AWS_DEFAULT_REGION), the credentials or their rights "
            "(`aws sts get-caller-identity`)."
        )


@dataclass(frozen=True)
class Packages:
    """What was built, and the keys that name its content: a package with another content is another key."""

    folder: Path

    @property
    def files(self) -> dict[str, Path]:
        """The packages by key."""
        script, (wheel,) = self.folder / "glue/curate.py", (self.folder / "glue").glob("*.whl")
        capture = self.folder / "capture.zip"
        return {
            f"capture/{_hash(capture)}.zip": capture,
            f"glue/{_hash(script)}/{script.name}": script,
            f"glue/{_hash(wheel)}/{wheel.name}": wheel,
        }

    @property
    def parameters(self) -> dict[str, str]:
        """What the template is told of them."""
        capture, script, wheel = self.files
        job = json.loads((self.folder / "glue/job.json").read_text("utf-8"))
        return {
            "CaptureKey": capture,
            "GlueScriptKey": script,
            "GlueWheelKey": wheel,
            "GlueModules": job["DefaultArguments"]["--additional-python-modules"],
            "LambdaRuntime": f"python{sys.version_info.major}.{sys.version_info.minor}",
        }


def build(folder: Path) -> Path:
    """Build both packages into a folder, and return it."""
    commands = [
        ["deploy/aws/lambda_capture/build.py", "--output", str(folder / "capture.zip")],
        ["glue/build.py", "--output", str(folder / "glue")],
    ]
    for script, *words in commands:
        done = subprocess.run([sys.executable, str(ROOT / script), *words], stdout=subprocess.PIPE, text=True)
        if done.returncode:
            raise DeployError(f"{script} failed; its message stands above. Nothing was deployed.")
    return folder


def words_of_make(flags: str) -> list[str]:
    """What stands behind `make deploy` as NAME=VALUE, from make's own variable; capitals are the Makefile's."""
    _, _, words = flags.partition("-- ")
    return [word for word in shlex.split(words.replace("$$", "$")) if not word.partition("=")[0].isupper()]


def given_values(words: Iterable[str], environment: Mapping[str, str]) -> dict[str, str]:
    """The parameters that somebody gave, as NAME=VALUE or as variables, of which an empty one says nothing."""
    open_to_us = (ARTIFACTS.parameters | PLATFORM.parameters) - FOUND
    given = {name: environment[name] for name in open_to_us if environment.get(name)}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or name not in open_to_us:
            known = ", ".join(sorted(open_to_us))
            raise DeployError(f"{word}: not NAME=VALUE of a parameter. Those that can be given: {known}.")
        given[name] = value
    return given


def deploy(name: str, given: Mapping[str, str], packages: Callable[[], Packages], *, plan: bool) -> None:
    """Both stacks, and the packages between them; with `plan` only what would change."""
    client = boto3.client("cloudformation")
    ground, platform = Stack(client, f"{name}-artifacts"), Stack(client, name)
    refuse_half_of_snowflake(given, platform.parameters)
    ground.bring_to(ARTIFACTS, {**_only(ARTIFACTS, given), "PlatformStack": name}, plan=plan)
    made = ground.outputs
    if not made:
        print("The bucket for the packages is not there yet; what the platform's stack would be is seen after that.")
        return
    built = packages()
    if not plan:
        upload(made["ArtifactBucket"], built.files)
    found = {"ArtifactBucket": made["ArtifactBucket"], "RoleBoundary": made["RoleBoundaryArn"], **built.parameters}
    platform.bring_to(PLATFORM, {**_only(PLATFORM, given), **found}, plan=plan, role=made.get("StackRoleArn"))
    if not plan:
        print(what_next(platform.outputs, platform.parameters))


def _only(template: Template, given: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in given.items() if name in template.parameters}


def refuse_half_of_snowflake(given: Mapping[str, str], deployed: Mapping[str, str]) -> None:
    """Snowflake's three values come together. Raises `DeployError`, naming what is missing."""
    known = {**deployed, **given}
    missing = [name for name in SNOWFLAKE if not known.get(name)]
    if 0 < len(missing) < len(SNOWFLAKE):
        raise DeployError(
            f"Snowflake's three values go together; {' and '.join(missing)} is missing. "
            "`spotify-platform warehouse apply` prints all three. Nothing was deployed."
        )


def upload(bucket: str, files: Mapping[str, Path]) -> None:
    """Put the packages that are not there yet."""
    s3 = boto3.client("s3")
    for key, path in files.items():
        there = s3.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1)["KeyCount"]
        if not there:
            s3.upload_file(str(path), bucket, key)
            print(f"s3://{bucket}/{key} uploaded ({path.stat().st_size / 1e6:.1f} MB)")


def what_next(told: Mapping[str, str], values: Mapping[str, str]) -> str:
    """What to do after this pass, in commands that can be copied; from the stack's outputs and parameters."""
    settings = {
        "SPOTIFY_PLATFORM_LAKE_URL": told["LakeUrl"],
        "SPOTIFY_PLATFORM_WATCHLIST": told["WatchlistUrl"],
        "SPOTIFY_PLATFORM_ENGINE": "glue",
        "SPOTIFY_PLATFORM_GLUE_JOB": told["GlueJob"],
        "SPOTIFY_PLATFORM_GLUE_FLEX_FROM_DATES": told["GlueFlexFromDates"],
        "SPOTIFY_PLATFORM_SNOWFLAKE_AWS_ROLE_ARN": told["SnowflakeRoleArn"],
    }
    exports = "\n".join(f"     export {name}={value}" for name, value in settings.items())
    if values.get("SnowflakeUserArn"):
        return f"""
Both passes are done: Snowflake may read the lake's curated zone, and is told of new files. The settings, for this shell
and for Dagster:

{exports}
     export SPOTIFY_PLATFORM_WAREHOUSE=snowflake

Whether it works is told by

     .venv/bin/spotify-platform doctor
"""
    return f"""
The first pass is done: the platform is there, without Snowflake. Next:

  1. Spotify's credentials and the watchlist. spotify.json is {{"client_id": "…", "client_secret": "…"}}; delete it
     afterwards. The watchlist begins as an example: put your artists in.

     .venv/bin/spotify-platform watchlist > watchlist.yaml
     aws secretsmanager put-secret-value --secret-id {told["SpotifySecretArn"]} --secret-string file://spotify.json
     aws s3 cp watchlist.yaml {told["WatchlistUrl"]}

  2. Settings, for this shell and for Dagster:

{exports}

  3. Snowflake, if you want it (docs/snowflake.md, from an empty account). The command prints three values; the second
     pass takes them, and later ones remember them:

     .venv/bin/pip install -e '.[snowflake]'
     export SPOTIFY_PLATFORM_WAREHOUSE=snowflake
     .venv/bin/spotify-platform warehouse apply
     make deploy SnowflakeUserArn=… SnowflakeExternalId=… SnowflakeQueueArn=…
"""


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:32]


if __name__ == "__main__":
    main()
