"""A batch: raw files in, Parquet files and counts out, on any engine. This is what a Glue job runs.

Which files are captured, whether the tables may be published and where they lie in the lake is `publish`'s business.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Self

from narwhals import col

from spotify_platform.contracts.raw import ENTITIES
from spotify_platform.curate.engine import Engine, Frame, Part
from spotify_platform.curate.flat import flatten
from spotify_platform.curate.tables import curate, repeated


@dataclass(frozen=True)
class Lines:
    """What became of an entity's lines of one date."""

    entity: str
    day: date
    read: int
    rejected: int  # lines without a row; without those that say that something is not there (null_item)
    unreadable: int  # lines whose row lacks a value that could not be read
    repeated: int  # lines about something that another line of the same capture tells otherwise


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
    unreadable = (~col("fields").is_null()).alias("unreadable")
    counts = engine.count(flat.select("snapshot_date", "reason", unreadable), "snapshot_date", "reason", "unreadable")
    contested = engine.count(repeated(flat, entity), "snapshot_date")
    found = []
    for day in sorted({day for day, _, _ in counts}):
        ours = {(reason, bad): rows for (date_, reason, bad), rows in counts.items() if date_ == day}
        found.append(
            Lines(
                entity,
                day,
                read=sum(ours.values()),
                rejected=sum(rows for (reason, _), rows in ours.items() if reason not in (None, "null_item")),
                unreadable=sum(rows for (_, bad), rows in ours.items() if bad),
                repeated=contested.get((day,), 0),
            )
        )
    return found
