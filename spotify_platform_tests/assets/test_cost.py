"""Usage as steps tell it, and what the ledger, its checks, the assets and the command line make of it."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import dagster as dg
import pytest

from spotify_platform.automation.instance import open_instance
from spotify_platform.contracts.curated import CURATED
from spotify_platform.contracts.marts import MARTS
from spotify_platform.cost import table
from spotify_platform.cost.prices import prices
from spotify_platform.cost.usage import UNATTRIBUTED, Method, Usage
from spotify_platform.definitions import build_definitions
from spotify_platform.resources import providers
from spotify_platform_tests.conftest import Platform

TODAY = datetime.now(UTC).date()
METHODS: tuple[Method, ...] = ("metered", "billed")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """Three days of the sandbox, and the ledger of that."""
    root = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPOTIFY_PLATFORM_HOME", str(root))
        patch.setattr("spotify_platform.report.picture", lambda answer: "")
        platform = Platform(root)
        platform.ok("demo", "--days", "3")
        platform.ok("cost")
        yield platform


def told(platform: Platform) -> list[tuple[str, dict[str, Any]]]:
    """What assets told of usage, oldest first, by their runs' jobs."""
    found = []
    with open_instance(platform.home) as instance:
        for key in instance.get_asset_keys():
            for record in instance.fetch_observations(key, limit=1000, ascending=True).records:
                metadata = {name: value.value for name, value in record.asset_observation.metadata.items()}
                used = {name.removeprefix("usage/"): one for name, one in metadata.items() if name.startswith("usage/")}
                if used:
                    found.append((key.to_user_string(), used))
    return found


def reckon(platform: Platform) -> dg.ExecuteInProcessResult:
    """The job, on the home's history."""
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    with open_instance(platform.home) as instance:
        job = build_definitions().resolve_job_def("platform_cost")
        return job.execute_in_process(instance=instance, run_config=quiet)


def checks(result: dg.ExecuteInProcessResult) -> dict[str, tuple[bool, dict[str, Any]]]:
    """The checks' verdicts and what they say."""
    return {
        one.check_name: (one.passed, {name: value.value for name, value in one.metadata.items()})
        for one in result.get_asset_check_evaluations()
    }


def test_the_sum_is_what_the_assets_told_at_its_price(demo: Platform) -> None:
    known = prices()
    own = [used for asset, used in told(demo) if asset == "operations/platform_cost"]
    whole = Decimal(0)
    for used in (used for _, used in told(demo)):
        if used not in own:  # its own step ends after it has reckoned; the next day's has it
            for name, quantity in used.items():
                service, _, kind = name.partition("_")
                whole += Decimal(str(quantity)) * known[service, kind].price
    rows = json.loads(demo.ok("cost", "--format", "json"))
    assert sum(row["usd"] for row in rows) == pytest.approx(float(whole), abs=1e-9)
    assert whole > Decimal("0.0005")
    by_day = json.loads(demo.ok("cost", "--by", "day", "--format", "json"))
    assert sum(row["usd"] for row in by_day) == pytest.approx(float(whole), abs=1e-9)


def test_every_step_tells_what_it_used_and_no_money(demo: Platform) -> None:
    used = {asset: figures for asset, figures in told(demo) if "local_seconds" in figures}
    assert used.keys() == {
        "raw/artists",
        "curated/artists",
        "warehouse/artists",
        "marts/dim_artist",
        "reports/daily",
        "operations/platform_cost",
    }
    assert used["raw/artists"]["spotify_requests"] > 0
    assert used["curated/artists"]["lake_raw_bytes"] > 0
    assert all(figures["s3_requests_list"] for figures in used.values())
    assert not [name for figures in used.values() for name in figures if "usd" in name or "cost" in name]


def test_the_ledger_is_for_query_too(demo: Platform) -> None:
    rows = demo.query("select asset, method, sum(cost) as usd from operations.platform_cost group by all order by usd")
    assert {row["method"] for row in rows} == {"simulated"}
    assert {"raw/*", "curated/*", "warehouse/*", "marts/*", "reports/daily"} <= {row["asset"] for row in rows}


def test_each_asset_shows_what_it_cost(demo: Platform) -> None:
    with open_instance(demo.home) as instance:
        for key, others in (("curated/tracks", len(CURATED)), ("marts/coverage", len(MARTS)), ("raw/albums", 9)):
            (record, *_) = instance.fetch_observations(dg.AssetKey(key.split("/")), limit=1).records
            shown: dict[str, Any] = {name: value.value for name, value in record.asset_observation.metadata.items()}
            assert shown["cost/day"] == str(TODAY)
            assert shown["cost/usd"] > 0
            assert shown["cost/method"] == "simulated"
            assert shown["cost/shared_by_assets"] == others


def test_a_budget_below_the_days_cost_fails_and_names_the_assets(demo: Platform, monkeypatch) -> None:
    passed, said = checks(reckon(demo))["daily_budget"]
    assert passed and said == {"budget": 5.0, "days": {}}
    monkeypatch.setenv("SPOTIFY_PLATFORM_COST_DAILY_BUDGET", "0.0001")
    result = reckon(demo)
    assert result.success  # a check fails, no run
    passed, said = checks(result)["daily_budget"]
    assert not passed
    assets = list(said["days"][str(TODAY)])
    assert assets[0] == "raw/*" and {"curated/*", "marts/*", "warehouse/*"} <= set(assets)


def test_the_other_checks_pass_on_the_demo(demo: Platform) -> None:
    found = checks(reckon(demo))
    passed, said = found.pop("prices")  # it fails a year from now, if nobody looks prices up
    assert passed is (not said["doubtful"]) and not [one for one in said["doubtful"] if "no price" in one]
    assert {name: passed for name, (passed, _) in found.items()} == {
        "daily_budget": True,
        "estimate_against_bill": True,
        "unattributed_share": True,
        "providers_answered": True,
    }


