"""Who is consistent, who is viral: an artist of a market as of a charting week."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from statistics import fmean, median
from typing import NamedTuple

import pandas as pd

from .basis import DAY, UNKNOWN_ARTIST, WEEK, Curated, Row, because, covered, mart, rounded, rows_of, week_of
from .charts import (
    LONGEST_STEP,
    Calendar,
    between,
    by_artist,
    calendars,
    name_of,
    places,
    points,
    size,
    stated_names,
    weeks,
)
from .known import Artist, names

NO_WEEK_BEFORE = "no chart in the week before"
FEW_CHARTS_BEFORE = "fewer than 7 charts in the four weeks before"
SHORT_HISTORY = "history of under 13 weeks"

NEEDED_CHARTS = 7  # for spikes
NEEDED_HISTORY = 13 * WEEK
LARGEST_CHANGE = 20  # of popularity, either way
NOTHING = 1e-9  # a deviation under this is one of arithmetic

STAGES = (("superstar", 3), ("mainstream", 23), ("mid-level", 123))  # and up to which ten-thousandth of the artists
CLASSES = (("explosive", 8), ("high", 2))  # and from which score on


class Day(NamedTuple):
    """A chart as its artists see it."""

    date: date
    size: int
    best: Mapping[Artist, int]
    points: Mapping[Artist, int]
    new: Counter[Artist] | None  # places with a track that was not on the previous chart; None on the first chart


def artist_consistency_virality(curated: Curated) -> pd.DataFrame:
    """A row for each artist of a market with a chart of his in the four weeks up to a charting week."""
    known, scores = names(curated), _popularity(curated)
    markets = calendars(curated)
    stages: dict[date, dict[Artist, str]] = {}
    rows: list[Row] = []
    for market, calendar in markets.items():
        days = _days(calendar)
        for week in weeks(calendar):
            if week not in stages:
                stages[week] = _stages(markets.values(), week)
            stated = stated_names(between(calendar, week - 3 * WEEK, week + 6 * DAY).values())
            of_week = _Week(week, [day for day in days if day.date <= week + 6 * DAY])
            found = [
                {
                    "chart_week": week,
                    "market": market,
                    "artist_key": artist.key,
                    "artist_id": artist.id,
                    "artist_name": name_of(artist, known, stated),
                    **of_week.consistency(artist),
                    **of_week.streaks(artist),
                    "spike_days": of_week.spike_days(artist),
                    "rank_gain": of_week.rank_gain(artist),
                    "new_entries": of_week.new_entries(artist),
                    "popularity_change": _popularity_change(scores.get(artist.id or "", {}), week),
                    "stage": stages[week][artist],
                    "growth": of_week.growth(artist),
                    "history_from": days[0].date,
                    **covered(len(of_week.window), 28),
                }
                for artist in stated
            ]
            _add_virality(found)
            _add_growth(found)
            for row in found:
                row["reason"] = because(
                    NO_WEEK_BEFORE if row["rank_gain"] is None else None,
                    FEW_CHARTS_BEFORE if row["spike_days"] is None else None,
                    SHORT_HISTORY if row["growth_score"] is None else None,
                    UNKNOWN_ARTIST if row["artist_id"] is None else None,
                )
            rows += found
    return mart("artist_consistency_virality", rows)


class _Week:
    """A market's charts as of a charting week: what they tell of an artist."""

    def __init__(self, week: date, days: Sequence[Day]) -> None:
        self.days = days  # all charts up to the week's last one
        self.last = self._span(week, week + 6 * DAY)
        self.window = self._span(week - 3 * WEEK, week + 6 * DAY)
        self.week_before = self._span(week - WEEK, week - DAY)
        self.before = self._span(week - 4 * WEEK, week - DAY)
        self.nine_before = self._span(week - 12 * WEEK, week - 3 * WEEK - DAY)
        self.long_known = week + 7 * DAY - days[0].date >= NEEDED_HISTORY
        self.largest = max(day.size for day in self.window)

    def _span(self, first: date, last: date) -> list[Day]:
        return [day for day in self.days if first <= day.date <= last]

    def consistency(self, artist: Artist) -> Row:
        """How often and how steadily he was on the charts of the four weeks."""
        ranks = [day.best[artist] for day in self.window if artist in day.best]
        presence, moves = len(ranks) / len(self.window), _mad(ranks)
        return {
            "charted_days": len(ranks),
            "observed_days": len(self.window),
            "presence_rate": rounded(presence),
            "rank_mad": rounded(moves),
            "consistency": rounded(100 * presence * (1 - moves / self.largest)),
        }

    def streaks(self, artist: Artist) -> Row:
        """Charts in a row with him, and his best place, since the market's first chart."""
        current, longest = 0, 0
        for index, day in enumerate(self.days):
            if index and (day.date - self.days[index - 1].date).days > LONGEST_STEP:
                current = 0
            current = current + 1 if artist in day.best else 0
            longest = max(longest, current)
        ranks = [day.best[artist] for day in self.days if artist in day.best]
        return {
            "current_streak": current,
            "longest_streak": longest,
            "days_on_chart": len(ranks),
            "peak_rank": min(ranks),
            "days_at_peak": ranks.count(min(ranks)),
        }

    def spike_days(self, artist: Artist) -> int | None:
        """Days of the week with far more points than usual in the four weeks before."""
        if len(self.before) < NEEDED_CHARTS:
            return None
        usual = [day.points.get(artist, 0) for day in self.before]
        limit = median(usual) + 3 * _mad(usual)
        return sum(day.points.get(artist, 0) > limit for day in self.last)

    def rank_gain(self, artist: Artist) -> int | None:
        """Places gained from the last chart of the week before; off a chart is one place below its last."""
        if not self.week_before:
            return None
        before, now = self.week_before[-1], self.last[-1]
        return before.best.get(artist, before.size + 1) - now.best.get(artist, now.size + 1)

    def new_entries(self, artist: Artist) -> int | None:
        """Places of the week with a track that was not on the previous chart."""
        counts = [day.new for day in self.last if day.new is not None]
        return sum(count[artist] for count in counts) if counts else None

    def growth(self, artist: Artist) -> float | None:
        """Mean daily points of the four weeks minus those of the nine before."""
        if not self.long_known or not self.nine_before:
            return None
        late, before = (fmean(day.points.get(artist, 0) for day in span) for span in (self.window, self.nine_before))
        return late - before


