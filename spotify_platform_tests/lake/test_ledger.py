"""The coverage ledger: what of every date, entity and market there is, and why not where it is not."""

import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest

from spotify_platform.audits import accept_captures
from spotify_platform.lake import Lake
from spotify_platform.lake.absent import ClosedDay, close, purged_dates
from spotify_platform.lake.captures import Gap, captures_of
from spotify_platform.lake.ledger import (
    ALL_MARKETS,
    NOT_CAPTURED,
    NOT_PUBLISHED,
    STATES,
    Covered,
    by_day,
    ledger,
    left_behind,
    state_of,
)
from spotify_platform.lake.origin import claim
from spotify_platform.lake.publishing import heads
from spotify_platform.publish import publish_dates
from spotify_platform.purge import Purge, apply_purge, purge_everything
from spotify_platform_tests.conftest import Platform

from .helpers import DAY, NEXT, Item, artist, capture, charted, seen, track, written

AFTER = NEXT + timedelta(1)
LAST = AFTER + timedelta(1)


def covered(lake: Lake, day: date, entity: str = "artists", market: str = ALL_MARKETS) -> Covered:
    """The one row about a date, an entity and a market."""
    [found] = [one for one in ledger(lake) if (one.snapshot_date, one.entity, one.market) == (day, entity, market)]
    return found


def partial(lake: Lake, day: date, capture_id: str, *items: Item, gaps: list[Gap] | None = None) -> None:
    """A capture that was closed before everything was asked for."""
    written(lake, day, capture_id, items).commit(source="spotify", partial=True, gaps=gaps or [])


def closed(lake: Lake, day: date, reason: str) -> None:
    """A date that was closed without a capture."""
    assert close(lake, ClosedDay(snapshot_date=day, reason=reason, closed_at=datetime.now(UTC)))


def purge(lake: Lake, *, raw: tuple[date, ...] = (), curated: tuple[date, ...] = ()) -> None:
    """Remove dates from the zones."""
    apply_purge(lake, None, Purge(raw=list(raw), curated=list(curated), reason="too old"))


def poison(lake: Lake, day: date, capture_id: str = "poison", hour: int = 6) -> str:
    """A capture that is withheld; returns what is said of it."""
    capture(lake, day, capture_id, artist("ann", popularity=150), hour=hour)
    [said] = publish_dates(lake, [day]).withheld[day]
    return said


# -- one date ----------------------------------------------------------------------------------------------------------


def test_an_empty_lake_has_an_empty_ledger(lake: Lake) -> None:
    assert ledger(lake) == []
    assert left_behind(lake) == {}


def test_a_published_date_is_complete_with_its_raw_lines(lake: Lake) -> None:
    capture(lake, DAY, "c1", artist("ann"), artist("bob"), charted("US", 1, "t1"), charted("US", 2, "t2"))
    publish_dates(lake, [DAY])
    assert sorted(ledger(lake), key=lambda one: (one.entity, one.market)) == [
        Covered(DAY, "artists", ALL_MARKETS, "complete", True, 2),
        Covered(DAY, "chart_entries", ALL_MARKETS, "complete", True, 2),
        Covered(DAY, "chart_entries", "US", "complete", True, 2),
    ]
    assert left_behind(lake) == {}


def test_a_captured_date_is_unpublished_until_it_is_published(lake: Lake) -> None:
    capture(lake, DAY, "c1", artist("ann"))
    assert covered(lake, DAY) == Covered(DAY, "artists", ALL_MARKETS, "unpublished", False, 1, NOT_PUBLISHED)
    assert left_behind(lake) == {DAY: NOT_PUBLISHED}
    publish_dates(lake, [DAY])
    assert covered(lake, DAY).state == "complete"


def test_a_late_capture_makes_its_date_unpublished_while_the_old_batch_is_read(lake: Lake) -> None:
    capture(lake, DAY, "c1", artist("ann"), charted("US", 1, "t1"))
    publish_dates(lake, [DAY])
    capture(lake, DAY, "c2", artist("bob"))
    assert covered(lake, DAY) == Covered(DAY, "artists", ALL_MARKETS, "unpublished", True, 2, NOT_PUBLISHED)
    assert covered(lake, DAY, "chart_entries", "US").readable
    publish_dates(lake, [DAY])
    assert covered(lake, DAY) == Covered(DAY, "artists", ALL_MARKETS, "complete", True, 2)