def test_reckoning_again_changes_nothing_but_its_own(demo: Platform) -> None:
    def others() -> list[object]:
        rows = [row for row in table.read(demo.home.lake()) if row.asset != "operations/platform_cost"]
        return [replace(row, run=None) if row.usage_type == "gb_months" else row for row in rows]

    before = others()
    reckon(demo)
    assert others() == before


def test_the_command_line_reckons_only_where_something_ran_since(demo: Platform) -> None:
    def runs() -> int:
        with open_instance(demo.home) as instance:
            return instance.get_runs_count()

    before = runs()
    demo.ok("cost")
    assert runs() == before


def test_a_run_that_fails_has_used_something_too(demo: Platform, monkeypatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("the power went off")

    monkeypatch.setattr("spotify_platform.publish.publish_dates", fails)
    before = [asset for asset, _ in told(demo)].count("curated/artists")
    yesterday = TODAY - timedelta(days=1)
    assert "the power went off" in demo.cli("backfill", str(yesterday), str(yesterday)).err
    assert [asset for asset, _ in told(demo)].count("curated/artists") == before + 1


def test_a_provider_that_does_not_answer_is_named_and_hides_nobody(platform: Platform, monkeypatch) -> None:
    """Real settings and a real client, which reaches nobody."""
    monkeypatch.setenv("SPOTIFY_PLATFORM_COST_TAG", "project=spotify-platform")
    monkeypatch.setenv("SPOTIFY_PLATFORM_COST_LAMBDA_LOG_GROUP", "/aws/lambda/capture")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "-")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "-")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    found = providers.ask_providers(platform.live, TODAY, TODAY)
    assert set(found.silent) == {"lambda", "cost explorer"}
    assert "127.0.0.1:9" in found.silent["lambda"]
    assert (found.metered, found.bill) == ({}, [])
    assert not providers.ask_providers(platform.demo, TODAY, TODAY).silent  # of the demo nobody knows anything


def test_what_a_backfill_would_cost_is_what_the_run_before_cost(demo: Platform) -> None:
    first, last = TODAY - timedelta(days=3), TODAY - timedelta(days=1)
    said = demo.ok("cost", "--backfill", str(first), str(last))
    ((cost,),) = [
        row.values()
        for row in demo.query(
            "select round(sum(cost), 4) as usd from operations.platform_cost where run is not null "
            "and partition is not null and asset in ('curated/*', 'warehouse/*', 'marts/*', 'reports/daily')"
        )
    ]
    assert f"At most about ${cost:,.4f} for 3 dates" in said
    assert "Engine: duckdb. DuckDB takes about" in said
    assert "At most about $" in demo.ok("backfill", str(first), str(last))


def test_before_anything_ran_a_backfill_says_what_it_does_not_know(platform: Platform) -> None:
    assert "Nothing was captured here yet" in platform.cli("cost").err


@pytest.mark.parametrize(
    ("words", "said"), [(("--by", "colour"), "--by colour"), (("--format", "pdf"), "--format pdf")]
)
def test_a_word_that_is_not_known_is_named(platform: Platform, words: tuple[str, str], said: str) -> None:
    assert said in platform.cli("cost", *words).err


def test_what_providers_tell_reaches_the_ledger_and_a_young_bill_waits(demo: Platform, monkeypatch) -> None:
    """Their answers are those of the adapters' own tests; here is only what the asset does with them."""
    settled = TODAY - timedelta(days=2)

    def line(day: date, service: str, kind: str, usd: str | None, asset: str, method: Any) -> Usage:
        billed = None if usd is None else Decimal(usd)
        return Usage(day, service, kind, Decimal(120), "unit", method, asset, billed=billed)

    told = providers.Told(
        metered={"glue": [line(TODAY, "glue", "dpu_seconds", None, "curated/*", "metered")]},
        bill=[
            line(settled, "s3", "Requests", "0.25", UNATTRIBUTED, "billed"),
            line(TODAY, "s3", "Requests", "9.75", UNATTRIBUTED, "billed"),
        ],
        silent={"snowflake": "not granted"},
    )
    monkeypatch.setattr("spotify_platform.resources.providers.ask_providers", lambda *_: told)
    found = checks(reckon(demo))
    rows = table.read(demo.home.lake())
    assert [(row.cost, row.method) for row in rows if row.service == "glue"] == [(Decimal("0.01466666664"), "metered")]
    assert [(row.usage_date, row.cost) for row in rows if row.usage_type == "bill"] == [(settled, Decimal("0.25"))]
    assert not found["unattributed_share"][0]
    assert found["providers_answered"] == (False, {"silent": {"snowflake": "not granted"}})


def test_the_month_is_the_month_whatever_is_listed(demo: Platform) -> None:
    """--since is about the list; the forecast takes the whole month, and the days before it."""
    tomorrow = TODAY + timedelta(days=1)
    listed, none = demo.ok("cost"), demo.ok("cost", "--since", str(tomorrow))
    assert "Together $0.0000." in none
    assert listed.split("Together ")[1].split(". ", 1)[1] == none.split("Together ")[1].split(". ", 1)[1]


def test_a_sum_says_all_methods_of_its_rows(demo: Platform) -> None:
    day = TODAY - timedelta(days=40)
    table.write(
        demo.home.lake(),
        day,
        [replace(row, usage_date=day, method=method) for row in table.read(demo.home.lake())[:1] for method in METHODS],
    )
    rows = json.loads(demo.ok("cost", "--since", str(day), "--by", "day", "--format", "json"))
    assert {row["usage_date"]: row["method"] for row in rows}[str(day)] == "billed, metered"