def _days(calendar: Calendar) -> list[Day]:
    days: list[Day] = []
    previous: set[str] | None = None
    for day, chart in calendar.items():
        best = {artist: min(entry.rank for entry in entries) for artist, entries in by_artist(chart).items()}
        placed = places(chart)
        new = None
        if previous is not None:
            entering = [entry for track, entry in placed.items() if track not in previous]
            new = Counter(artist for entry in entering for artist in entry.artists)
        previous = set(placed)
        days.append(Day(day, size(chart), best, points([chart]), new))
    return days


def _popularity(curated: Curated) -> dict[str, dict[date, int]]:
    """The known popularity of each artist by date, in order."""
    scores: dict[str, dict[date, int]] = defaultdict(dict)
    for day, artist, score in sorted(
        rows_of(curated, "artists", "snapshot_date", "artist_id", "popularity"), key=lambda row: row[0]
    ):
        if score is not None:
            scores[artist][day] = score
    return dict(scores)


def _popularity_change(scores: Mapping[date, int], week: date) -> int | None:
    """The newest of the week minus the newest of the week before."""
    now = [score for day, score in scores.items() if week_of(day) == week]
    before = [score for day, score in scores.items() if week_of(day) == week - WEEK]
    if not now or not before:
        return None
    return max(-LARGEST_CHANGE, min(LARGEST_CHANGE, now[-1] - before[-1]))


def _stages(markets: Iterable[Calendar], week: date) -> dict[Artist, str]:
    """The stage of each artist with points on any chart of the four weeks."""
    total = points(
        chart for calendar in markets for chart in between(calendar, week - 3 * WEEK, week + 6 * DAY).values()
    )
    order = sorted(total, key=lambda artist: (-total[artist], artist.key))
    stages = {}
    for ahead, artist in enumerate(order):
        within = (stage for stage, part in STAGES if 10_000 * ahead < part * len(order))
        stages[artist] = next(within, "developing")
    return stages


def _add_virality(rows: list[Row]) -> None:
    """`virality` of all rows of a market's week: the sum of their standard scores."""
    sums = [0.0] * len(rows)
    for column in ("rank_gain", "new_entries", "popularity_change"):
        known = [row[column] for row in rows if row[column] is not None]
        deviation = _deviation(known)
        for index, row in enumerate(rows):
            if row[column] is not None and deviation:
                sums[index] += (row[column] - fmean(known)) / deviation
    for row, total in zip(rows, sums, strict=True):
        row["virality"] = None if row["rank_gain"] is None else rounded(total)


def _add_growth(rows: list[Row]) -> None:
    """`growth_score` and `growth_class` of all rows of a market's week, in place of their growth in points."""
    of_stage: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        if row["growth"] is not None:
            of_stage[row["stage"]].append(row["growth"])
    deviations = {stage: _deviation(found) for stage, found in of_stage.items()}
    for row in rows:
        growth = row.pop("growth")
        row["growth_score"], row["growth_class"] = None, "insufficient history"
        if growth is not None:
            deviation = deviations[row["stage"]]
            row["growth_score"] = score = rounded(growth / deviation) if deviation else 0.0
            row["growth_class"] = _class(score)


def _class(score: float) -> str:
    for name, least in CLASSES:
        if score >= least:
            return name
    if score > 1:
        return "moderate"
    return "average" if score >= -1 else "declining"


def _mad(values: Sequence[int]) -> float:
    """The median distance from the median."""
    middle = median(values)
    return median(abs(value - middle) for value in values)


def _deviation(values: Sequence[float]) -> float:
    """The population's standard deviation; 0 where it is nothing but a trace of arithmetic, or nothing is known."""
    if not values:
        return 0.0
    mean = fmean(values)
    deviation = math.sqrt(fmean((value - mean) ** 2 for value in values))
    return deviation if deviation >= NOTHING else 0.0
