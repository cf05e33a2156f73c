"""Trends: whose chart points grow, by day and by charting week."""

from spotify_platform.powerbi.measures.measure import DECIMAL, WHOLE, Measure

_FOLDER = "Trends"
_FOR = "market GLOBAL, artist Neon Heart, all days"
_POINTS = """
        with sized as (
            select *, max(rank) over (partition by snapshot_date) + 1 - rank as points
            from curated.chart_entries
            where market = 'GLOBAL'
        ),

        daily as (
            select snapshot_date, artist_name, sum(points) as points
            from sized
            inner join marts.bridge_track_artist using (track_id)
            inner join marts.dim_artist using (artist_id)
            group by snapshot_date, artist_name
        ),

        -- every day has its chart here: 7 and 28 of them
        trends as (
            select
                artist_name,
                coalesce(sum(points) filter (where snapshot_date > date '2026-11-12'), 0) / 7 as recent,
                coalesce(sum(points) filter (where snapshot_date <= date '2026-11-12'), 0) / 28 as before
            from daily
            where snapshot_date > date '2026-10-15'
            group by artist_name
        )
"""


def _of_day(name: str, meaning: str, format: str, aggregate: str, column: str, select: str) -> Measure:
    """A measure of the newest day, of one market."""
    return Measure(
        name,
        "trending_artists_daily",
        _FOLDER,
        f"{meaning} On the newest chart day, of one market.",
        format,
        f"""
        VAR Newest = [Newest chart day]
        RETURN
            IF(
                HASONEVALUE(dim_market[market]),
                CALCULATE({aggregate}(trending_artists_daily[{column}]), dim_date[snapshot_date] = Newest)
            )
        """,
        _FOR,
        f"{_POINTS}\n        {select}",
    )


def _of_week(name: str, meaning: str, format: str, aggregate: str, column: str, select: str) -> Measure:
    """A measure of the newest full week, of one market."""
    return Measure(
        name,
        "trending_artists_weekly",
        _FOLDER,
        f"{meaning} In the newest full charting week, of one market.",
        format,
        f"""
        VAR Newest = [Newest full week]
        RETURN
            IF(
                HASONEVALUE(dim_market[market]),
                CALCULATE({aggregate}(trending_artists_weekly[{column}]), dim_week[chart_week] = Newest)
            )
        """,
        _FOR,
        f"{_POINTS}\n        {select}",
    )


_TREND = "select ln(1 + recent) - ln(1 + before)\n        from trends\n        where artist_name = 'Neon Heart'"
_RECENT = "select recent\n        from trends\n        where artist_name = 'Neon Heart'"
_BEFORE = "select before\n        from trends\n        where artist_name = 'Neon Heart'"
_PLACE = """select count(*) + 1
        from trends
        where
            ln(1 + recent) - ln(1 + before)
            > (select ln(1 + recent) - ln(1 + before) from trends where artist_name = 'Neon Heart')"""

TRENDS = (
    _of_day(
        "Artist trend",
        "ln(1 + mean daily points of 7 days) − ln(1 + those of the 28 days before); 0.69 is twice as many.",
        DECIMAL,
        "AVERAGE",
        "trend",
        _TREND,
    ),
    _of_day("Trend place", "Place by trend.", WHOLE, "MIN", "rank_in_market", _PLACE),
    _of_day("Points of 7 days", "Mean daily points of the last 7 days.", DECIMAL, "SUM", "points_7d", _RECENT),
    _of_day("Points of 28 days", "Mean daily points of the 28 days before.", DECIMAL, "SUM", "points_28d", _BEFORE),
    Measure(
        "Trend of the selection",
        "fct_artist_chart_daily",
        _FOLDER,
        "The same trend for the points of all chosen artists together, computed here, not in the mart. Of one market.",
        DECIMAL,
        """
        VAR Newest = [Newest chart day]
        VAR Recent = DATESINPERIOD(dim_date[snapshot_date], Newest, -7, DAY)
        VAR Before = DATESINPERIOD(dim_date[snapshot_date], Newest - 7, -28, DAY)
        VAR RecentCharts = CALCULATE([Charts there], Recent)
        VAR BeforeCharts = CALCULATE([Charts there], Before)
        VAR RecentPoints = CALCULATE([Artist points], Recent)
        VAR BeforePoints = CALCULATE([Artist points], Before)
        RETURN
            IF(
                HASONEVALUE(dim_market[market])
                    && RecentCharts > 0
                    && BeforeCharts > 0
                    && RecentCharts + BeforeCharts >= 7,
                LN(1 + DIVIDE(RecentPoints, RecentCharts)) - LN(1 + DIVIDE(BeforePoints, BeforeCharts))
            )
        """,
        "market GLOBAL, artists Neon Heart and Crystal Ocean, all days",
        f"""{_POINTS}
        select ln(1 + sum(recent)) - ln(1 + sum(before))
        from trends
        where artist_name in ('Neon Heart', 'Crystal Ocean')
        """,
    ),
    _of_week(
        "Weekly trend",
        "The trend of the week against the four weeks before.",
        DECIMAL,
        "AVERAGE",
        "trend",
        _TREND,
    ),
    _of_week("Weekly place", "Place by the weekly trend.", WHOLE, "MIN", "rank_in_market", _PLACE),
    _of_week("Points of the week", "Mean daily points of the week.", DECIMAL, "SUM", "points_week", _RECENT),
    _of_week("Points of 4 weeks", "Mean daily points of the four weeks before.", DECIMAL, "SUM", "points_4w", _BEFORE),
)
