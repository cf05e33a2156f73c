"""Every planted story can be found from chart ranks alone, whatever the seed."""

import datetime
import math
from collections.abc import Callable, Iterable
from functools import lru_cache

import pytest

from spotify_platform.sandbox import GLOBAL, MARKETS, Catalogue, Stories, stories

ANCHOR = datetime.date(2026, 11, 20)
SIZE = 50
EVERYWHERE = (GLOBAL, *MARKETS)


class Told:
    """One seed's catalogue, its stories, and its charts by days from the anchor."""

    def __init__(self, seed: int) -> None:
        """Charts are drawn when a test asks for them."""
        self.catalogue = Catalogue(seed, 40, ANCHOR)
        self.stories: Stories = stories(self.catalogue)
        self.chart = lru_cache(maxsize=None)(self._chart)

    def _chart(self, market: str, offset: int):
        return self.catalogue.chart(market, ANCHOR + datetime.timedelta(days=offset), SIZE)

    def best(self, market: str, offset: int) -> dict[str, int]:
        """Artist → best rank."""
        best: dict[str, int] = {}
        for row in self.chart(market, offset):
            best.setdefault(row.artist_names[0], row.rank)
        return best

    def ranks(self, market: str, artist: str, offsets: Iterable[int]) -> list[int]:
        """The artist's best rank on each day; SIZE + 1 when absent."""
        return [self.best(market, offset).get(artist, SIZE + 1) for offset in offsets]

    def by_best_rank(self, market: str, offset: int) -> tuple[dict[str, float], float]:
        """Artist → log score of the best rank, and the floor."""
        return {a: -math.log(rank) for a, rank in self.best(market, offset).items()}, -math.log(SIZE + 1)

    def by_all_ranks(self, market: str, offset: int) -> tuple[dict[str, float], float]:
        """Artist → log of the summed reciprocal ranks, and the floor."""
        total: dict[str, float] = {}
        for row in self.chart(market, offset):
            total[row.artist_names[0]] = total.get(row.artist_names[0], 0) + 1 / row.rank
        return {artist: math.log(score) for artist, score in total.items()}, -math.log(SIZE + 1)

    def by_streams(self, market: str, offset: int) -> tuple[dict[str, float], float]:
        """Artist → log streams, and the floor."""
        total: dict[str, int] = {}
        for row in self.chart(market, offset):
            total[row.artist_names[0]] = total.get(row.artist_names[0], 0) + row.streams
        floor = math.log(self.chart(market, offset)[-1].streams)
        return {artist: math.log(score) for artist, score in total.items()}, floor

    def changes(self, score: Callable[..., tuple[dict[str, float], float]], market: str, day: int) -> dict[str, float]:
        """Artist → mean score of the last 7 days minus that of the 28 before."""
        days = [score(market, offset) for offset in range(day - 34, day + 1)]
        artists = {artist for scores, _ in days for artist in scores}
        series = {artist: [scores.get(artist, floor) for scores, floor in days] for artist in artists}
        return {artist: sum(values[28:]) / 7 - sum(values[:28]) / 28 for artist, values in series.items()}

    def scorings(self) -> list[Callable[..., tuple[dict[str, float], float]]]:
        """The three ways a score may be meant."""
        return [self.by_best_rank, self.by_all_ranks, self.by_streams]


@pytest.fixture(scope="module", params=[1, 2, 3, 11, 12])
def told(request: pytest.FixtureRequest) -> Told:
    """The seeds the stories are tried with."""
    return Told(request.param)


def test_the_viral_artist_barely_charts_and_then_climbs_everywhere(told: Told):
    name, start = told.stories.viral_name, (told.stories.viral_start - ANCHOR).days
    assert -14 <= start <= -8
    for market in EVERYWHERE:
        assert min(told.ranks(market, name, range(-40, start))) >= (30 if market == GLOBAL else 20)
        assert told.ranks(market, name, [0])[0] <= 5
    assert sum(row.artist_names[0] == name for row in told.chart(GLOBAL, 0)) >= 3


