"""What the ledger's checks find."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from spotify_platform.cost import budget
from spotify_platform.cost.ledger import Entry, entries
from spotify_platform.cost.prices import prices
from spotify_platform.cost.usage import UNATTRIBUTED, Usage

from .test_ledger import DAY, GLUE, NEXT, PUT, bill


def rows(*lines: Usage, bills: tuple[Usage, ...] = ()) -> list[Entry]:
    """The rows of usage."""
    return entries(lines, {}, bills, prices())


def test_a_day_over_its_budget_names_its_assets_the_dearest_first() -> None:
    """PUT costs $0.005 and GLUE $0.0122."""
    found = budget.over_budget(
        rows(PUT, replace(GLUE, asset="curated/tracks"), replace(PUT, usage_date=NEXT)), Decimal("0.01")
    )
    assert list(found) == [DAY]
    assert list(found[DAY]) == ["curated/tracks", "curated/*"]
    assert not budget.over_budget(rows(PUT), Decimal("0.005"))  # exactly


def test_an_estimate_may_be_off_the_bill_by_fifteen_percent() -> None:
    within = rows(PUT, bills=(bill("s3", "0.00588"),))  # 0.005 is 15 % less
    beyond = rows(PUT, bills=(bill("s3", "0.0059"),))
    assert not budget.off_the_bill(within)
    assert budget.off_the_bill(beyond) == {DAY: (Decimal("0.005"), Decimal("0.0059"))}
    assert budget.off_the_bill(rows(PUT, bills=(bill("s3", "0.004"),)))  # too high is as wrong


def test_services_are_held_against_the_bill_together() -> None:
    """S3 is off by a half; of all that is billed that is little."""
    glue = replace(GLUE, quantity=Decimal(10_000))  # $1.222
    assert not budget.off_the_bill(rows(PUT, glue, bills=(bill("s3", "0.01"), bill("glue", "1.2222"))))


def test_a_service_that_we_do_not_count_is_no_wrong_estimate_but_nobodys() -> None:
    found = rows(PUT, bills=(bill("s3", "0.005"), bill("cloudwatch", "0.045")))
    assert not budget.off_the_bill(found)
    assert budget.unattributed(found) == (Decimal("0.045"), Decimal("0.05"))


def test_what_a_bill_lacks_is_nobodys_too() -> None:
    found = rows(PUT, bills=(bill("s3", "0.004"),))
    assert budget.unattributed(found) == (Decimal("0.001"), Decimal("0.004"))
    assert UNATTRIBUTED in {row.asset for row in found}


def test_old_and_missing_prices_are_named_if_they_were_needed() -> None:
    newest = max(price.as_of for price in prices().values())
    unknown = replace(PUT, usage_type="requests_of_tomorrow")
    assert budget.doubtful_prices(rows(PUT, unknown), prices(), newest) == [
        "s3 requests_of_tomorrow: no price of a request"
    ]
    known = prices()["s3", "requests_put"].as_of
    late = known + timedelta(days=366)
    (found,) = budget.doubtful_prices(rows(PUT), prices(), late)
    assert found.startswith(f"s3 requests_put: as of {known}, see https://")
    assert not budget.doubtful_prices(rows(PUT), prices(), late - timedelta(days=1))


def test_a_bills_difference_needs_no_price() -> None:
    assert not budget.doubtful_prices(rows(bills=(bill("cloudwatch", "1"),)), prices(), date(2030, 1, 1))
