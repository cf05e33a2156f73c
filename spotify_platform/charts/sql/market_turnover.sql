-- title: How fast charts change
-- value: market_performance.turnover
-- draw:  bars mean_turnover market percent
-- axes:  Mean turnover in 28 days (% of the chart's tracks)
-- window: the 28 days up to the chosen one
-- read:  the mean over the charts of the window; the 24 markets that change fastest.
select
    market,
    round(avg(turnover), 6) as mean_turnover,
    round(avg(mean_track_age_days), 6) as mean_track_age_days,
    count(*) as charts,
    count(case when stale_source then 1 end) as repeated_charts,
    count(*) / 28.0 as coverage,
    case when count(*) >= 22.4 then 'high' when count(*) >= 14 then 'medium' else 'low' end as confidence,
    case when avg(turnover) is null then max(reason) end as reason
from marts.market_performance
where snapshot_date between $day - 27 and $day
group by market
order by mean_turnover is null, mean_turnover desc, market
limit 24
