"""Raw lines against their manifests: as many as promised, few enough rejected, none told in two ways.

Tables are `audit`'s business; the fields of the lines are `fields`'.
"""

from spotify_platform.quality.checks import Finding, Severity

# Above these shares of an entity's lines, something is wrong with the capture or with us, not with single lines.
REJECTED: dict[Severity, float] = {"error": 0.5, "warning": 0.05}
UNREADABLE: dict[Severity, float] = {"error": 0.5, "warning": 0.05}
# A capture that went on after an interruption may have asked for up to a hundred things again; half of its lines
# would be all things told twice.
REPEATED: dict[Severity, float] = {"error": 0.25, "warning": 0.05}
FEWEST_LINES = 10  # of fewer lines a share says nothing; that none of them makes a row does


def audit_lines(
    entity: str, *, promised: int, read: int, rejected: int = 0, unreadable: int = 0, repeated: int = 0
) -> list[Finding]:
    """What does not hold between an entity's lines of one date and what its manifests promise.

    `rejected` made no row, `unreadable` made a row that lacks a value, `repeated` are things that one capture tells in
    two ways.
    """
    table = f"raw/{entity}"
    if read != promised:
        said = f"{promised:,} lines as the manifests say, {read:,} read"
        return [Finding(table, said, abs(read - promised))]
    found = [_share(table, rejected, read, REJECTED, "of the lines rejected")]
    if read >= FEWEST_LINES:
        found += [
            _share(table, unreadable, read, UNREADABLE, "of the lines with a value that cannot be read"),
            _share(table, repeated, read, REPEATED, "of the lines about what the same capture tells otherwise"),
        ]
    return [finding for finding in found if finding]


def _share(table: str, part: int, whole: int, limits: dict[Severity, float], what: str) -> Finding | None:
    for severity, limit in limits.items():
        if part > limit * max(whole, 1):
            return Finding(table, f"at most {limit:.0%} {what}", part, severity)
    return None
