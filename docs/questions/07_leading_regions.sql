-- title:    Which regions lead?
-- asked by: product teams that choose where to launch
-- reading:  Of the tracks that came onto the charts of at least three markets since the first day: in which market did
--           they stand first? Those that several markets charted on the same first day are shared.
-- picture:  bar led market

with firsts as (
    select track_id, market, min(snapshot_date) as first_day
    from marts.fct_chart_daily
    where market <> 'GLOBAL'
    group by track_id, market
),

spread as (
    select track_id, min(first_day) as first_day, max(first_day) as last_day
    from firsts
    group by track_id
    having
        count(*) >= 3
        -- on the very first charts everything is new
        and min(first_day) > (select min(snapshot_date) from marts.fct_chart_daily)
),

leaders as (
    select spread.track_id, spread.first_day, count(*) as markets
    from spread
    inner join firsts on spread.track_id = firsts.track_id and spread.first_day = firsts.first_day
    group by spread.track_id, spread.first_day
)

select
    firsts.market,
    round(sum(cast(1 as double) / leaders.markets), 2) as led,
    count(*) as tracks,
    round(avg(cast(date_diff('day', firsts.first_day, spread.last_day) as double)), 1) as mean_days_ahead_of_the_last
from leaders
inner join firsts on leaders.track_id = firsts.track_id and leaders.first_day = firsts.first_day
inner join spread on leaders.track_id = spread.track_id
group by firsts.market
order by led desc, firsts.market
