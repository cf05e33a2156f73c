-- adds up: the charted days of four weeks are the rows of the artists on their charts

with spans as (
    select
        artists.market,
        artists.chart_week,
        sum(artists.charted_days) as charted_days,
        max(artists.observed_days) as observed_days
    from marts.artist_consistency_virality as artists
    inner join ops.days_to_build as days
        on days.mart = 'artist_consistency_virality' and artists.chart_week = days.snapshot_date
    group by 1, 2
),

weeks as (
    select
        facts.market,
        dates.chart_week,
        count(*) as artists,
        count(distinct facts.snapshot_date) as charts
    from marts.fct_artist_chart_daily as facts
    inner join marts.dim_date as dates on facts.snapshot_date = dates.snapshot_date
    group by 1, 2
),

facts as (
    select spans.market, spans.chart_week, sum(weeks.artists) as charted_days, sum(weeks.charts) as observed_days
    from spans
    inner join weeks
        on
            spans.market = weeks.market
            and date_diff('day', weeks.chart_week, spans.chart_week) between 0 and 21
    group by 1, 2
)

(select * from facts except select * from spans)
union all
(select * from spans except select * from facts)
