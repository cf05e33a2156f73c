"""Charts: places, points and streams of tracks and artists, and how tracks move."""

from spotify_platform.powerbi.measures.measure import DECIMAL, WHOLE, Measure

_FOLDER = "Charts"
_PLACES = """
        with places as (
            select market, snapshot_date, track_id, min(rank) as place, max(streams) as streams
            from curated.chart_entries
            where market = 'GLOBAL'
            group by market, snapshot_date, track_id
        ),

        sized as (
            select *, max(place) over (partition by market, snapshot_date) + 1 - place as points
            from places
        )
"""
_OF_NEON_HEART = """
        inner join marts.bridge_track_artist using (track_id)
        inner join marts.dim_artist using (artist_id)
        where artist_name = 'Neon Heart'
"""
# What stood where, beside what stood there on the chart before.
_MOVES = """
        with days as (
            select snapshot_date, lag(snapshot_date) over (order by snapshot_date) as before
            from (select distinct snapshot_date from curated.chart_entries where market = 'US')
        ),

        places as (
            select snapshot_date, track_id, min(rank) as place
            from curated.chart_entries
            where market = 'US'
            group by snapshot_date, track_id
        ),

        moves as (
            select
                places.*,
                days.before,
                earlier.place as earlier,
                min(places.snapshot_date) over (partition by places.track_id) = places.snapshot_date as first_time
            from places
            inner join days on places.snapshot_date = days.snapshot_date
            left join places as earlier on days.before = earlier.snapshot_date and places.track_id = earlier.track_id
        )
"""