def test_a_capture_that_was_closed_early_is_partial_and_says_its_gaps(lake: Lake) -> None:
    gaps = [
        Gap(kind="artist", reason="not asked for", count=1200, examples=["x"]),
        Gap(kind="album_tracks", reason="the lists were cut", count=3),
    ]
    partial(lake, DAY, "c1", artist("ann"), gaps=gaps)
    publish_dates(lake, [DAY])
    said = "1,200 × artist: not asked for, 3 × album tracks: the lists were cut"
    assert covered(lake, DAY) == Covered(DAY, "artists", ALL_MARKETS, "partial", True, 1, said)


def test_gaps_of_one_kind_are_told_with_each_of_their_reasons(lake: Lake) -> None:
    gaps = [
        Gap(kind="artist", reason="Spotify does not know it", count=2),
        Gap(kind="artist", reason="not asked for before the day was closed", count=5),
    ]
    partial(lake, DAY, "c1", artist("ann"), gaps=gaps)
    publish_dates(lake, [DAY])
    said = str(covered(lake, DAY).reason)
    assert "5 × artist: not asked for before the day was closed" in said
    assert "2 × artist: Spotify does not know it" in said


def test_a_partial_capture_without_a_list_of_gaps_is_partial_all_the_same(lake: Lake) -> None:
    partial(lake, DAY, "c1", artist("ann"))
    publish_dates(lake, [DAY])
    assert (covered(lake, DAY).state, covered(lake, DAY).reason) == (
        "partial",
        "closed before everything was asked for",
    )


def test_a_whole_capture_beside_a_partial_one_makes_its_entities_complete(lake: Lake) -> None:
    partial(lake, DAY, "c1", artist("ann"), track("t1"))
    capture(lake, DAY, "c2", artist("ann"), artist("bob"))
    publish_dates(lake, [DAY])
    assert covered(lake, DAY) == Covered(DAY, "artists", ALL_MARKETS, "complete", True, 3)
    assert covered(lake, DAY, "tracks").state == "partial"
    assert state_of(by_day(ledger(lake))[DAY]) == "partial"


def test_a_withheld_date_says_every_reason(lake: Lake) -> None:
    said = poison(lake, DAY)
    assert "popularity is between 0 and 100" in said
    assert covered(lake, DAY) == Covered(DAY, "artists", ALL_MARKETS, "withheld", False, 1, said)
    assert left_behind(lake) == {DAY: said}


def test_a_withheld_date_whose_old_batch_still_stands_is_readable(lake: Lake) -> None:
    capture(lake, DAY, "c1", artist("ann"), charted("US", 1, "t1"))
    publish_dates(lake, [DAY])
    said = poison(lake, DAY)
    for entity, market in (("artists", ALL_MARKETS), ("chart_entries", ALL_MARKETS), ("chart_entries", "US")):
        one = covered(lake, DAY, entity, market)
        assert (one.state, one.readable, one.reason) == ("withheld", True, said)
    assert covered(lake, DAY, "chart_entries", "US").items == 1


def test_an_entity_that_only_the_withheld_capture_holds_is_not_readable(lake: Lake) -> None:
    capture(lake, DAY, "c1", track("t1"))
    publish_dates(lake, [DAY])
    poison(lake, DAY)
    assert (covered(lake, DAY).state, covered(lake, DAY).readable) == ("withheld", False)
    assert covered(lake, DAY, "tracks").readable


def test_another_capture_heals_a_withheld_date(lake: Lake) -> None:
    poison(lake, DAY)
    capture(lake, DAY, "remedy", artist("ann", popularity=15), hour=9)
    assert covered(lake, DAY).state == "unpublished"  # nobody has judged the two together
    publish_dates(lake, [DAY])
    assert covered(lake, DAY) == Covered(DAY, "artists", ALL_MARKETS, "complete", True, 2)
    assert left_behind(lake) == {}


