"""A poisoned capture is never seen, whatever is wrong with it, while the other dates of its run are."""

import re
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from spotify_platform.contracts.curated import CURATED
from spotify_platform.contracts.raw import ENTITIES_BY_NAME
from spotify_platform.curate.fingerprint import fingerprint
from spotify_platform.lake import Lake, keys
from spotify_platform.lake.captures import captures_of
from spotify_platform.lake.publishing import PublishRecord, Told, accept, heads, withheld
from spotify_platform.publish import Outcome, publish_dates

from .lake.helpers import Item, Row, capture, seen, whole_batches, written
from .test_publish import WatchedLake, of

START = date(2026, 9, 1)
HISTORY = [START + timedelta(number) for number in range(12)]
ENTITIES = tuple(ENTITIES_BY_NAME)
MARKETS, PLAYLISTS = ("US", "DE"), ("mix", "top")
SIZE = 48  # of artists, of albums, of each chart and of each playlist; tracks are twice as many

every_entity = pytest.mark.parametrize("entity", ENTITIES)


# -- a realistic day ---------------------------------------------------------------------------------------------------


def artist_of(number: int) -> dict[str, Any]:
    about = {"popularity": 50 + number % 40, "followers": {"href": None, "total": 1000 + number}}
    return {"id": f"artist{number}", "name": f"Artist {number}", "type": "artist", "genres": ["pop", "rock"], **about}


def album_of(number: int) -> dict[str, Any]:
    by = {"artists": [{"id": f"artist{number}", "name": f"Artist {number}"}], "available_markets": ["DE", "US"]}
    about = {"release_date": f"2020-05-{1 + number % 28:02}", "total_tracks": 2, "album_type": "album"}
    return {"id": f"album{number}", "name": f"Album {number}", "type": "album", **by, **about}


