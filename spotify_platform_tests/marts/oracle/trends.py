"""Who is trending: an artist's points of late against those before, by day and by charting week."""

import math
from collections.abc import Iterator
from typing import NamedTuple

import pandas as pd

from .basis import DAY, UNKNOWN_ARTIST, WEEK, Curated, Row, covered, mart, number, rounded
from .charts import Chart, between, by_artist, calendars, name_of, points, stated_names, weeks
from .known import Artist, names

NEEDED_DAYS = 7
NO_EARLIER_CHART = "no chart in the 28 days before the last 7"
NO_EARLIER_WEEK = "no chart in the four weeks before"
TOO_FEW_DAYS = f"fewer than {NEEDED_DAYS} observed days"


class Trend(NamedTuple):
    """An artist's mean daily points of late and before, how they changed, and why that is not known."""

    artist: Artist
    stated: dict[Artist, str | None]  # how the charts of both windows credit each artist
    now: float
    before: float | None
    change: float | None
    reason: str | None


def trending_artists_daily(curated: Curated) -> pd.DataFrame:
    """Chart points of an artist's last 7 days against those of the 28 days before."""
    named = names(curated)
    rows = []
    for market, calendar in calendars(curated).items():
        for day, chart in calendar.items():
            recent = list(between(calendar, day - 6 * DAY, day).values())
            earlier = list(between(calendar, day - 34 * DAY, day - 7 * DAY).values())
            today = by_artist(chart)
            for trend in _trends(recent, earlier, NO_EARLIER_CHART):
                charted = today.get(trend.artist, [])
                rows.append(
                    {
                        "snapshot_date": day,
                        "market": market,
                        "artist_key": trend.artist.key,
                        "artist_id": trend.artist.id,
                        "artist_name": name_of(trend.artist, named, trend.stated),
                        "points_7d": trend.now,
                        "points_28d": trend.before,
                        "trend": trend.change,
                        "best_rank": min((entry.rank for entry in charted), default=None),
                        "charted_tracks": len({entry.track_id for entry in charted}),
                        "observed_days": len(recent) + len(earlier),
                        "reason": trend.reason,
                        "history_from": min(calendar),
                        **covered(len(recent) + len(earlier), 35),
                    }
                )
    _number(rows, "snapshot_date", "points_7d")
    return mart("trending_artists_daily", rows)


def trending_artists_weekly(curated: Curated) -> pd.DataFrame:
    """Chart points of an artist's charting week against those of the four weeks before."""
    named = names(curated)
    rows = []
    for market, calendar in calendars(curated).items():
        for week in weeks(calendar):
            recent = list(between(calendar, week, week + 6 * DAY).values())
            earlier = list(between(calendar, week - 4 * WEEK, week - DAY).values())
            for trend in _trends(recent, earlier, NO_EARLIER_WEEK):
                ranks = [_best(chart, trend.artist) for chart in recent]
                charted = [rank for rank in ranks if rank is not None]
                rows.append(
                    {
                        "chart_week": week,
                        "market": market,
                        "artist_key": trend.artist.key,
                        "artist_id": trend.artist.id,
                        "artist_name": name_of(trend.artist, named, trend.stated),
                        "points_week": trend.now,
                        "points_4w": trend.before,
                        "trend": trend.change,
                        "best_rank": min(charted, default=None),
                        "charted_days": len(charted),
                        "week_days": len(recent),
                        "observed_days": len(recent) + len(earlier),
                        "reason": trend.reason,
                        "history_from": min(calendar),
                        **covered(len(recent) + len(earlier), 35),
                    }
                )
    _number(rows, "chart_week", "points_week")
    return mart("trending_artists_weekly", rows)


def _trends(recent: list[Chart], earlier: list[Chart], no_earlier: str) -> Iterator[Trend]:
    """Each artist of the charts: mean points over those of late, over those before, and the change."""
    own_recent, own_earlier = points(recent), points(earlier)
    stated = stated_names(recent + earlier)
    observed = len(recent) + len(earlier)
    for artist in stated:
        now = rounded(own_recent.get(artist, 0) / len(recent))
        before = rounded(own_earlier.get(artist, 0) / len(earlier)) if earlier else None
        change = reason = None
        if before is None:
            reason = no_earlier
        elif observed < NEEDED_DAYS:
            reason = TOO_FEW_DAYS
        else:
            change = rounded(math.log(1 + now) - math.log(1 + before))
            reason = None if artist.id else UNKNOWN_ARTIST
        yield Trend(artist, stated, now, before, change, reason)


def _best(chart: Chart, artist: Artist) -> int | None:
    return min((entry.rank for entry in chart if artist in entry.artists), default=None)


def _number(rows: list[Row], when: str, mean: str) -> None:
    """Places by trend, in each market and over all."""
    for column, within in (("rank_in_market", (when, "market")), ("rank_global", (when,))):
        number(rows, column, "trend", within, lambda row: (-row["trend"], -row[mean], row["artist_key"], row["market"]))
