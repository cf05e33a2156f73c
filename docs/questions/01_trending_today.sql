-- title:    Who is trending today?
-- asked by: label managers, every morning
-- reading:  `trend` is the logarithm of how much an artist's chart points grew: 0.69 is twice as many a day in the last
--           7 days as in the 28 before. Look at `confidence` before you call somebody.
-- picture:  bar trend artist_name

select rank_in_market as place, artist_name, trend, points_7d, points_28d, best_rank, confidence
from marts.trending_artists_daily
where
    market = 'GLOBAL'
    and snapshot_date = (select max(snapshot_date) from marts.trending_artists_daily)
    and rank_in_market <= 10
order by place
