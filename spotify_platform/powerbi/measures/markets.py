"""Markets: how fast charts turn over, how new their music is, and which market hears tracks first."""

from spotify_platform.powerbi.measures.measure import DECIMAL, SHARE, TEXT, WHOLE, Measure

_FOLDER = "Markets"
# The charts of Italy without any that came before; a day's previous one is the day before here.
_LAST_28 = "snapshot_date > date '2026-10-22'"

MARKETS = (
    Measure(
        "Mean turnover",
        "market_performance",
        _FOLDER,
        "Share of a chart's tracks that were not on the previous one, mean of the 28 days up to the newest.",
        SHARE,
        """
        VAR Newest = [Newest chart day]
        RETURN
            CALCULATE(
                AVERAGE(market_performance[turnover]),
                DATESINPERIOD(dim_date[snapshot_date], Newest, -28, DAY)
            )
        """,
        "market IT, all days",
        f"""
        select avg(turnover)
        from (
            select snapshot_date, avg(case when earlier.track_id is null then 1.0 else 0.0 end) as turnover
            from (select * from curated.chart_entries where market = 'IT' and {_LAST_28}) as places
            left join (
                select snapshot_date + 1 as next_day, track_id from curated.chart_entries where market = 'IT'
            ) as earlier
                on places.snapshot_date = earlier.next_day and places.track_id = earlier.track_id
            group by snapshot_date
        )
        """,
    ),
    Measure(
        "Track age",
        "market_performance",
        _FOLDER,
        "Days since release, mean of a chart's tracks whose release day is known, mean of 28 days up to the newest.",
        WHOLE,
        """
        VAR Newest = [Newest chart day]
        RETURN
            CALCULATE(
                AVERAGE(market_performance[mean_track_age_days]),
                DATESINPERIOD(dim_date[snapshot_date], Newest, -28, DAY)
            )
        """,
        "market IT, all days",
        f"""
        select avg(age)
        from (
            select snapshot_date, avg(snapshot_date - release_date) as age
            from curated.chart_entries
            inner join marts.dim_track using (track_id)
            where market = 'IT' and {_LAST_28}
            group by snapshot_date
        )
        """,
    ),
    Measure(
        "Stale days",
        "market_performance",
        _FOLDER,
        "Charts that were as the previous one, place by place: the source may have repeated it.",
        WHOLE,
        "COALESCE(CALCULATE(COUNTROWS(market_performance), market_performance[stale_source] = TRUE()), 0)",
        "all markets, all days",
        """
        with charts as (
            select market, snapshot_date, string_agg(track_id, ' ' order by rank) as tracks
            from curated.chart_entries
            group by market, snapshot_date
        )

        select count(*)
        from charts
        inner join charts as earlier
            on
                charts.market = earlier.market
                and charts.snapshot_date = earlier.snapshot_date + 1
                and charts.tracks = earlier.tracks
        """,
    ),
    Measure(
        "Genre known",
        "market_performance",
        _FOLDER,
        "Share of the charts' places whose track has a known genre.",
        SHARE,
        """
        DIVIDE(
            SUMX(market_performance, market_performance[genre_known_share] * market_performance[entries]),
            SUM(market_performance[entries])
        )
        """,
        "all markets, all days",
        """
        select avg(case when genres.track_id is null then 0.0 else 1.0 end)
        from curated.chart_entries as places
        left join (
            select distinct track_id
            from marts.bridge_track_artist
            inner join marts.bridge_artist_genre using (artist_id)
        ) as genres on places.track_id = genres.track_id
        """,
    ),
    Measure(
        "Top genres",
        "market_performance",
        _FOLDER,
        "The three heaviest genres of the newest chart, of one market.",
        TEXT,
        """
        VAR Newest = [Newest chart day]
        RETURN CALCULATE(SELECTEDVALUE(market_performance[top_genres]), dim_date[snapshot_date] = Newest)
        """,
        "market IT, all days",
        """
        select string_agg(genre, ', ' order by weight desc, genre)
        from (
            select genre, sum(1 / rank / genres) as weight
            from curated.chart_entries
            inner join (
                select track_id, genre, count(*) over (partition by track_id) as genres
                from (
                    select distinct track_id, genre
                    from marts.bridge_track_artist
                    inner join marts.bridge_artist_genre using (artist_id)
                )
            ) using (track_id)
            where market = 'IT' and snapshot_date = date '2026-11-19'
            group by genre
            order by weight desc, genre
            limit 3
        )
        """,
    ),
    Measure(
        "Top artists",
        "market_performance",
        _FOLDER,
        "The three artists with most points on the newest chart, of one market.",
        TEXT,
        """
        VAR Newest = [Newest chart day]
        RETURN CALCULATE(SELECTEDVALUE(market_performance[top_artists]), dim_date[snapshot_date] = Newest)
        """,
        "market IT, all days",
        """
        select string_agg(artist_name, ', ' order by points desc, artist_name)
        from (
            select artist_name, sum(51 - rank) as points  -- charts of the demo have 50 places
            from curated.chart_entries
            inner join marts.bridge_track_artist using (track_id)
            inner join marts.dim_artist using (artist_id)
            where market = 'IT' and snapshot_date = date '2026-11-19'
            group by artist_name
            order by points desc, artist_name
            limit 3
        )
        """,
    ),
    Measure(
        "Tracks led",
        "fct_chart_daily",
        _FOLDER,
        "Tracks that stood on the market's chart first, of those that came onto the charts of three markets since the "
        "first day. Markets that began on the same day share a track. GLOBAL is no market.",
        DECIMAL,
        """
        VAR FirstDay = CALCULATE(MIN(fct_chart_daily[snapshot_date]), REMOVEFILTERS(dim_market))
        VAR Firsts =
            CALCULATETABLE(
                ADDCOLUMNS(
                    SUMMARIZE(fct_chart_daily, fct_chart_daily[track_id], fct_chart_daily[market]),
                    "@first", CALCULATE(MIN(fct_chart_daily[snapshot_date]))
                ),
                REMOVEFILTERS(dim_market),
                fct_chart_daily[market] <> "GLOBAL"
            )
        VAR Spread =
            FILTER(
                GROUPBY(
                    Firsts,
                    fct_chart_daily[track_id],
                    "@start", MINX(CURRENTGROUP(), [@first]),
                    "@markets", SUMX(CURRENTGROUP(), 1)
                ),
                [@markets] >= 3 && [@start] > FirstDay
            )
        VAR Leaders = FILTER(NATURALINNERJOIN(Firsts, Spread), [@first] = [@start])
        VAR Shared =
            NATURALINNERJOIN(
                Leaders,
                GROUPBY(Leaders, fct_chart_daily[track_id], "@leaders", SUMX(CURRENTGROUP(), 1))
            )
        RETURN
            SUMX(
                FILTER(Shared, fct_chart_daily[market] IN VALUES(dim_market[market])),
                DIVIDE(1, [@leaders])
            )
        """,
        "market ES, all days",
        """
        with firsts as (
            select track_id, market, min(snapshot_date) as first_day
            from curated.chart_entries
            where market <> 'GLOBAL'
            group by track_id, market
        ),

        leaders as (
            select
                *,
                count(*) over (partition by track_id) as markets,
                count(*) over (partition by track_id, first_day) as leaders,
                min(first_day) over (partition by track_id) as start
            from firsts
        )

        select sum(1 / leaders)
        from leaders
        where market = 'ES' and first_day = start and markets >= 3 and start > date '2026-09-21'
        """,
    ),
)
