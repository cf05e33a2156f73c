-- title: How the leaders got there
-- value: trending_artists_daily.trend
-- draw:  lines snapshot_date trend artist_name
-- axes:  Day (UTC) | Trend (natural log of the ratio)
-- read:  the six leaders of the day, over the 28 days up to it.
select days.snapshot_date, days.artist_name, days.trend, days.rank_in_market, days.coverage, days.confidence, days.reason
from marts.trending_artists_daily as days
inner join marts.trending_artists_daily as leaders
    on days.market = leaders.market and days.artist_key = leaders.artist_key
where
    days.market = $market
    and leaders.market = $market
    and leaders.snapshot_date = $day
    and leaders.rank_in_market <= 6
    and days.snapshot_date between $day - 27 and $day
order by leaders.rank_in_market, days.snapshot_date