def track_of(number: int) -> dict[str, Any]:
    album = album_of(number % SIZE)
    own = {"duration_ms": 180_000 + number, "explicit": False, "track_number": 1 + number // SIZE, "disc_number": 1}
    return {
        "id": f"track{number}",
        "name": f"Track {number}",
        "type": "track",
        "popularity": number % 100,
        "artists": album["artists"],
        "available_markets": ["DE", "US"],
        "album": album,
        **own,
    }


def usual() -> list[Item]:
    """A day's items: all that is known of some artists, and the charts and playlists in which their tracks stand."""
    items = [Item("artists", artist_of(number)) for number in range(SIZE)]
    items += [
        Item("albums", {**album_of(number), "label": "L", "popularity": 40, "external_ids": {"upc": f"{number}"}})
        for number in range(SIZE)
    ]
    items += [Item("tracks", track_of(number)) for number in range(2 * SIZE)]
    for market in MARKETS:
        for rank in range(1, SIZE + 1):
            named = {"track_name": f"Track {rank}", "artist_names": f"Artist {rank}", "source": "L"}
            numbers = {"peak_rank": "1", "previous_rank": "-1", "days_on_chart": "9", "streams": f"{10_000 - rank}"}
            row = {"rank": f"{rank}", "uri": f"spotify:track:track{rank}", **named, **numbers}
            items.append(Item("chart_entries", row, {"market": market}))
    for playlist in PLAYLISTS:
        for position in range(SIZE):
            stands = {"added_at": "2026-08-01T00:00:00Z", "is_local": False, "item": track_of(position)}
            about = {"params": {"playlist_id": playlist}, "position": position}
            items.append(Item("playlist_items", stands, about))
    return items


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a lake with twelve usual days, published; to be copied."""
    folder = tmp_path_factory.mktemp("history") / "lake"
    lake = Lake(folder.as_uri())
    for day in HISTORY:
        capture(lake, day, "c1", *usual())
    outcome = publish_dates(lake, HISTORY)
    assert list(outcome.published) == HISTORY
    assert {day: found for day, found in outcome.findings.items() if found} == {}
    return folder


@pytest.fixture
def lake(history: Path, tmp_path: Path) -> Lake:
    """A lake of one's own with the twelve usual days."""
    shutil.copytree(history, tmp_path / "lake")
    return Lake((tmp_path / "lake").as_uri())


def test_the_usual_day_has_at_least_forty_rows_of_everything(history: Path) -> None:
    for record in heads(Lake(history.as_uri())).values():
        assert {table: rows for table, rows in record.rows.items() if rows < 40} == {}
        assert set(record.rows) == {table.name for table in CURATED} - {"rejects"}


# -- the poisons -------------------------------------------------------------------------------------------------------

Poison = Callable[[str], list[Item]]
NO_VALUES: dict[str, dict[str, Any]] = {
    "artists": {"popularity": "high", "followers": {"href": None, "total": "many"}},
    "albums": {"total_tracks": "two", "release_date": "soon", "popularity": [1]},
    "tracks": {"duration_ms": "long", "explicit": "no", "popularity": 3.5},
    "chart_entries": {"streams": "plenty", "peak_rank": "best"},
    "playlist_items": {"added_at": "once", "is_local": "perhaps"},
}
NO_SHAPES: dict[str, dict[str, Any]] = {
    "artists": {"genres": "pop"},
    "albums": {"artists": "Artist"},
    "tracks": {"album": "Album"},
    "chart_entries": {"rank": "first"},
    "playlist_items": {"item": "Track"},
}


def changed(entity: str, change: Callable[[int, Item], Iterable[Item]]) -> list[Item]:
    """A usual day of which one entity's items are changed."""
    found: list[Item] = []
    number = 0
    for item in usual():
        if item.entity == entity:
            found += change(number, item)
            number += 1
        else:
            found.append(item)
    return found


def spoilt(item: Item, fields: dict[str, Any]) -> Item:
    return replace(item, item=item.item | fields)


def no_values(entity: str) -> list[Item]:
    """Three of four lines have values of wrong types."""
    return changed(entity, lambda n, item: [spoilt(item, NO_VALUES[entity]) if n % 4 else item])


def no_shapes(entity: str) -> list[Item]:
    """Three of four lines have a text where an object or a list should be, or no rank."""
    return changed(entity, lambda n, item: [spoilt(item, NO_SHAPES[entity]) if n % 4 else item])


def neither(entity: str) -> list[Item]:
    """Four of five lines are bad, half of them in this way and half in that."""

    def change(number: int, item: Item) -> list[Item]:
        wrong: dict[str, Any] = (NO_VALUES if number % 2 else NO_SHAPES)[entity]
        return [spoilt(item, wrong) if number % 5 else item]

    return changed(entity, change)


def twice(entity: str) -> list[Item]:
    """Every thing stands twice, and not alike."""
    other: dict[str, dict[str, Any]] = {
        "chart_entries": {"uri": "spotify:track:track0"},
        "playlist_items": {"item": track_of(0)},
    }
    return changed(entity, lambda n, item: [item, spoilt(item, other.get(entity, {"name": f"Other {n}"}))])


def half(entity: str) -> list[Item]:
    """Every second line is missing."""
    return changed(entity, lambda n, item: [item] if n % 2 else [])


POISONS: dict[str, Poison] = {
    "wrong values": no_values,
    "wrong shapes": no_shapes,
    "wrong values and shapes": neither,
    "duplicated keys": twice,
    "half the rows": half,
}
SAID = {
    "wrong values": r"values? that cannot be read",
    "wrong shapes": r"lines rejected",
    "wrong values and shapes": r".",
    "duplicated keys": r"things told in two ways by one capture",
    "half the rows": r"of the usual rows: .* usually",
}


def concerned(entity: str) -> set[str]:
    """What a reason may name: the entity, and the tables that it feeds."""
    return {f"raw/{entity}"} | {table.name for table in CURATED if entity in table.sources}


class Reader:
    """Looks at some dates at every publish record and every twentieth other write, and notes when they change."""

    def __init__(self, lake: Lake, days: Iterable[date]) -> None:
        self.lake, self.days, self.looks, self.changes = lake, set(days), 0, 0
        self.before = self._rows()

    def _rows(self) -> dict[str, list[Row]]:
        return {table: [row for row in found if row[0] in self.days] for table, found in seen(self.lake).items()}

    def look(self, number: int, key: str, done: bool) -> None:
        if keys.PUBLISHED in key or number % 20 == 0:
            self.looks += 1
            self.changes += self._rows() != self.before


@dataclass(frozen=True)
class Run:
    """A run of many dates, some of them poisoned with one kind of poison."""

    lake: Lake
    outcome: Outcome
    fresh: dict[str, date]  # by entity: a date whose only capture is poisoned
    late: dict[str, date]  # by entity: a published date that a poisoned capture came to
    good: list[date]
    before: dict[str, list[Row]]  # what readers saw before the run
    after: dict[str, list[Row]]
    reader: Reader


def poisoned_run(history: Path, folder: Path, poison: Poison) -> Run:
    shutil.copytree(history, folder / "lake")
    lake = Lake((folder / "lake").as_uri())
    late = dict(zip(ENTITIES, HISTORY[-5:], strict=True))
    days = [HISTORY[-1] + timedelta(1 + number) for number in range(8)]
    good, fresh = days[::3], dict(zip(ENTITIES, [day for n, day in enumerate(days) if n % 3], strict=True))
    for day in good:
        capture(lake, day, "c1", *usual())
    for entity in ENTITIES:
        capture(lake, fresh[entity], "poison", *poison(entity))
        capture(lake, late[entity], "poison", *poison(entity), hour=9)
    before = seen(lake)
    # Of half a day that comes late to a whole one, charts and playlists alone are poison: the others are newer objects.
    whole = ("playlist_items", "chart_entries") if poison is half else ENTITIES
    reader = Reader(lake, [*fresh.values(), *(late[entity] for entity in whole)])
    watched = WatchedLake(lake.url, reader.look)
    outcome = publish_dates(watched, [*good, *fresh.values(), *late.values()])
    return Run(lake, outcome, fresh, late, good, before, seen(lake), reader)


@pytest.fixture(scope="module", params=POISONS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def run(kind: str, history: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return poisoned_run(history, tmp_path_factory.mktemp("run"), POISONS[kind])


@every_entity
def test_a_poisoned_date_is_withheld_and_says_where_and_why(run: Run, kind: str, entity: str) -> None:
    day = run.fresh[entity]
    assert day in run.outcome.withheld
    reasons = run.outcome.withheld[day]
    assert all(reason.split(": ")[0] in concerned(entity) for reason in reasons)
    assert any(re.search(SAID[kind], reason) for reason in reasons)
    assert {table: rows for table, rows in of(day, run.after).items() if rows} == {}
    verdict = withheld(run.lake, day, captures_of(run.lake, day), fingerprint())
    assert verdict
    assert verdict.reasons == reasons


@every_entity
def test_a_poisoned_capture_that_comes_late_leaves_the_old_batch_readable(run: Run, kind: str, entity: str) -> None:
    day = run.late[entity]
    if kind == "half the rows" and entity in ("artists", "albums", "tracks"):
        # The day still has all its rows: newer ones of half of the things, and the others as they were.
        assert day in run.outcome.published
        assert {table: len(rows) for table, rows in of(day, run.after).items()} == {
            table: len(rows) for table, rows in of(day, run.before).items()
        }
        return
    assert day in run.outcome.withheld
    assert all(reason.split(": ")[0] in concerned(entity) for reason in run.outcome.withheld[day])
    assert of(day, run.after) == of(day, run.before)


def test_the_good_dates_of_the_run_are_published(run: Run) -> None:
    assert set(run.good) <= set(run.outcome.published)
    model = HISTORY[0]
    for day in run.good:
        assert {table: len(rows) for table, rows in of(day, run.after).items()} == {
            table: len(rows) for table, rows in of(model, run.after).items()
        }
        assert run.outcome.findings[day] == []
    whole_batches(run.lake)


def test_a_reader_never_saw_the_poison_while_the_run_went_on(run: Run) -> None:
    assert run.reader.looks >= 2 * len(run.good)
    assert run.reader.changes == 0


# -- healing and accepting ---------------------------------------------------------------------------------------------

NEXT = HISTORY[-1] + timedelta(1)
AFTER = NEXT + timedelta(1)


def values(rows: dict[str, list[Row]], day: date) -> dict[str, list[Row]]:
    """The rows of a date without the date, moment and capture."""
    return {table: sorted((row[1:-2] for row in found), key=repr) for table, found in of(day, rows).items()}


@pytest.mark.parametrize("kind", ["wrong values", "wrong shapes", "half the rows"])
@pytest.mark.parametrize("entity", ["artists", "chart_entries"])
def test_a_capture_with_the_right_rows_heals_a_withheld_date(lake: Lake, kind: str, entity: str) -> None:
    capture(lake, NEXT, "poison", *POISONS[kind](entity))
    assert list(publish_dates(lake, [NEXT]).withheld) == [NEXT]
    capture(lake, NEXT, "right", *usual(), hour=9)
    assert publish_dates(lake, [NEXT]).published[NEXT].captures == ["poison", "right"]
    found, wanted = values(seen(lake), NEXT), values(seen(lake), HISTORY[0])
    assert found | {"rejects": []} == wanted | {"rejects": []}


def taken(lake: Lake, day: date) -> None:
    """A person takes a date's captures as they are."""
    accept(lake, day, captures_of(lake, day), datetime.now(UTC))


def test_a_person_may_take_half_a_day_as_it_is(lake: Lake) -> None:
    capture(lake, NEXT, "c1", *half("chart_entries"))
    [reason] = publish_dates(lake, [NEXT]).withheld[NEXT]
    assert re.search(rf"chart_entries: at least 67% of the usual rows: {SIZE} rows, usually {2 * SIZE}", reason)
    taken(lake, NEXT)
    record = publish_dates(lake, [NEXT]).published[NEXT]
    assert record.rows["chart_entries"] == SIZE
    [told] = [one for one in record.audit.findings if one.table == "chart_entries"]
    assert (told.severity, "usual rows" in told.check) == ("warning", True)


@pytest.mark.parametrize("kind", ["wrong values", "wrong shapes", "duplicated keys"])
def test_nobody_can_take_what_is_wrong_in_itself(lake: Lake, kind: str) -> None:
    capture(lake, NEXT, "c1", *POISONS[kind]("tracks"))
    taken(lake, NEXT)
    assert list(publish_dates(lake, [NEXT]).withheld) == [NEXT]
    assert NEXT not in heads(lake)


def test_half_a_day_that_is_also_wrong_in_itself_is_not_taken(lake: Lake) -> None:
    few = [item for item in no_values("tracks") if item.entity != "chart_entries" or int(item.item["rank"]) % 2]
    capture(lake, NEXT, "c1", *few)
    taken(lake, NEXT)
    assert list(publish_dates(lake, [NEXT]).withheld) == [NEXT]


def test_what_was_taken_is_these_captures_of_this_date_and_no_others(lake: Lake) -> None:
    for day in (NEXT, AFTER):
        capture(lake, day, "c1", *half("chart_entries"))
    taken(lake, NEXT)
    outcome = publish_dates(lake, [NEXT, AFTER])
    assert (list(outcome.published), list(outcome.withheld)) == ([NEXT], [AFTER])
    old = of(NEXT, seen(lake))
    fewer = [item for item in half("chart_entries") if item.entity != "chart_entries" or int(item.item["rank"]) % 4]
    capture(lake, NEXT, "c2", *fewer, hour=9)
    assert list(publish_dates(lake, [NEXT]).withheld) == [NEXT]
    assert of(NEXT, seen(lake)) == old


# -- what is told and published all the same ---------------------------------------------------------------------------


def published(lake: Lake, day: date, items: list[Item]) -> PublishRecord:
    """A day with these items, captured and published."""
    capture(lake, day, "c1", *items)
    return publish_dates(lake, [day]).published[day]


def warnings(record: PublishRecord) -> list[Told]:
    assert {one.severity for one in record.audit.findings} <= {"warning"}
    return record.audit.findings


def test_a_few_rows_less_are_published_and_told(lake: Lake) -> None:
    fewer = changed("chart_entries", lambda n, item: [item] if n % 4 else [])
    [told] = warnings(published(lake, NEXT, fewer))
    assert (told.table, told.rows) == ("chart_entries", 2 * SIZE // 4)
    assert "at least 80% of the usual rows: 72 rows, usually 96" in told.check
    assert warnings(published(lake, AFTER, usual())) == []


def with_reuse(lake: Lake, day: date, albums: int, reused: int) -> Outcome:
    """A day of which some albums were asked for, and others not, since an earlier capture has them; published."""
    others = [item for item in usual() if item.entity != "albums"]
    asked = [item for item in usual() if item.entity == "albums"][:albums]
    written(lake, day, "c1", [*others, *asked]).commit(source="import", reused={"album": reused})
    return publish_dates(lake, [day])


def test_albums_that_are_asked_for_once_a_week_are_not_missing_on_the_other_days(lake: Lake) -> None:
    outcome = with_reuse(lake, NEXT, albums=1, reused=SIZE - 1)
    assert warnings(outcome.published[NEXT]) == []


def test_albums_that_nobody_asked_for_and_no_earlier_capture_has_are_missing(lake: Lake) -> None:
    outcome = with_reuse(lake, NEXT, albums=1, reused=SIZE // 2)
    assert "raw/albums: at least 67% of the usual rows" in "; ".join(outcome.withheld[NEXT])


def without(item: Item, name: str) -> Item:
    return replace(item, item={key: value for key, value in item.item.items() if key != name})


DRIFTS = [
    pytest.param(
        "artists",
        lambda item: spoilt(item, {"biography": {"text": "Born in …"}}),
        "biography appeared",
        '{"text": "Born in …"}',
        id="a new field",
    ),
    pytest.param("albums", lambda item: without(item, "label"), "label vanished", "", id="a field that vanishes"),
    pytest.param(
        "tracks",
        lambda item: spoilt(item, {"popularity": str(item.item["popularity"])}),
        "popularity is string, was number",
        '"0"',
        id="another type",
    ),
    pytest.param(
        "tracks",
        lambda item: spoilt(item, {"album": item.item["album"] | {"total_tracks": "2"}}),
        "album.total_tracks is string, was number",
        '"2"',
        id="another type deep inside",
    ),
]


@pytest.mark.parametrize(("entity", "drift", "said", "example"), DRIFTS)
@pytest.mark.parametrize("together", [True, False], ids=["one run", "two runs"])
def test_fields_that_change_are_published_and_told_once_with_an_example(
    lake: Lake, entity: str, drift: Callable[[Item], Item], said: str, example: str, together: bool
) -> None:
    items = changed(entity, lambda n, item: [drift(item)])
    for day in (NEXT, AFTER):
        capture(lake, day, "c1", *items)
    if together:
        publish_dates(lake, [NEXT, AFTER])
    else:
        publish_dates(lake, [NEXT])
        publish_dates(lake, [AFTER])
    records = heads(lake)
    [told] = warnings(records[NEXT])
    assert (told.table, told.check) == (f"raw/{entity}", f"fields are the known ones: {said}")
    assert told.example == example
    assert warnings(records[AFTER]) == []
    assert {table: len(rows) for table, rows in of(NEXT, seen(lake)).items()} == {
        table: len(rows) for table, rows in of(HISTORY[0], seen(lake)).items()
    }
