"""Genres: their share of the charts' weight, and how it grows."""

from spotify_platform.powerbi.measures.measure import SHARE, WHOLE, Measure

_FOLDER = "Genres"
_FOR = "market GLOBAL, genre metal, all days"
_WEIGHTS = """
        with track_genres as (
            select distinct track_id, genre
            from marts.bridge_track_artist
            inner join marts.bridge_artist_genre using (artist_id)
        ),

        weights as (
            select
                snapshot_date,
                track_id,
                genre,
                1 / rank / count(*) over (partition by snapshot_date, track_id) as weight
            from curated.chart_entries
            inner join track_genres using (track_id)
            where market = 'GLOBAL'
        ),

        spans as (
            select
                genre = 'metal' as is_metal,
                sum(weight) filter (where snapshot_date >= date '2026-10-23') as recent,
                sum(weight) filter (where snapshot_date between date '2026-09-25' and date '2026-10-22') as before
            from weights
            group by is_metal
        ),

        shares as (
            select
                sum(recent) filter (where is_metal) / sum(recent) as share_4w,
                sum(before) filter (where is_metal) / sum(before) as share_before
            from spans
        )
"""


def _of_week(name: str, meaning: str, format: str, aggregate: str, column: str, select: str) -> Measure:
    """A measure of the newest full week, of one market."""
    return Measure(
        name,
        "genre_growth",
        _FOLDER,
        f"{meaning} As of the newest full charting week, of one market.",
        format,
        f"""
        VAR Newest = [Newest full week]
        RETURN
            IF(
                HASONEVALUE(dim_market[market]),
                CALCULATE({aggregate}(genre_growth[{column}]), dim_week[chart_week] = Newest)
            )
        """,
        _FOR,
        f"{_WEIGHTS}\n        {select}",
    )


GENRES = (
    Measure(
        "Genre share",
        "genre_growth",
        _FOLDER,
        "Share of a chart's weight (1/rank, shared by a track's genres), the mean of the chosen markets' weeks. Shares "
        "of genres add up.",
        SHARE,
        """
        VAR Weeks =
            CALCULATETABLE(
                SUMMARIZE(
                    FILTER(genre_growth, NOT(ISBLANK(genre_growth[share]))),
                    genre_growth[market],
                    genre_growth[chart_week]
                ),
                REMOVEFILTERS(genre_growth[genre])
            )
        RETURN DIVIDE(SUM(genre_growth[share]), COUNTROWS(Weeks))
        """,
        "market GLOBAL, genre metal, all days",
        f"""{_WEIGHTS}
        select avg(share)
        from (
            select coalesce(sum(weight) filter (where genre = 'metal'), 0) / sum(weight) as share
            from weights
            group by snapshot_date - ((isodow(snapshot_date) + 2) % 7)::int
        )
        """,
    ),
    _of_week(
        "Genre growth",
        "Share of the last four weeks over that of the four before, less 1; 50 % is half as much again. Blank with "
        "fewer than 10 tracks.",
        "+0.0%;-0.0%;0.0%",
        "AVERAGE",
        "growth",
        "select share_4w / share_before - 1\n        from shares",
    ),
    _of_week(
        "Genre share of 4 weeks",
        "Share of the charts' weight in four weeks.",
        SHARE,
        "SUM",
        "share_4w",
        "select share_4w\n        from shares",
    ),
    _of_week(
        "Genre share before",
        "Share of the charts' weight in the four weeks before those.",
        SHARE,
        "SUM",
        "share_before",
        "select share_before\n        from shares",
    ),
    _of_week(
        "Genre tracks",
        "Different tracks of a genre on the charts of eight weeks. Of one genre: tracks of several would count twice.",
        WHOLE,
        "MAX",
        "tracks",
        "select count(distinct track_id)\n        from weights\n"
        "        where genre = 'metal' and snapshot_date >= date '2026-09-25'",
    ),
)
