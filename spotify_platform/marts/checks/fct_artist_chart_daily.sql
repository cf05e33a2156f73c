-- adds up: every place of a chart gives its points to each of its artists, and no others are given

with charts as (
    select entries.snapshot_date, entries.market, max(entries.rank) as size
    from curated.chart_entries as entries
    inner join ops.days_to_build as days
        on days.mart = 'fct_artist_chart_daily' and entries.snapshot_date = days.snapshot_date
    inner join marts.coverage as ledger
        on
            ledger.entity = 'chart_entries'
            and ledger.readable
            and entries.market = ledger.market
            and entries.snapshot_date = ledger.snapshot_date
    group by 1, 2
),

credits as (
    select track_id, count(*) as artists
    from marts.bridge_track_artist
    group by track_id
),

curated as (
    select
        charts.snapshot_date,
        charts.market,
        sum((charts.size + 1 - entries.rank) * coalesce(credits.artists, 1)) as points
    from charts
    inner join curated.chart_entries as entries
        on charts.snapshot_date = entries.snapshot_date and charts.market = entries.market
    left join credits on entries.track_id = credits.track_id
    group by 1, 2
),

made as (
    select facts.snapshot_date, facts.market, sum(facts.points) as points
    from marts.fct_artist_chart_daily as facts
    inner join ops.days_to_build as days
        on days.mart = 'fct_artist_chart_daily' and facts.snapshot_date = days.snapshot_date
    group by 1, 2
)

(select * from curated except select * from made)
union all
(select * from made except select * from curated)