def test_a_date_that_is_withheld_a_second_time_says_the_newest_reasons(lake: Lake) -> None:
    poison(lake, DAY)
    capture(lake, DAY, "worse", artist("bob", popularity=-1), hour=9)
    [said] = publish_dates(lake, [DAY]).withheld[DAY]
    assert "(2 rows)" in said
    assert (covered(lake, DAY).state, covered(lake, DAY).reason) == ("withheld", said)


def test_a_raw_file_that_was_put_right_heals_its_date(lake: Lake) -> None:
    [file] = capture(lake, DAY, "c1", artist("ann")).files
    right = lake.get(file.path)
    lake.put(file.path, b"wrong")
    publish_dates(lake, [DAY])
    assert covered(lake, DAY).state == "withheld"
    lake.put(file.path, right)
    publish_dates(lake, [DAY])
    assert covered(lake, DAY) == Covered(DAY, "artists", ALL_MARKETS, "complete", True, 1)


def test_a_date_that_somebody_accepted_is_withheld_no_longer(lake: Lake) -> None:
    days = [DAY + timedelta(number) for number in range(8)]
    for day in days:
        rows = 10 if day == days[-1] else 40
        capture(lake, day, "c1", *(charted("US", rank, f"t{rank}") for rank in range(1, rows + 1)))
    publish_dates(lake, days)
    few = covered(lake, days[-1], "chart_entries")
    assert (few.state, few.readable) == ("withheld", False)
    assert "10 rows, usually 40" in str(few.reason)
    accept_captures(lake, days[-1])
    assert covered(lake, days[-1], "chart_entries").state == "withheld"  # accepted, and not published yet
    publish_dates(lake, [days[-1]])
    assert covered(lake, days[-1], "chart_entries") == Covered(
        days[-1], "chart_entries", ALL_MARKETS, "complete", True, 10
    )
    assert covered(lake, days[-1], "chart_entries", "US").items == 10