def test_no_other_artist_changes_as_much_as_the_viral_one(told: Told):
    for score in told.scorings():
        for day in range(-2, 4):
            changes = told.changes(score, GLOBAL, day)
            assert max(changes, key=changes.__getitem__) == told.stories.viral_name
    for market in EVERYWHERE:
        first, second = sorted(told.changes(told.by_best_rank, market, 0).values(), reverse=True)[:2]
        assert first > 1.5 * second
    for score in told.scorings():
        first, second = sorted(told.changes(score, GLOBAL, 0).values(), reverse=True)[:2]
        assert first > 1.5 * second


def test_the_steady_artist_holds_its_place_for_sixty_days(told: Told):
    ranks = told.ranks(GLOBAL, told.stories.steady_name, range(-59, 1))
    assert max(ranks) <= 15 and max(ranks) - min(ranks) <= 4
    holding = [max(told.ranks(market, told.stories.steady_name, range(-59, 1))) <= 15 for market in MARKETS]
    assert sum(holding) >= 9


def test_the_falling_artist_falls_from_the_top_ten_to_the_end(told: Told):
    name = told.stories.falling_name
    assert max(told.ranks(GLOBAL, name, range(-59, -15))) <= 10
    assert told.ranks(GLOBAL, name, [0])[0] >= 35
    weekly = [sum(told.ranks(GLOBAL, name, range(end - 4, end))) / 4 for end in (-11, -7, -3, 1)]
    assert weekly == sorted(weekly)
    for score in told.scorings():
        changes = told.changes(score, GLOBAL, 0)
        # Who stood at a chart's end has little to lose, and loses it at once.
        leading = {
            artist for offset in range(-34, -6) for artist, rank in told.best(GLOBAL, offset).items() if rank <= 20
        }
        assert name in sorted(leading, key=changes.__getitem__)[:3]


def test_the_growing_genres_share_of_streams_at_least_doubles(told: Told):
    genres = {a.name: a.genres for a in map(told.catalogue.artist, range(40))}

    def share(market: str, days: range) -> float:
        rows = [row for offset in days for row in told.chart(market, offset)]
        hits = [row.streams for row in rows if told.stories.growing_genre in genres[row.artist_names[0]]]
        return sum(hits) / sum(row.streams for row in rows)

    early, late = share(GLOBAL, range(-59, -45)), share(GLOBAL, range(-13, 1))
    assert early > 0 and late >= 2 * early


def test_the_album_enters_at_once_peaks_on_its_day_and_decays(told: Told):
    release = (told.stories.album_release - ANCHOR).days
    peak = (told.stories.album_peak - ANCHOR).days
    assert -35 <= release <= -20 and 3 <= peak - release <= 6

    def on(market: str, offset: int):
        album = told.catalogue.planted_album_index
        return [row for row in told.chart(market, offset) if told.catalogue.track(row.track_index).album == album]

    assert all(on(market, release) or on(market, release + 1) for market in EVERYWHERE)
    streams = {offset: sum(row.streams for row in on(GLOBAL, offset)) for offset in range(release, 1)}
    best = {offset: min(row.rank for row in on(GLOBAL, offset)) for offset in range(release, 1)}
    assert max(streams, key=streams.__getitem__) == peak
    assert best[peak] == min(best.values()) <= 5
    assert streams[0] < 0.85 * streams[peak]


def test_the_stories_belong_to_different_artists(told: Told):
    told_of = told.stories
    ids = [told_of.viral_id, told_of.steady_id, told_of.falling_id, told_of.album_artist_id]
    assert len({*ids, *told_of.growing_genre_artist_ids}) == 9


def test_another_seed_tells_other_stories():
    told = [stories(Catalogue(seed, 40, ANCHOR)) for seed in (1, 2, 3, 11, 12)]
    assert len({(one.viral_start, one.album_release, one.growing_genre) for one in told}) > 1
    assert len({one.viral_name for one in told}) > 1
