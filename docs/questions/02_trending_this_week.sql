-- title:    Who was trending in the last full charting week?
-- asked by: editors of playlists, on Fridays
-- reading:  Charting weeks run from Friday to Thursday. A week with fewer than 7 charts (`week_days`) is not over, or a
--           day of it is missing.
-- picture:  bar trend artist_name

select rank_in_market as place, artist_name, trend, points_week, points_4w, best_rank, charted_days
from marts.trending_artists_weekly
where
    market = 'GLOBAL'
    and chart_week = (select max(chart_week) from marts.trending_artists_weekly where week_days = 7)
    and rank_in_market <= 10
order by place
