"""Artists: consistent or viral, in rows of charts, and what Spotify's own scores say."""

from spotify_platform.powerbi.measures.measure import DECIMAL, SHARE, WHOLE, Measure

_FOLDER = "Artists"
_FOR = "market GLOBAL, artist Neon Heart, all days"
_DAYS = """
        with days as (
            select snapshot_date, min(rank) as best, sum(51 - rank) as points  -- charts of the demo have 50 places
            from curated.chart_entries
            inner join marts.bridge_track_artist using (track_id)
            inner join marts.dim_artist using (artist_id)
            where market = 'GLOBAL' and artist_name = 'Neon Heart'
            group by snapshot_date
        )
"""
_RUNS = f"""{_DAYS},

        runs as (
            select max(snapshot_date) as last_day, count(*) as days
            from days
            group by snapshot_date - (
                select count(*)::int from days as earlier where earlier.snapshot_date <= days.snapshot_date
            )
        )
"""
_MART = """
        select {column}
        from marts.artist_consistency_virality
        where market = 'GLOBAL' and artist_name = 'Neon Heart' and chart_week = date '2026-11-13'
"""


def _of_week(name: str, meaning: str, format: str, aggregate: str, column: str, sql: str) -> Measure:
    """A measure of the newest full week, of one market."""
    return Measure(
        name,
        "artist_consistency_virality",
        _FOLDER,
        f"{meaning} As of the newest full charting week, of one market.",
        format,
        f"""
        VAR Newest = [Newest full week]
        RETURN
            IF(
                HASONEVALUE(dim_market[market]),
                CALCULATE({aggregate}(artist_consistency_virality[{column}]), dim_week[chart_week] = Newest)
            )
        """,
        _FOR,
        sql,
    )


def _of_day(name: str, meaning: str, format: str, dax: str, sql: str) -> Measure:
    """A measure of Spotify's own figures, on the newest day that any artist was captured."""
    newest = "VAR Newest = CALCULATE(MAX(fct_artist_daily[snapshot_date]), REMOVEFILTERS(dim_artist))"
    return Measure(
        name,
        "fct_artist_daily",
        _FOLDER,
        f"{meaning} Blank where Spotify did not tell it.",
        format,
        f"{newest}\n{dax}",
        "artist Neon Heart, all days",
        sql,
    )


def _captured(figure: str) -> str:
    """SQL of a figure of the artist's newest capture, `now`, and of the one seven days before, `earlier`."""
    return f"""
        select {figure}
        from curated.artists as now
        inner join curated.artists as earlier
            on now.artist_id = earlier.artist_id and now.snapshot_date = earlier.snapshot_date + 7
        where now.name = 'Neon Heart' and now.snapshot_date = date '2026-11-19'
    """


_CHANGE = """VAR NewFigure = CALCULATE({aggregate}(fct_artist_daily[{column}]), dim_date[snapshot_date] = Newest)
VAR OldFigure = CALCULATE({aggregate}(fct_artist_daily[{column}]), dim_date[snapshot_date] = Newest - 7)
RETURN IF(NOT(ISBLANK(NewFigure)) && NOT(ISBLANK(OldFigure)), NewFigure - OldFigure)"""

ARTISTS = (
    _of_week(
        "Artist consistency",
        "0 to 100: the share of the charts of four weeks that have the artist, and how little the best place moves.",
        DECIMAL,
        "AVERAGE",
        "consistency",
        f"""{_DAYS}
        select 100.0 * count(*) / 28 * (1 - mad(best) / 50)
        from days
        where snapshot_date > date '2026-10-22'
        """,
    ),
    _of_week(
        "Artist virality",
        "Sum of up to three standard scores among the market's artists of the week: places gained, new entries, change "
        "of popularity.",
        DECIMAL,
        "AVERAGE",
        "virality",
        _MART.format(column="virality"),
    ),
    _of_week(
        "Growth score",
        "Points of 4 weeks against those of the 9 before, in standard deviations of artists of the same stage. Blank "
        "under 13 weeks of history.",
        DECIMAL,
        "AVERAGE",
        "growth_score",
        _MART.format(column="growth_score"),
    ),
    Measure(
        "Presence",
        "artist_consistency_virality",
        _FOLDER,
        "Share of the charts of four weeks that have the artist. As of the newest full charting week.",
        SHARE,
        """
        VAR Newest = [Newest full week]
        RETURN
            CALCULATE(
                DIVIDE(
                    SUM(artist_consistency_virality[charted_days]),
                    SUM(artist_consistency_virality[observed_days])
                ),
                dim_week[chart_week] = Newest
            )
        """,
        _FOR,
        f"{_DAYS}\n        select count(*) / 28\n        from days\n        where snapshot_date > date '2026-10-22'",
    ),
    _of_week(
        "Current streak",
        "Charts in a row with the artist up to the week's last one.",
        WHOLE,
        "MAX",
        "current_streak",
        f"{_RUNS}\n        select days\n        from runs\n        where last_day = date '2026-11-19'",
    ),
    _of_week(
        "Longest streak",
        "Longest row of charts with the artist.",
        WHOLE,
        "MAX",
        "longest_streak",
        f"{_RUNS}\n        select max(days)\n        from runs",
    ),
    _of_week(
        "Peak rank",
        "Best place of the artist so far.",
        WHOLE,
        "MIN",
        "peak_rank",
        f"{_DAYS}\n        select min(best)\n        from days",
    ),
    Measure(
        "Spike days",
        "artist_consistency_virality",
        _FOLDER,
        "Days with more points than the median and three deviations of the four weeks before, over all chosen weeks.",
        WHOLE,
        "SUM(artist_consistency_virality[spike_days])",
        "market GLOBAL, artist Neon Heart, week 2026-11-13",
        f"""{_DAYS},

        -- every day has its chart here; 0 where the artist was not on it
        filled as (
            select dim_date.snapshot_date, coalesce(points, 0) as points
            from marts.dim_date
            left join days on dim_date.snapshot_date = days.snapshot_date
        )

        select count(*)
        from filled
        where
            snapshot_date > date '2026-11-12'
            and points > (
                select median(points) + 3 * mad(points)
                from filled
                where snapshot_date between date '2026-10-16' and date '2026-11-12'
            )
        """,
    ),
    _of_day(
        "Artist followers",
        "Followers of the artists on the newest day.",
        WHOLE,
        "RETURN CALCULATE(SUM(fct_artist_daily[followers]), dim_date[snapshot_date] = Newest)",
        _captured("now.followers"),
    ),
    _of_day(
        "New followers",
        "Followers won in the seven days up to the newest.",
        "+#,0;-#,0;0",
        _CHANGE.format(aggregate="SUM", column="followers"),
        _captured("now.followers - earlier.followers"),
    ),
    _of_day(
        "Artist popularity",
        "Spotify's score of the artists on the newest day, their mean.",
        DECIMAL,
        "RETURN CALCULATE(AVERAGE(fct_artist_daily[popularity]), dim_date[snapshot_date] = Newest)",
        _captured("now.popularity"),
    ),
    _of_day(
        "Popularity change",
        "Change of Spotify's score in the seven days up to the newest.",
        "+0.0;-0.0;0",
        _CHANGE.format(aggregate="AVERAGE", column="popularity"),
        _captured("now.popularity - earlier.popularity"),
    ),
)
