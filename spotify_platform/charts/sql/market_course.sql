-- title: Turnover, market by market
-- value: market_performance.turnover
-- draw:  multiples snapshot_date turnover market percent
-- axes:  Day (UTC) | Turnover (%)
-- read:  a small picture for each of the twelve markets that changed fastest. One to three days without a line are
--        charts that are missing.
with fastest as (
    select market
    from marts.market_performance
    where snapshot_date between $day - 27 and $day
    group by market
    order by avg(turnover) is null, round(avg(turnover), 6) desc, market
    limit 12
)

select days.market, days.snapshot_date, days.turnover, days.coverage, days.confidence, days.reason
from marts.market_performance as days
inner join fastest on days.market = fastest.market
where days.snapshot_date between $day - 27 and $day
order by days.market, days.snapshot_date