def test_a_published_date_that_newer_code_withholds_is_withheld_and_readable(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    capture(lake, DAY, "c1", artist("ann"))
    with monkeypatch.context() as older:
        older.setattr("spotify_platform.publish.fingerprint", lambda: "older code")
        publish_dates(lake, [DAY])
    [path] = lake.keys("raw/artists")
    right = lake.get(path)
    lake.put(path, b"damaged since")
    publish_dates(lake, [DAY])
    assert (covered(lake, DAY).state, covered(lake, DAY).readable) == ("withheld", True)
    lake.put(path, right)
    publish_dates(lake, [DAY])
    assert covered(lake, DAY).state == "complete"


# -- dates that are gone -----------------------------------------------------------------------------------------------


def test_a_date_that_was_purged_says_why(lake: Lake) -> None:
    for day in (DAY, NEXT):
        capture(lake, day, "c1", artist("ann"))
    publish_dates(lake, [DAY, NEXT])
    purge(lake, raw=(DAY,), curated=(DAY,))
    assert covered(lake, DAY) == Covered(DAY, "artists", ALL_MARKETS, "purged", False, 0, "too old")
    assert covered(lake, NEXT).state == "complete"


def test_a_date_whose_answers_are_still_there_is_purged_when_its_tables_are(lake: Lake) -> None:
    for day in (DAY, NEXT):
        capture(lake, day, "c1", artist("ann"))
    publish_dates(lake, [DAY, NEXT])
    purge(lake, curated=(DAY,))
    assert covered(lake, DAY) == Covered(DAY, "artists", ALL_MARKETS, "purged", False, 1, "too old")
    assert left_behind(lake) == {}


def test_a_date_whose_answers_alone_were_purged_stays_complete_and_says_so(lake: Lake) -> None:
    capture(lake, DAY, "c1", artist("ann"), charted("US", 1, "t1"))
    publish_dates(lake, [DAY])
    purge(lake, raw=(DAY,))
    said = "its raw answers were purged: too old"
    assert covered(lake, DAY) == Covered(DAY, "artists", ALL_MARKETS, "complete", True, 0, said)
    assert covered(lake, DAY, "chart_entries", "US") == Covered(DAY, "chart_entries", "US", "complete", True, 1, said)


@pytest.mark.parametrize("withheld", [False, True], ids=["unpublished", "withheld"])
def test_a_date_that_was_purged_before_it_was_ever_published_is_purged_and_not_a_gap(
    lake: Lake, withheld: bool
) -> None:
    capture(lake, NEXT, "c1", artist("ann"))
    publish_dates(lake, [NEXT])
    if withheld:
        poison(lake, DAY)
    else:
        capture(lake, DAY, "c1", artist("ann"))
    purge(lake, raw=(DAY,))
    assert (covered(lake, DAY).state, covered(lake, DAY).reason) == ("purged", "too old")


def test_a_purged_date_stays_in_the_ledger_when_nothing_else_is_left(lake: Lake) -> None:
    capture(lake, DAY, "c1", artist("ann"))
    publish_dates(lake, [DAY])
    purge_everything(lake, "the end")
    assert purged_dates(lake) == {"raw": {DAY}, "curated": {DAY}}
    assert {(one.snapshot_date, one.state, one.reason) for one in ledger(lake)} == {(DAY, "purged", "the end")}


# -- dates that never were ---------------------------------------------------------------------------------------------


def test_every_date_between_the_first_and_the_last_has_its_rows(lake: Lake) -> None:
    capture(lake, DAY, "c1", artist("ann"))
    capture(lake, LAST, "c1", artist("ann"))
    publish_dates(lake, [DAY, LAST])
    assert [one.snapshot_date for one in ledger(lake)] == [DAY, NEXT, AFTER, LAST]
    assert covered(lake, NEXT) == Covered(NEXT, "artists", ALL_MARKETS, "missing", False, 0, NOT_CAPTURED)


def test_a_date_that_was_closed_without_a_capture_says_why(lake: Lake) -> None:
    capture(lake, DAY, "c1", artist("ann"))
    publish_dates(lake, [DAY])
    closed(lake, NEXT, "the account was closed")
    closed(lake, LAST, "no budget was left")
    assert covered(lake, NEXT).reason == "the account was closed"
    assert covered(lake, AFTER).reason == NOT_CAPTURED
    assert covered(lake, LAST) == Covered(LAST, "artists", ALL_MARKETS, "missing", False, 0, "no budget was left")


def test_a_capture_that_came_after_all_counts_more_than_the_closing(lake: Lake) -> None:
    closed(lake, DAY, "no budget was left")
    capture(lake, DAY, "c1", artist("ann"))
    publish_dates(lake, [DAY])
    assert covered(lake, DAY) == Covered(DAY, "artists", ALL_MARKETS, "complete", True, 1)


def test_an_entity_that_is_no_part_of_a_days_captures_is_missing_there(lake: Lake) -> None:
    capture(lake, DAY, "c1", artist("ann"), track("t1"))
    written(lake, NEXT, "c1", [artist("ann")]).commit(source="spotify", mode="development", missing=["search", "top"])
    publish_dates(lake, [DAY, NEXT])
    one = covered(lake, NEXT, "tracks")
    assert (one.state, one.readable, one.items) == ("missing", False, 0)
    assert one.reason == "not part of the day's captures; not served in this mode: search, top"
    assert state_of(by_day(ledger(lake))[NEXT]) == "complete"


# -- markets -----------------------------------------------------------------------------------------------------------


def test_a_market_has_rows_from_its_first_chart_to_its_last_one(lake: Lake) -> None:
    markets = {DAY: ["US"], NEXT: ["US", "DE"], AFTER: ["US"], LAST: ["US", "DE"]}
    after = LAST + timedelta(1)
    for day, names in markets.items():
        capture(lake, day, "c1", *(charted(market, rank, "t") for market in names for rank in (1, 2)))
    capture(lake, after, "c1", artist("ann"))
    publish_dates(lake, [*markets, after])
    found = {market: [one for one in ledger(lake) if one.market == market] for market in ("US", "DE")}
    assert [one.snapshot_date for one in found["US"]] == [DAY, NEXT, AFTER, LAST]
    assert {(one.state, one.readable, one.items, one.reason) for one in found["US"]} == {("complete", True, 2, None)}
    no_chart = Covered(AFTER, "chart_entries", "DE", "missing", False, 0, "no chart of this market was captured")
    assert [one.snapshot_date for one in found["DE"]] == [NEXT, AFTER, LAST]
    assert found["DE"][1] == no_chart


def test_a_market_shares_the_gaps_of_its_entity(lake: Lake) -> None:
    fifth = LAST + timedelta(1)
    for day in (DAY, fifth):
        capture(lake, day, "c1", charted("US", 1, "t"))
    capture(lake, AFTER, "c1", artist("ann"))  # without charts
    capture(lake, LAST, "poison", charted("US", 0, "t"))
    publish_dates(lake, [DAY, AFTER, LAST, fifth])
    told = {one.snapshot_date: (one.state, one.readable, one.items) for one in ledger(lake) if one.market == "US"}
    assert told == {
        DAY: ("complete", True, 1),
        NEXT: ("missing", False, 0),
        AFTER: ("missing", False, 0),
        LAST: ("withheld", False, 0),
        fifth: ("complete", True, 1),
    }
    assert covered(lake, NEXT, "chart_entries", "US").reason == NOT_CAPTURED
    assert covered(lake, AFTER, "chart_entries", "US").reason == "not part of the day's captures"
    assert "rank is between" in str(covered(lake, LAST, "chart_entries", "US").reason)


def test_a_purged_date_amid_a_markets_charts_is_purged_for_the_market_too(lake: Lake) -> None:
    for day in (DAY, NEXT, AFTER):
        capture(lake, day, "c1", charted("US", 1, "t"))
    publish_dates(lake, [DAY, NEXT, AFTER])
    purge(lake, raw=(NEXT,), curated=(NEXT,))
    assert covered(lake, NEXT, "chart_entries", "US") == Covered(
        NEXT, "chart_entries", "US", "purged", False, 0, "too old"
    )


# -- the whole ---------------------------------------------------------------------------------------------------------


def test_a_date_as_a_whole_is_the_worst_of_its_entities_and_gaps_count_only_alone() -> None:
    def entries(*states: str) -> list[Covered]:
        known = {state: Covered(DAY, "artists", ALL_MARKETS, state, False, 0) for state in STATES}
        return [known[state] for state in STATES if state in states]

    assert state_of(entries("complete", "withheld", "partial")) == "withheld"
    assert state_of(entries("complete", "unpublished")) == "unpublished"
    assert state_of(entries("complete", "partial", "missing")) == "partial"
    assert state_of(entries("complete", "missing")) == "complete"
    assert state_of(entries("missing")) == state_of([]) == "missing"


@pytest.mark.parametrize("seed", [0, 1, 2, *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(3, 12))])
def test_whatever_happens_to_a_lake_the_ledger_has_one_row_each_and_tells_what_readers_see(
    lake: Lake, seed: int
) -> None:
    """A story of captures, poisons, publishing, closing and purging in any order."""
    chance = random.Random(seed)
    days = [DAY + timedelta(number) for number in range(6)]
    capture(lake, days[0], "c0", charted("US", 1, "t"))
    for number in range(14):
        day = chance.choice(days)
        match chance.choice(["capture", "chart", "partial", "poison", "publish", "publish", "close", "raw", "curated"]):
            case "capture":
                capture(lake, day, f"c{number}", artist("ann"), charted("US", 1, "t"), hour=number)
            case "chart":
                capture(lake, day, f"c{number}", charted("DE", 1, "t"), charted("DE", 2, "u"), hour=number)
            case "partial":
                partial(lake, day, f"c{number}", track("t1"))
            case "poison":
                capture(lake, day, f"c{number}", artist("ann", popularity=150), hour=number)
            case "publish":
                publish_dates(lake, days)
            case "close":
                close(lake, ClosedDay(snapshot_date=day, reason="closed", closed_at=datetime.now(UTC)))
            case "raw" if captures_of(lake, day):
                purge(lake, raw=(day,))
            case "curated" if day in heads(lake):
                purge(lake, curated=(day,))
    entries = ledger(lake)
    assert Counter((one.snapshot_date, one.entity, one.market) for one in entries).most_common(1)[0][1] == 1
    dates = sorted(by_day(entries))
    assert dates == [dates[0] + timedelta(number) for number in range(len(dates))]
    entities = {one.entity for one in entries}
    assert all({one.entity for one in found} == entities for found in by_day(entries).values())

    charts = Counter((row[0], row[1]) for row in seen(lake)["chart_entries"])
    markets = {(one.snapshot_date, one.market): one for one in entries if one.market != ALL_MARKETS}
    assert {key: one.items for key, one in markets.items() if one.readable} == charts
    wholes = {(one.snapshot_date, one.entity): one for one in entries if one.market == ALL_MARKETS}
    assert {key for key, one in wholes.items() if one.readable} == {
        (day, entity) for day, record in heads(lake).items() for entity in record.made_from
    }
    for one in entries:
        if one.state in ("complete", "partial"):
            assert one.readable
        if one.state in ("purged", "missing"):
            assert not one.readable
        assert one.reason or one.state == "complete"


