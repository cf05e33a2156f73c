with calendar as (
    select market, snapshot_date
    from marts.coverage
    where entity = 'chart_entries' and market <> '*' and readable
),
sizes as (
    select distinct market, snapshot_date, chart_size from marts.fct_chart_daily
)
select
    market,
    arg_max(chart_size, snapshot_date) as chart_size,
    count(*) as charts,
    min(snapshot_date) as first_seen,
    max(snapshot_date) as last_seen,
    round(count(*) / (max(snapshot_date) - min(snapshot_date) + 1), 6) as coverage
from calendar
join sizes using (market, snapshot_date)
group by market
