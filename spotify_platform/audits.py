"""What the audit of a date said, check by check: of its published batch, or of the captures that were withheld.

The audit itself is `publish`'s and `quality`'s; here its record is read again.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from spotify_platform.contracts.curated import CURATED
from spotify_platform.contracts.errors import InputError
from spotify_platform.curate.fingerprint import fingerprint
from spotify_platform.lake.captures import captures_of
from spotify_platform.lake.publishing import Audit, accept, head, withheld
from spotify_platform.lake.store import Lake
from spotify_platform.quality.checks import checks_of


@dataclass(frozen=True)
class Result:
    """One check: what must hold where, and whether it does."""

    table: str
    check: str
    severity: str  # error or warning
    broken: int  # rows or lines that break it; 0: it holds
    example: str = ""


@dataclass(frozen=True)
class AuditOfDate:
    """The newest audit of a date."""

    day: date
    published: bool  # else the newest captures were withheld
    batch_id: str | None  # what readers see of the date, perhaps an older batch
    reasons: list[str]  # why it was withheld
    results: list[Result]


def audit_of(lake: Lake, day: date) -> AuditOfDate:
    """What the audit said of a date's newest captures. Raises `InputError` where there was none."""
    captures = captures_of(lake, day)
    record = head(lake, day)
    verdict = withheld(lake, day, captures, fingerprint()) if captures else None
    if record and record.captures == captures and not (verdict and verdict.decided_at > record.published_at):
        return AuditOfDate(day, True, record.batch_id, [], _results(record.audit))
    if verdict:
        return AuditOfDate(day, False, record.batch_id if record else None, verdict.reasons, _results(verdict.audit))
    if not captures:
        raise InputError(f"{day}: nothing was captured, so nothing was audited.")
    raise InputError(f"{day}: captured, but not audited yet. Publish it first: spotify-platform run")


def accept_captures(lake: Lake, day: date) -> None:
    """Take a date's captures as they are, few rows or not. Raises `InputError` for a date without captures.

    Only the number of rows can be accepted: a broken key or reference stays an error.
    """
    captures = captures_of(lake, day)
    if not captures:
        raise InputError(f"{day}: nothing was captured, so there is nothing to accept.")
    accept(lake, day, captures, datetime.now(UTC))


def _results(audit: Audit) -> list[Result]:
    """The contract's checks, then what else was found: about lines, fields and numbers of rows."""
    found = {(one.table, one.check): one for one in audit.findings}
    results = []
    for table in CURATED if audit.checks else ():
        for check in checks_of(table):
            one = found.pop((table.name, check.name), None)
            results.append(Result(table.name, check.name, check.severity, one.rows if one else 0))
    return results + [Result(one.table, one.check, one.severity, one.rows, one.example) for one in found.values()]