def test_the_mart_of_coverage_is_the_ledger_as_it_stands(platform: Platform) -> None:
    lake = platform.live.lake()
    claim(lake, "spotify")
    days = [date(2026, 10, 1) + timedelta(number) for number in range(5)]
    capture(lake, days[0], "c1", artist("ann"), charted("US", 1, "t"))
    partial(lake, days[1], "c1", artist("ann"), gaps=[Gap(kind="artist", reason="not asked for", count=1)])
    capture(lake, days[2], "poison", artist("ann", popularity=150))
    capture(lake, days[4], "c1", charted("US", 1, "t"))
    assert platform.cli("run").code == 1  # one is withheld
    rows = platform.tables("marts.coverage")["marts.coverage"]
    entries = ledger(lake)
    fields = ("snapshot_date", "entity", "market", "state", "readable", "items", "reason")
    assert rows == sorted((tuple(getattr(one, name) for name in fields) for one in entries), key=lambda row: row[:3])
    assert {one.state for one in entries} == {"complete", "partial", "withheld", "missing"}


# -- on the command line -----------------------------------------------------------------------------------------------


def test_coverage_of_an_empty_platform_says_so(platform: Platform) -> None:
    assert "Nothing was captured here yet." in platform.ok("coverage")


def test_coverage_shows_a_calendar_and_why_dates_are_not_complete(platform: Platform) -> None:
    lake = platform.live.lake()
    claim(lake, "spotify")
    for day in (date(2026, 10, 1), date(2026, 10, 6)):
        capture(lake, day, "c1", charted("US", 1, "t"))
    said = poison(lake, date(2026, 10, 2))
    publish_dates(lake, [date(2026, 10, 1)])
    shown = platform.ok("coverage").splitlines()
    rows = {line[:3]: line[5:].split() for line in shown if line[:3] in ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat")}
    assert rows == {"Mon": ["·"], "Tue": ["u"], "Wed": [], "Thu": ["■"], "Fri": ["w"], "Sat": ["·"]}
    assert "6 days, 2026-10-01 to 2026-10-06:  ■ complete 1  u unpublished 1  w withheld 1  · missing 3" in shown
    assert f"2026-10-02  withheld: {said}" in shown
    assert f"2026-10-03 to 2026-10-05  missing: {NOT_CAPTURED}" in shown
    assert f"2026-10-06  unpublished: {NOT_PUBLISHED}" in shown


def test_coverage_is_asked_for_an_entity_or_a_market(platform: Platform) -> None:
    lake = platform.live.lake()
    claim(lake, "spotify")
    days = [date(2026, 10, 1) + timedelta(number) for number in range(3)]
    for day in days:
        capture(lake, day, "c1", artist("ann"), charted("US", 1, "t"))
    capture(lake, days[1], "c2", charted("DE", 1, "t"))
    publish_dates(lake, days)
    assert "3 days, 2026-10-01 to 2026-10-03:  ■ complete 3" in platform.ok("coverage", "--entity", "artists")
    assert "1 days, 2026-10-02 to 2026-10-02:  ■ complete 1" in platform.ok("coverage", "--market", "DE")
    unknown = platform.cli("coverage", "--market", "FR")
    assert (unknown.code, "Known: DE, US" in unknown.err) == (1, True)
    assert "--entity songs: not known" in platform.cli("coverage", "--entity", "songs").err
