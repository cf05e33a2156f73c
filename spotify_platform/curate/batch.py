"""A batch: raw files in, Parquet files and counts out, on any engine. This is what a Glue job runs.

Which files are captured, whether the tables may be published and where they lie in the lake is `publish`'s business.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Self

from narwhals import col

from spotify_platform.contracts.raw import ENTITIES
from spotify_platform.curate.engine import Engine, Frame, Part
from spotify_platform.curate.flat import flatten
from spotify_platform.curate.tables import curate, things


@dataclass(frozen=True)
class Lines:
    """What became of an entity's lines of one date."""

    entity: str
    day: date
    read: dict[str, int]  # lines by capture
    rejected: dict[str, int]  # those without a row; without those that say that something is not there (null_item)
    flawed: dict[str, int]  # those whose row lacks a value that could not be read
    told: int  # things that the good lines are about
    unreadable: int  # those of which the newest line has a value that could not be read
    repeated: int  # those which the newest capture that has them tells in two ways


@dataclass(frozen=True)
class Batch:
    """What a batch came to."""

    lines: list[Lines]
    parts: list[Part]

    def as_json(self) -> dict[str, Any]:
        """The batch as JSON values."""
        rows = {"lines": [asdict(one) for one in self.lines], "parts": [asdict(one) for one in self.parts]}
        return {name: [one | {"day": one["day"].isoformat()} for one in found] for name, found in rows.items()}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """The batch again."""
        lines = [Lines(**one | {"day": date.fromisoformat(one["day"])}) for one in value["lines"]]
        return cls(lines, [Part(**one | {"day": date.fromisoformat(one["day"])}) for one in value["parts"]])


def curate_batch(engine: Engine, files: Mapping[str, Sequence[str]], folder: str) -> Batch:
    """Curate raw files by entity (local paths or URLs) into Parquet below `folder`, which is new."""
    lines = {entity.name: engine.lines(files.get(entity.name, [])) for entity in ENTITIES}
    forms = engine.materialise(*(flatten(engine, entity, lines[entity.name]) for entity in ENTITIES))
    flat = dict(zip(lines, forms, strict=True))
    counted = [one for name, frame in flat.items() for one in _count(engine, name, frame)]
    return Batch(counted, engine.write(curate(engine, flat, lines), folder))


def _count(engine: Engine, entity: str, flat: Frame) -> list[Lines]:
    flawed = flat.with_columns((~col("fields").is_null()).alias("flawed"))
    lines = engine.count(flawed, "snapshot_date", "capture_id", "reason", "flawed")
    told = engine.count(things(flat, entity), "snapshot_date", "unreadable", "repeated")
    found = []
    for day in sorted({key[0] for key in lines}):
        counts: dict[str, Counter[str]] = {"read": Counter(), "rejected": Counter(), "flawed": Counter()}
        for (date_, capture, reason, flaw), rows in lines.items():
            if date_ == day:
                counts["read"][capture] += rows
                counts["rejected"][capture] += rows if reason not in (None, "null_item") else 0
                counts["flawed"][capture] += rows if flaw else 0
        ours = [(bad, twice, number) for (date_, bad, twice), number in told.items() if date_ == day]
        found.append(
            Lines(
                entity,
                day,
                **{name: dict(sorted(found.items())) for name, found in counts.items()},
                told=sum(number for _, _, number in ours),
                unreadable=sum(number for bad, _, number in ours if bad),
                repeated=sum(number for _, twice, number in ours if twice),
            )
        )
    return found
