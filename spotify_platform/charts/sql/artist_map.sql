-- title: Consistent or viral
-- value: artist_consistency_virality.virality
-- draw:  scatter consistency virality artist_name
-- axes:  Consistency (0–100) | Virality (standard scores)
-- read:  right is steady, up is rising faster than the market's others. Names stand at the corners and edges; all are
--        in the rows.
select
    artist_name,
    consistency,
    virality,
    stage,
    growth_class,
    presence_rate,
    current_streak,
    longest_streak,
    peak_rank,
    spike_days,
    coverage,
    confidence,
    reason
from marts.artist_consistency_virality
where market = $market and chart_week = $week
order by virality is null, virality desc, consistency desc, artist_key
limit 400
