"""What is said of money before any is shown: the month, the budget, the engine; by the ledger of a lake."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from spotify_platform.cost import table
from spotify_platform.cost.forecast import Month, engine_for, month
from spotify_platform.cost.prices import prices
from spotify_platform.cost.recommend import Recommendation
from spotify_platform.cost.stored import usual_day
from spotify_platform.lake.store import Lake
from spotify_platform.settings import read_cost_settings


@dataclass(frozen=True)
class Outlook:
    """The month that `today` is in, the budget of a day, and the engine for a usual day."""

    today: date
    month: Month
    budget: Decimal
    simulated: bool  # nobody is billed for anything
    engine: Recommendation


def outlook(lake: Lake, today: date) -> Outlook:
    """What the ledger says; before its first day, that nothing was used."""
    settings = read_cost_settings()
    rows = table.read(lake)
    return Outlook(
        today,
        month(rows, today),
        settings.daily_budget,
        bool(rows) and all(row.method == "simulated" for row in rows),
        engine_for(rows, usual_day(lake), prices(settings.prices)),
    )
