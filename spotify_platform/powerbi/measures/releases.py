"""New releases: what they did on the charts, day by day since release."""

from spotify_platform.powerbi.measures.measure import WHOLE, Measure

_FOLDER = "Releases"
_FOR = "album No More Signals, all days"
_DAYS = """
        with days as (
            select
                snapshot_date,
                snapshot_date - dim_album.release_date as day,
                sum(51 - rank) as points,  -- charts of the demo have 50 places
                min(rank) as best
            from curated.chart_entries
            inner join marts.dim_track using (track_id)
            inner join marts.dim_album using (album_id)
            where album_name = 'No More Signals'
            group by snapshot_date, day
        )
"""


def _popularity(day: int, date: str) -> Measure:
    return Measure(
        f"Popularity on day {day}",
        "new_release_performance",
        _FOLDER,
        f"Spotify's score of the album {day} days after its release; the highest of several. Blank where it was not "
        "captured then.",
        WHOLE,
        f"MAX(new_release_performance[popularity_day_{day}])",
        _FOR,
        f"""
        select max(popularity)
        from curated.albums
        where name = 'No More Signals' and snapshot_date = date '{date}'
        """,
    )


RELEASES = (
    Measure(
        "Release points",
        "new_release_performance",
        _FOLDER,
        "Points of the releases over all charts, summed over the chosen days.",
        WHOLE,
        "SUM(new_release_performance[points])",
        _FOR,
        f"{_DAYS}\n        select sum(points)\n        from days",
    ),
    Measure(
        "Release peak rank",
        "new_release_performance",
        _FOLDER,
        "Best place of the releases on any chart.",
        WHOLE,
        "MIN(new_release_performance[best_rank])",
        _FOR,
        f"{_DAYS}\n        select min(best)\n        from days",
    ),
    Measure(
        "Release peak day",
        "new_release_performance",
        _FOLDER,
        "Days from release to the first day with most points, as of the newest of the chosen days. Of one release.",
        WHOLE,
        """
        VAR Newest = MAX(new_release_performance[snapshot_date])
        RETURN
            CALCULATE(MAX(new_release_performance[peak_day]), new_release_performance[snapshot_date] = Newest)
        """,
        _FOR,
        f"{_DAYS}\n        select day\n        from days\n        order by points desc, day\n        limit 1",
    ),
    Measure(
        "Markets reached",
        "new_release_performance",
        _FOLDER,
        "Markets with a track of the release on a chart so far; GLOBAL is none. The most of several releases.",
        WHOLE,
        "MAX(new_release_performance[markets_reached])",
        _FOR,
        """
        select count(distinct market)
        from curated.chart_entries
        inner join marts.dim_track using (track_id)
        inner join marts.dim_album using (album_id)
        where album_name = 'No More Signals' and market <> 'GLOBAL'
        """,
    ),
    _popularity(1, "2026-10-18"),
    _popularity(7, "2026-10-24"),
    _popularity(28, "2026-11-14"),
)
