"""The plan: what a capture would cost, said without a request, and held against what it did cost."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from spotify_platform.extract.account import DEVELOPMENT, EXTENDED, ModeSetting, remember
from spotify_platform.extract.client import Credentials
from spotify_platform.extract.plan import Plan, plan
from spotify_platform.extract.session import Session
from spotify_platform.extract.watchlist import Name, Search, Watchlist
from spotify_platform.lake.store import Lake
from spotify_platform.sandbox import Catalogue, Sandbox, serve

TODAY = datetime.now(UTC).date()


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    """A catalogue around today."""
    return Catalogue(anchor=TODAY)


@pytest.fixture(scope="module")
def sandbox(catalogue: Catalogue) -> Iterator[Sandbox]:
    """The sandbox, running."""
    with serve(catalogue) as running:
        yield running


@pytest.fixture
def session(lake: Lake, catalogue: Catalogue, sandbox: Sandbox) -> Session:
    """A session of today that watches ten artists and a playlist."""
    there = Credentials("me", SecretStr("secret"), sandbox.api_url(TODAY), sandbox.token_url)
    artists = tuple(catalogue.artist(number).id for number in range(10))
    return Session(lake, Watchlist(artists=artists, playlists=catalogue.playlist_ids[:1]), there, "extended")


def certain(found: Plan) -> dict[str, int]:
    """What a plan is sure of."""
    return {one.family: one.certain for one in found.families if one.certain}


def test_a_plan_needs_no_request(session: Session, lake: Lake) -> None:
    nowhere = replace(session.credentials, api_url="http://127.0.0.1:9/", token_url="http://127.0.0.1:9/")
    found = plan(replace(session, credentials=nowhere))
    assert certain(found) == {"artists": 1, "artists/albums": 10, "playlists": 1}
    assert found.requests > 2 and found.duration > timedelta(0)
    assert lake.keys("raw") == []


def test_each_mode_has_a_plan_of_its_own(session: Session) -> None:
    small = plan(replace(session, mode="development"))
    assert small.mode == DEVELOPMENT
    assert certain(small) == {"artists": 10, "artists/albums": 10, "playlists": 1}  # one at a time
    assert small.duration >= timedelta(seconds=small.requests)


def test_an_unknown_mode_is_said_to_be_assumed(session: Session, lake: Lake) -> None:
    asking = replace(session, mode="auto")
    assert not plan(asking).mode_is_known
    remember(lake, session.client_id, mode="extended", mode_found_at=session.now())
    assert (plan(asking).mode, plan(asking).mode_is_known) == (EXTENDED, True)
    remember(lake, session.client_id, mode_found_at=session.now() - timedelta(days=8))
    assert not plan(asking).mode_is_known  # modes change: it is found out anew once a week


def test_tomorrows_plan_knows_what_todays_capture_holds(session: Session) -> None:
    first = session.capture_today({})
    assert plan(session).done
    assert plan(session).requests == 0
    tomorrow = plan(replace(session, now=lambda: datetime.now(UTC) + timedelta(days=1)))
    sure = certain(tomorrow)
    assert tomorrow.reused > 10
    assert "artists/albums" not in sure and "albums" not in sure
    assert sure["tracks"] >= first.requests["tracks"]


def test_what_is_left_of_the_budget_is_said(session: Session) -> None:
    watchlist = session.watchlist.model_copy(update={"budget": {"artists/albums": 4, "search": 9}})
    found = plan(replace(session, watchlist=watchlist))
    left = {one.family: one.left for one in found.families if one.left is not None}
    assert left == {"artists/albums": 4, "search": 9}
    assert found.short == ["artists/albums"]
    spent = replace(session, watchlist=session.watchlist.model_copy(update={"depth": "artists"}))
    spent.capture_today({})
    again = {one.family: one.spent for one in plan(session).families}
    assert again["artists"] == 1 and again["playlists"] == 1


def test_searches_and_names_are_planned_by_their_pages(session: Session) -> None:
    watchlist = Watchlist(
        artists=(Name(name="Somebody"),),
        searches=(Search(query="tag:new", type="album", most=100), Search(query="x", type="artist")),
        markets=("DE", "US"),
    )
    by_mode: dict[ModeSetting, int] = {"extended": 1 + 2 * (2 + 1), "development": 1 + 2 * (10 + 5)}
    for mode, pages in by_mode.items():
        found = plan(replace(session, watchlist=watchlist, mode=mode))
        assert next(one.certain + one.estimated for one in found.families if one.family == "search") == pages
