with calendar as (
    select market, snapshot_date
    from marts.coverage
    where entity = 'chart_entries' and market <> '*' and readable
),
sizes as (
    select market, snapshot_date, max(rank) as chart_size from curated.chart_entries group by all
)
select
    snapshot_date,
    market,
    track_id,
    min(rank) as rank,
    chart_size,
    chart_size + 1 - min(rank) as points,
    arg_min_null(streams, rank) as streams
from curated.chart_entries
join sizes using (market, snapshot_date)
join calendar using (market, snapshot_date)
group by market, snapshot_date, track_id, chart_size
