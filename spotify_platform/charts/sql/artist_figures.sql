-- title: The artist's figures
-- value: artist_consistency_virality.consistency
-- draw:  table
-- empty: The artist is on no chart of the four weeks.
select
    market,
    stage,
    consistency,
    virality,
    current_streak,
    longest_streak,
    peak_rank,
    days_at_peak,
    spike_days,
    growth_class,
    coverage,
    confidence,
    reason
from marts.artist_consistency_virality
where artist_key = $artist and chart_week = $week
order by market <> 'GLOBAL', consistency desc, market
limit 25
