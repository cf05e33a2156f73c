-- question: which markets have charts, and since when?
-- grain:    one row per market with a chart
-- window:   none: all charts that are there

with calendar as (
    select market, min(snapshot_date) as first_seen, max(snapshot_date) as last_seen, count(*) as charts
    from marts.coverage
    where entity = 'chart_entries' and market <> '*' and readable
    group by market
),

sizes as (
    select newest.market, max(newest.rank) as chart_size
    from curated.chart_entries as newest
    inner join calendar
        on newest.market = calendar.market and newest.snapshot_date = calendar.last_seen
    group by newest.market
)

select
    calendar.market,
    sizes.chart_size,
    calendar.charts,
    calendar.first_seen,
    calendar.last_seen,
    round(
        cast(calendar.charts as double) / (date_diff('day', calendar.first_seen, calendar.last_seen) + 1), 6
    ) as coverage
from calendar
inner join sizes on calendar.market = sizes.market
