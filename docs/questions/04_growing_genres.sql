-- title:    Which genres grow?
-- asked by: product teams, catalogue managers
-- reading:  A genre's share of the charts' weight in the last four charting weeks against the four before: growth 0.5
--           is half as much again. Genres with fewer than 10 tracks have no growth, and `reason` says so.
-- picture:  bar growth genre

select genre, growth, share_4w, share_before, tracks, rank_by_share, confidence, reason
from marts.genre_growth
where
    market = 'GLOBAL'
    and chart_week = (select max(chart_week) from marts.genre_growth where observed_days = 56 and market = 'GLOBAL')
order by rank_by_growth is null, rank_by_growth, rank_by_share
limit 10
