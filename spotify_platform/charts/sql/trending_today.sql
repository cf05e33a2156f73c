-- title: Top trending artists
-- value: trending_artists_daily.trend
-- draw:  bars trend artist_name
-- axes:  Trend (natural log of the ratio)
-- read:  0.69 is twice as many points a day as before, −0.69 half as many.
select
    rank_in_market, artist_name, trend, points_7d, points_28d, best_rank, charted_tracks, coverage, confidence, reason
from marts.trending_artists_daily
where market = $market and snapshot_date = $day
order by trend is null, rank_in_market, points_7d desc, artist_key
limit 12
