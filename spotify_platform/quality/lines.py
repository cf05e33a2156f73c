"""Raw lines against their manifests, and what they tell: as many as promised, readable, nothing in two ways.

Tables are `audit`'s business; the fields of the lines are `fields`'.
"""

from collections.abc import Mapping, Sequence

from spotify_platform.quality.checks import Finding, Severity

# Above these shares something is wrong with the capture or with us, not with single lines.
BAD: dict[Severity, float] = {"error": 0.5, "warning": 0.05}
# A capture that went on after an interruption may have asked for up to a hundred things again.
REPEATED: dict[Severity, float] = {"error": 0.25, "warning": 0.05}
FEWEST = 10  # of fewer lines or things a share says nothing; that no line makes a row does


def audit_lines(
    entity: str, promised: int, read: Mapping[str, int], rejected: Mapping[str, int], flawed: Mapping[str, int]
) -> list[Finding]:
    """What does not hold between an entity's lines of one date and what its manifests promise.

    `read`, `rejected` (without a row) and `flawed` (its row lacks a value) are lines by capture, the oldest first. The
    newest capture of some size is judged, so that a good one heals a bad one, and a bad one does not hide behind good
    ones.
    """
    table, lines = f"raw/{entity}", sum(read.values())
    if lines != promised:
        return [Finding(table, f"{promised:,} lines as the manifests say, {lines:,} read", abs(lines - promised))]
    sized = [capture for capture, number in read.items() if number >= FEWEST]
    judged: Sequence[str] = sized[-1:] or list(read)
    bad = sum(rejected.get(name, 0) + (flawed.get(name, 0) if sized else 0) for name in judged)
    whole = sum(read[name] for name in judged)
    return _share(table, bad, whole, BAD, "of the newest capture's lines rejected or with values that cannot be read")


def audit_things(entity: str, told: int, *, unreadable: int = 0, repeated: int = 0) -> list[Finding]:
    """What does not hold for the things that an entity's lines tell on one date, by their newest lines.

    `unreadable` have a value that cannot be read; `repeated` are told in two ways by one capture.
    """
    if told < FEWEST:
        return []
    return [
        *_share(f"raw/{entity}", unreadable, told, BAD, "of the things with a value that cannot be read"),
        *_share(f"raw/{entity}", repeated, told, REPEATED, "of the things told in two ways by one capture"),
    ]


def _share(table: str, part: int, whole: int, limits: Mapping[Severity, float], what: str) -> list[Finding]:
    for severity, limit in limits.items():
        if part > limit * max(whole, 1):
            return [Finding(table, f"at most {limit:.0%} {what}", part, severity)]
    return []
