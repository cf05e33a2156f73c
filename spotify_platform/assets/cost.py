"""The ledger of costs: what every day cost, with checks, and each asset's own cost as its metadata."""

from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import dagster as dg

from spotify_platform.assets.report import dagsters_errors
from spotify_platform.assets.specs import OWNER, column_schema
from spotify_platform.assets.usage import ASSETS, tell_usage, telling_usage, usage_of
from spotify_platform.contracts.operations import PLATFORM_COST
from spotify_platform.resources.platform import LakeResource

if TYPE_CHECKING:
    from spotify_platform.cost.ledger import Entry
    from spotify_platform.cost.prices import Prices

_KEY = dg.AssetKey(["operations", "platform_cost"])
# What providers tell comes late: Snowflake's views up to 8 hours, a bill up to two days.
TRAILING_DAYS = 3
# A bill of a younger day is a part of it, and would hide what the day really costs.
BILL_DAYS = 2


_CHECKS = {
    "daily_budget": "No day costs more than SPOTIFY_PLATFORM_COST_DAILY_BUDGET; it names the assets that did.",
    "estimate_against_bill": "What the platform counts itself is within 15 % of what AWS bills.",
    "unattributed_share": "Less than a tenth of the cost is nobody's.",
    "prices": "Each price that was needed is there, and younger than a year.",
    "providers_answered": "Everybody who was asked for usage answered.",
}


@dg.multi_asset(
    name="reckon_costs",
    specs=[
        dg.AssetSpec(
            _KEY,
            description=PLATFORM_COST.meaning,
            group_name="operations",
            kinds={"parquet"},
            owners=[OWNER],
            metadata={"dagster/column_schema": column_schema(PLATFORM_COST, {})},
        )
    ],
    check_specs=[dg.AssetCheckSpec(name, asset=_KEY, description=text) for name, text in _CHECKS.items()],
)
def platform_cost(
    context: dg.AssetExecutionContext, lake: LakeResource
) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """Usage of the last days, as assets and providers tell it → what it cost."""
    from spotify_platform.cost import table
    from spotify_platform.cost.forecast import engine_for
    from spotify_platform.cost.ledger import entries, total
    from spotify_platform.cost.prices import prices
    from spotify_platform.cost.stored import stored, usual_day
    from spotify_platform.home import active_home
    from spotify_platform.resources.providers import ask_providers
    from spotify_platform.settings import read_cost_settings

    zone, today = lake.open(), datetime.now(UTC).date()
    with telling_usage(context, "operations", zone), dagsters_errors():
        settings = read_cost_settings()
        known = prices(settings.prices)
        for part, bytes_ in stored(zone).items():
            gb_months = bytes_ / 1e9 / monthrange(today.year, today.month)[1]
            tell_usage(context, part, {"s3_gb_months": gb_months}, "simulated" if zone.folder else "estimated")
        first = _first(table.days(zone), context.instance, today)
        told = ask_providers(active_home(), first, today)
        bill = [line for line in told.bill if line.usage_date <= today - timedelta(days=BILL_DAYS)]
        rows = entries(usage_of(context.instance, known, first, today), told.metered, bill, known)
        for n in range((today - first).days + 1):
            day = first + timedelta(days=n)
            table.write(zone, day, [row for row in rows if row.usage_date == day])
    for key in (key for keys in ASSETS.values() for key in keys):
        if cost := _own(key, rows):
            context.log_event(dg.AssetObservation(key, metadata=cost))
    yield dg.MaterializeResult(
        asset_key=_KEY,
        metadata={
            "dagster/row_count": len(rows),
            "days": f"{first} to {today}",
            "usd": float(total(rows)),
            "engine": engine_for(table.read(zone), usual_day(zone), known).why,
        },
    )
    yield from _verdicts(rows, told.silent, known, settings.daily_budget, today)


def _first(known: Sequence[date], instance: dg.DagsterInstance, today: date) -> date:
    """The first day to reckon: of what is told late, and of what nobody has reckoned yet."""
    trailing = today - timedelta(days=TRAILING_DAYS)
    if known:
        return min(trailing, known[-1])
    oldest = instance.get_run_records(limit=1, ascending=True)
    return min(trailing, oldest[0].create_timestamp.date()) if oldest else trailing


def _own(key: dg.AssetKey, rows: Sequence["Entry"]) -> dict[str, Any]:
    """What an asset cost on its newest day, as metadata; nothing where it did not cost anything."""
    from spotify_platform.cost.ledger import total
    from spotify_platform.cost.usage import stands_for

    ours = [row for row in rows if stands_for(row.asset, key.to_user_string())]
    if not ours:
        return {}
    day = max(row.usage_date for row in ours)
    newest = [row for row in ours if row.usage_date == day]
    shared = any(row.asset.endswith("/*") for row in newest)
    return {
        "cost/day": str(day),
        "cost/usd": float(total(newest)),
        "cost/method": ", ".join(sorted({row.method for row in newest})),
        **({"cost/shared_by_assets": len(ASSETS[key.path[0]])} if shared else {}),
    }


def _verdicts(
    rows: Sequence["Entry"], silent: Mapping[str, str], known: "Prices", budget: Decimal, today: date
) -> Iterator[dg.AssetCheckResult]:
    """One result for each of the checks; money is in US dollars."""
    from spotify_platform.cost.budget import (
        UNATTRIBUTED_SHARE,
        doubtful_prices,
        off_the_bill,
        over_budget,
        unattributed,
    )

    above = over_budget(rows, budget)
    yield _verdict(
        "daily_budget",
        not above,
        {
            "budget": float(budget),
            "days": {str(day): {asset: _usd(cost) for asset, cost in costs.items()} for day, costs in above.items()},
        },
        dg.AssetCheckSeverity.ERROR,
    )
    differing = off_the_bill(rows)
    days = {str(day): {"ours": _usd(ours), "bill": _usd(bill)} for day, (ours, bill) in differing.items()}
    yield _verdict("estimate_against_bill", not differing, {"days": days})
    nobodys, whole = unattributed(rows)
    yield _verdict(
        "unattributed_share",
        nobodys <= UNATTRIBUTED_SHARE * whole,
        {"unattributed": _usd(nobodys), "whole": _usd(whole)},
    )
    doubtful = doubtful_prices(rows, known, today)
    yield _verdict("prices", not doubtful, {"doubtful": doubtful})
    yield _verdict("providers_answered", not silent, {"silent": dict(silent)})


def _verdict(
    name: str, passed: bool, metadata: Mapping[str, Any], severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.WARN
) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(asset_key=_KEY, check_name=name, passed=passed, severity=severity, metadata=metadata)


def _usd(amount: Decimal) -> float:
    return float(round(amount, 9))