CHARTS = (
    Measure(
        "Track points",
        "fct_chart_daily",
        _FOLDER,
        "Points of the charted tracks: chart size + 1 − rank for each place.",
        WHOLE,
        "SUM(fct_chart_daily[points])",
        "market GLOBAL, all days",
        f"{_PLACES}\n        select sum(points)\n        from sized",
    ),
    Measure(
        "Track streams",
        "fct_chart_daily",
        _FOLDER,
        "Streams of the charted tracks, where the charts tell them.",
        WHOLE,
        "SUM(fct_chart_daily[streams])",
        "market GLOBAL, all days",
        f"{_PLACES}\n        select sum(streams)\n        from sized",
    ),
    Measure(
        "Charted tracks",
        "fct_chart_daily",
        _FOLDER,
        "Different tracks on the charts.",
        WHOLE,
        "DISTINCTCOUNT(fct_chart_daily[track_id])",
        "market GLOBAL, all days",
        """
        select count(distinct track_id)
        from curated.chart_entries
        where market = 'GLOBAL'
        """,
    ),
    Measure(
        "Artist points",
        "fct_artist_chart_daily",
        _FOLDER,
        "Points of the artists: each artist of a track gets its points in full.",
        WHOLE,
        "SUM(fct_artist_chart_daily[points])",
        "market GLOBAL, artist Neon Heart, all days",
        f"{_PLACES}\n        select sum(points)\n        from sized{_OF_NEON_HEART}",
    ),
    Measure(
        "Charting artists",
        "fct_artist_chart_daily",
        _FOLDER,
        "Different artists on the charts; those that no capture tells count by the chart's credit.",
        WHOLE,
        "DISTINCTCOUNT(fct_artist_chart_daily[artist_key])",
        "market GLOBAL, all days",
        """
        select count(distinct coalesce(artist_id, 'name:' || coalesce(artist_names, '')))
        from curated.chart_entries
        left join marts.bridge_track_artist using (track_id)
        where market = 'GLOBAL'
        """,
    ),
    Measure(
        "Artist chart days",
        "fct_artist_chart_daily",
        _FOLDER,
        "Charts with the artists, one for each artist, market and day.",
        WHOLE,
        "COUNTROWS(fct_artist_chart_daily)",
        "market GLOBAL, artist Neon Heart, all days",
        f"{_PLACES}\n        select count(distinct snapshot_date)\n        from sized{_OF_NEON_HEART}",
    ),
    Measure(
        "Artist best rank",
        "fct_artist_chart_daily",
        _FOLDER,
        "Best place of the artists' tracks.",
        WHOLE,
        "MIN(fct_artist_chart_daily[best_rank])",
        "market GLOBAL, artist Neon Heart, all days",
        f"{_PLACES}\n        select min(place)\n        from sized{_OF_NEON_HEART}",
    ),
    Measure(
        "New entries",
        "chart_movement",
        _FOLDER,
        "Tracks on a market's chart for the first time, the market's first chart left out.",
        WHOLE,
        'CALCULATE(COUNTROWS(chart_movement), chart_movement[movement] = "NEW")',
        "market US, all days",
        f"{_MOVES}\n        select count(*)\n        from moves\n        where before is not null and first_time",
    ),
    Measure(
        "Re-entries",
        "chart_movement",
        _FOLDER,
        "Tracks that are back on a market's chart.",
        WHOLE,
        'CALCULATE(COUNTROWS(chart_movement), chart_movement[movement] = "RE-ENTRY")',
        "market US, all days",
        f"""{_MOVES}
        select count(*)
        from moves
        where before is not null and earlier is null and not first_time
        """,
    ),
    Measure(
        "Track rank",
        "chart_movement",
        _FOLDER,
        "Place on the chart of the newest day; the best one where several are chosen.",
        WHOLE,
        """
        VAR Newest = [Newest chart day]
        RETURN CALCULATE(MIN(chart_movement[rank]), dim_date[snapshot_date] = Newest)
        """,
        "market US, track Kite & Mellow, all days",
        """
        select min(rank)
        from curated.chart_entries
        where market = 'US' and track_name = 'Kite & Mellow' and snapshot_date = date '2026-11-19'
        """,
    ),
    Measure(
        "Places gained",
        "chart_movement",
        _FOLDER,
        "Places gained on the newest day since the market's previous chart; negative: lost. Summed over tracks.",
        "+#,0;-#,0;0",
        """
        VAR Newest = [Newest chart day]
        RETURN CALCULATE(SUM(chart_movement[rank_change]), dim_date[snapshot_date] = Newest)
        """,
        "market US, track Another Compass, all days",
        f"""{_MOVES}
        select sum(earlier - place)
        from moves
        inner join marts.dim_track using (track_id)
        where snapshot_date = date '2026-11-19' and track_name = 'Another Compass'
        """,
    ),
    Measure(
        "Charts in a row",
        "chart_movement",
        _FOLDER,
        "Charts in a row with the track up to the newest day's; the longest where several tracks are chosen.",
        WHOLE,
        """
        VAR Newest = [Newest chart day]
        RETURN CALCULATE(MAX(chart_movement[consecutive_days]), dim_date[snapshot_date] = Newest)
        """,
        "market US, track Kite & Mellow, all days",
        """
        -- every day has its chart here: a row goes back to the last day without the track
        select date '2026-11-19' - max(snapshot_date)
        from (
            select snapshot_date from marts.dim_date
            union
            select date '2026-09-20'
        )
        where snapshot_date not in (
            select snapshot_date from curated.chart_entries where market = 'US' and track_name = 'Kite & Mellow'
        )
        """,
    ),
    Measure(
        "Days on chart",
        "chart_movement",
        _FOLDER,
        "Charts with the track up to the newest day's; the most where several tracks are chosen.",
        WHOLE,
        """
        VAR Newest = [Newest chart day]
        RETURN CALCULATE(MAX(chart_movement[days_on_chart]), dim_date[snapshot_date] = Newest)
        """,
        "market US, track Kite & Mellow, all days",
        """
        select count(distinct snapshot_date)
        from curated.chart_entries
        where market = 'US' and track_name = 'Kite & Mellow'
        """,
    ),
    Measure(
        "Track popularity",
        "fct_track_daily",
        _FOLDER,
        "Spotify's score of the tracks on the newest day that any track was captured, their mean.",
        DECIMAL,
        """
        VAR Newest = CALCULATE(MAX(fct_track_daily[snapshot_date]), REMOVEFILTERS(dim_track))
        RETURN CALCULATE(AVERAGE(fct_track_daily[popularity]), dim_date[snapshot_date] = Newest)
        """,
        "all tracks, all days",
        """
        select avg(popularity)
        from curated.tracks
        where snapshot_date = date '2026-11-19'
        """,
    ),
)
