-- title:    What does each region listen to, and how fast does it move?
-- asked by: regional managers
-- reading:  `turnover` is the share of today's tracks that were not on yesterday's chart, here its mean over 28 days;
--           `mean_track_age_days` tells new music from old.
-- picture:  bar mean_turnover market

select
    newest.market,
    newest.top_genres,
    newest.top_artists,
    round(avg(past.turnover), 4) as mean_turnover,
    round(avg(past.mean_track_age_days), 0) as mean_track_age_days,
    count(case when past.stale_source then 1 end) as stale_days
from marts.market_performance as newest
inner join marts.market_performance as past
    on newest.market = past.market and date_diff('day', past.snapshot_date, newest.snapshot_date) between 0 and 27
where newest.snapshot_date = (select max(snapshot_date) from marts.market_performance)
group by newest.market, newest.top_genres, newest.top_artists
order by mean_turnover desc, newest.market
