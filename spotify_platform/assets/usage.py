"""Usage, as steps tell it: one observation a step, with what it used and never with money; and read back again.

What it cost is reckoned in `cost`. A step makes many assets at once, so that its usage stands on the first of them; a
share for each would be invented.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

import dagster as dg

from spotify_platform.assets.report import days_of_run
from spotify_platform.contracts.curated import CURATED
from spotify_platform.contracts.marts import MARTS
from spotify_platform.contracts.raw import ENTITIES, LISTS

if TYPE_CHECKING:
    from spotify_platform.cost.prices import Prices
    from spotify_platform.cost.usage import Method, Usage
    from spotify_platform.lake import Lake

PREFIX = "usage/"

# The assets by zones. A step makes all of a zone together and tells its usage on the first one.
ASSETS = {
    "raw": [dg.AssetKey(["raw", entity.name]) for entity in (*ENTITIES, *LISTS)],
    "curated": [dg.AssetKey(["curated", table.name]) for table in CURATED],
    "warehouse": [dg.AssetKey(["warehouse", table.name]) for table in CURATED],
    "marts": [dg.AssetKey(["marts", table.name]) for table in MARTS],
    "reports": [dg.AssetKey(["reports", "daily"])],
    "operations": [dg.AssetKey(["operations", "platform_cost"])],
}
# How much there is, and no use that adds up: of several figures of a day the last one holds.
_LEVELS = ("gb_months",)
_PAGE = 500


@contextmanager
def telling_usage(context: dg.AssetExecutionContext, zone: str, lake: "Lake") -> Iterator[dict[str, Any]]:
    """Tell what a step used when it ends, well or not: requests and bytes of the lake, seconds, and what is added.

    Names are `<service>_<usage type>`, as in `cost/prices.yaml`. An event costs 20 ms.
    """
    used: dict[str, Any] = {}
    began = time.monotonic()
    try:
        yield used
    finally:
        told: dict[str, Any] = {f"s3_{name}": count for name, count in lake.traffic.counts.items() if count}
        told["local_seconds"] = round(time.monotonic() - began, 3)
        tell_usage(context, zone, told | used, "simulated" if lake.folder else "estimated")


def tell_usage(context: dg.AssetExecutionContext, zone: str, used: Mapping[str, Any], method: "Method") -> None:
    """One observation of what was used; `method` says how it is known."""
    days = days_of_run(context.run)
    metadata: dict[str, Any] = {f"{PREFIX}{name}": value for name, value in used.items()}
    metadata["method"] = method
    if days:
        metadata["dates"] = str(days[0]) if len(days) == 1 else f"{days[0]}...{days[-1]}"
    context.log_event(dg.AssetObservation(ASSETS[zone][0], metadata=metadata))


def usage_of(instance: dg.DagsterInstance, prices: "Prices", first: date, last: date) -> "list[Usage]":
    """What all steps told from `first` to `last`, in UTC: a line for each figure."""
    found: list[Usage] = []
    levels: dict[tuple[date, str, str], Usage] = {}
    for zone, keys in ASSETS.items():
        for record in _observations(instance, keys[0], first, last):
            for line in _lines(zone, record, prices):
                if line.usage_type in _LEVELS:
                    levels[line.usage_date, line.service, line.asset] = line
                else:
                    found.append(line)
    return [line for line in [*found, *levels.values()] if first <= line.usage_date <= last]


def _observations(instance: dg.DagsterInstance, key: dg.AssetKey, first: date, last: date) -> Iterator[Any]:
    begin, end = (datetime(day.year, day.month, day.day, tzinfo=UTC) for day in (first, last + timedelta(days=1)))
    wanted = dg.AssetRecordsFilter(
        asset_key=key, after_timestamp=begin.timestamp() - 0.001, before_timestamp=end.timestamp()
    )
    cursor: str | None = None
    while True:
        page = instance.fetch_observations(wanted, limit=_PAGE, cursor=cursor, ascending=True)
        yield from page.records
        if not page.has_more:
            return
        cursor = page.cursor


def _lines(zone: str, record: Any, prices: "Prices") -> "Iterator[Usage]":
    from spotify_platform.cost.usage import Usage, step

    metadata = {name: value.value for name, value in record.asset_observation.metadata.items()}
    for name, value in sorted(metadata.items()):
        if not name.startswith(PREFIX) or not isinstance(value, int | float):
            continue
        service, _, kind = name.removeprefix(PREFIX).partition("_")
        price = prices.get((service, kind))
        yield Usage(
            usage_date=datetime.fromtimestamp(record.timestamp, UTC).date(),
            service=service,
            usage_type=kind,
            quantity=Decimal(str(value)),
            unit=price.unit if price else "unit",
            # What Glue tells of its own run is measured, whoever keeps it.
            method="metered" if service == "glue" else cast("Method", metadata["method"]),
            asset=step(zone) if len(ASSETS[zone]) > 1 else ASSETS[zone][0].to_user_string(),
            partition=metadata.get("dates"),
            run=record.run_id,
        )
