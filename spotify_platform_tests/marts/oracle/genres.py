"""Which genres grow: their share of a market's charts, four charting weeks against the four before."""

from collections import defaultdict
from collections.abc import Mapping

import pandas as pd

from .basis import DAY, WEEK, Curated, Row, because, covered, mart, number, rounded
from .charts import Calendar, between, calendars, places, weeks
from .known import genres_of_tracks

NEEDED_TRACKS = 10
NO_GENRE_IN_WEEK = "no known genre in the week"
NO_CHART_BEFORE = "no chart in the four weeks before"
NO_GENRE = "no known genre in the four weeks"
NO_GENRE_BEFORE = "no known genre in the four weeks before"
TOO_FEW_TRACKS = f"fewer than {NEEDED_TRACKS} tracks in the eight weeks"
NOT_BEFORE = "not on a chart in the four weeks before"

Genres = Mapping[str, set[str]]  # of each track with any


def genre_growth(curated: Curated) -> pd.DataFrame:
    """A row for each genre with a track on the charts of the eight weeks."""
    genres = genres_of_tracks(curated)
    rows: list[Row] = []
    for market, calendar in calendars(curated).items():
        for week in weeks(calendar):
            last = week + 6 * DAY
            of_week = between(calendar, week, last)
            of_4w = between(calendar, week - 3 * WEEK, last)
            of_before = between(calendar, week - 7 * WEEK, week - 3 * WEEK - DAY)
            weights, weights_4w, weights_before = (_weights(span, genres) for span in (of_week, of_4w, of_before))
            tracks = _tracks({**of_before, **of_4w}, genres)
            placed = [track for chart in of_week.values() for track in places(chart)]
            for genre in tracks:
                share, share_4w, share_before = (_share(genre, own) for own in (weights, weights_4w, weights_before))
                growth = None
                if not of_before:
                    why = NO_CHART_BEFORE
                elif share_4w is None:
                    why = NO_GENRE
                elif share_before is None:
                    why = NO_GENRE_BEFORE
                elif len(tracks[genre]) < NEEDED_TRACKS:
                    why = TOO_FEW_TRACKS
                elif share_before == 0:
                    why = NOT_BEFORE
                else:
                    why = None
                    growth = rounded(share_4w / share_before - 1)
                rows.append(
                    {
                        "chart_week": week,
                        "market": market,
                        "genre": genre,
                        "share": share,
                        "share_4w": share_4w,
                        "share_before": share_before,
                        "growth": growth,
                        "tracks": len(tracks[genre]),
                        "genre_known_share": rounded(sum(track in genres for track in placed) / len(placed)),
                        "observed_days": len(of_before) + len(of_4w),
                        "reason": because(NO_GENRE_IN_WEEK if share is None else None, why),
                        "history_from": min(calendar),
                        **covered(len(of_before) + len(of_4w), 56),
                    }
                )
    within = ("market", "chart_week")
    number(rows, "rank_by_share", "share", within, lambda row: (-row["share"], row["genre"]))
    number(rows, "rank_by_growth", "growth", within, _by_growth)
    return mart("genre_growth", rows)


def _by_growth(row: Row) -> tuple[object, ...]:
    return -row["growth"], row["share"] is None, -(row["share"] or 0), row["genre"]


def _weights(span: Calendar, genres: Genres) -> dict[str, float]:
    """What each genre weighs on the charts: every track 1/rank a day, in equal parts to its genres."""
    weights: dict[str, float] = defaultdict(float)
    for chart in span.values():
        for track, entry in places(chart).items():
            own = genres.get(track, set())
            for genre in own:
                weights[genre] += 1 / entry.rank / len(own)
    return dict(weights)


def _tracks(span: Calendar, genres: Genres) -> dict[str, set[str]]:
    """The different tracks of each genre on the charts."""
    tracks: dict[str, set[str]] = defaultdict(set)
    for chart in span.values():
        for track in places(chart):
            for genre in genres.get(track, ()):
                tracks[genre].add(track)
    return dict(tracks)


def _share(genre: str, weights: Mapping[str, float]) -> float | None:
    """The genre's part of what all weigh; None where nothing has a known genre."""
    total = sum(weights.values())
    return rounded(weights.get(genre, 0) / total) if total else None
