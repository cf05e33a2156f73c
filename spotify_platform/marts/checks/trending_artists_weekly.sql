-- adds up: a week's charted days are the rows of the artists on its charts

with facts as (
    select days.snapshot_date as chart_week, facts.market, count(*) as charted_days, min(facts.best_rank) as best_rank
    from marts.fct_artist_chart_daily as facts
    inner join marts.dim_date as dates on facts.snapshot_date = dates.snapshot_date
    inner join ops.days_to_build as days
        on days.mart = 'trending_artists_weekly' and dates.chart_week = days.snapshot_date
    group by 1, 2
),

made as (
    select trends.chart_week, trends.market, sum(trends.charted_days) as charted_days, min(trends.best_rank) as best_rank
    from marts.trending_artists_weekly as trends
    inner join ops.days_to_build as days
        on days.mart = 'trending_artists_weekly' and trends.chart_week = days.snapshot_date
    group by 1, 2
)

(select * from facts except select * from made)
union all
(select * from made except select * from facts)
