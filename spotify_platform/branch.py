"""A branch deployment of Dagster+: what a branch calls its own, derived from its name alone.

That a branch has nothing but this is `settings`' business.
"""

import hashlib
import re
from dataclasses import dataclass

from spotify_platform.contracts.errors import InputError

# Plain addresses only, so that two that differ are two places: no %6c for l, no dots that lead upwards.
_PLAIN = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]+)(?P<path>(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*)/?")


@dataclass(frozen=True)
class Branch:
    """A branch by its name in Git."""

    name: str

    @property
    def slug(self) -> str:
        """The name as a part of others: readable, and by its hash different from every other branch's."""
        words = re.sub(r"[^a-z0-9]+", "-", self.name.lower())[:30].strip("-")
        return f"{words}-{hashlib.sha256(self.name.encode()).hexdigest()[:10]}".lstrip("-")

    def lake_url(self, branches_url: str | None, production: str | None) -> str | None:
        """The lake of this branch; None, a folder in the home, where neither it nor production has an address.

        Raises `InputError` where one of the two is missing, or where the branch's would touch production's.
        """
        if not branches_url and not production:
            return None
        if not branches_url:
            raise InputError(
                f"SPOTIFY_PLATFORM_BRANCHES_URL is not set: this deployment is of the branch {self.name!r}, which may "
                "not write to SPOTIFY_PLATFORM_LAKE_URL. Set it to s3://bucket/branches, or unset both for branches."
            )
        if not production:
            raise InputError(
                "SPOTIFY_PLATFORM_LAKE_URL is not set: a branch has to know production's lake to keep off it. "
                "Set it as production has it."
            )
        mine = f"{branches_url.rstrip('/')}/{self.slug}"
        place = _place("SPOTIFY_PLATFORM_BRANCHES_URL", mine)
        theirs = _place("SPOTIFY_PLATFORM_LAKE_URL", production)
        shorter = min(len(place), len(theirs))
        if place[:shorter] == theirs[:shorter]:
            raise InputError(
                f"SPOTIFY_PLATFORM_BRANCHES_URL: {mine} and production's lake {production} lie within each other. "
                "Set it to a prefix beside the lake's, s3://bucket/branches for s3://bucket/lake."
            )
        return mine

    def database(self, production: str) -> str:
        """The database in Snowflake; roles, virtual warehouse and monitor are named after it."""
        return f"{production}_BRANCH_{self.slug.replace('-', '_').upper()}"


def _place(variable: str, url: str) -> tuple[str, ...]:
    """An address in S3 as its parts: the bucket, then the folders.

    In lower case: for S3 `lake` and `LAKE` are two places, for a person who sets one of them they are not.
    """
    plain = _PLAIN.fullmatch(url)
    if not plain:
        raise InputError(
            f"{variable}: {url} is no plain address for a branch deployment. Give s3://bucket/prefix, of letters, "
            "digits, dots, dashes and underscores."
        )
    return (plain["bucket"], *plain["path"].lower().split("/")[1:])
