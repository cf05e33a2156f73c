-- title: Trending artists of the charting week
-- value: trending_artists_weekly.trend
-- draw:  bars trend artist_name
-- axes:  Trend (natural log of the ratio)
-- read:  a week with fewer than 7 charts (week_days) is not over, or days of it are missing.
select
    rank_in_market,
    artist_name,
    trend,
    points_week,
    points_4w,
    best_rank,
    charted_days,
    week_days,
    coverage,
    confidence,
    reason
from marts.trending_artists_weekly
where market = $market and chart_week = $week
order by trend is null, rank_in_market, points_week desc, artist_key
limit 12
