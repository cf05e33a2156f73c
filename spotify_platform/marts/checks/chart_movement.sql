-- adds up: every chart has all of its tracks; who stayed was on the previous chart, as many as that one says

with made as (
    select
        moved.snapshot_date,
        moved.market,
        moved.previous_date,
        count(*) as tracks,
        sum(moved.rank) as places,
        count(moved.previous_rank) as stayed,
        sum(moved.previous_rank) as previous_places
    from marts.chart_movement as moved
    inner join ops.days_to_build as days
        on days.mart = 'chart_movement' and moved.snapshot_date = days.snapshot_date
    group by 1, 2, 3
),

facts as (
    select
        made.snapshot_date,
        made.market,
        made.previous_date,
        count(*) as tracks,
        sum(facts.rank) as places,
        count(past.rank) as stayed,
        sum(past.rank) as previous_places
    from made
    inner join marts.fct_chart_daily as facts
        on made.snapshot_date = facts.snapshot_date and made.market = facts.market
    left join marts.fct_chart_daily as past
        on made.previous_date = past.snapshot_date and facts.market = past.market and facts.track_id = past.track_id
    group by 1, 2, 3
)

(select * from facts except select * from made)
union all
(select * from made except select * from facts)
