-- title: What each market listens to
-- value: market_performance.top_genres
-- draw:  table
select market, top_genres, top_artists, top_track, genre_known_share, mean_track_age_days, coverage, confidence, reason
from marts.market_performance
where snapshot_date = $day
order by market <> 'GLOBAL', market
limit 40
