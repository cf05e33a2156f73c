-- title: Who leads each market
-- value: trending_artists_daily.trend
-- draw:  bars trend who
-- axes:  Trend (natural log of the ratio)
-- read:  the first artist of every market; the 24 markets with the strongest trends.
select
    market || ' · ' || artist_name as who, market, artist_name, trend, points_7d, points_28d, coverage, confidence, reason
from marts.trending_artists_daily
where snapshot_date = $day and rank_in_market = 1
order by trend is null, trend desc, market
limit 24
