-- title: Spikes, week by week
-- value: artist_consistency_virality.spike_days
-- draw:  columns chart_week spike_days
-- axes:  Charting week (Friday, UTC) | Spike days (days)
-- empty: The artist was on no chart of this market in these weeks.
select chart_week, spike_days, current_streak, rank_gain, virality, coverage, confidence, reason
from marts.artist_consistency_virality
where market = $market and artist_key = $artist and chart_week between $week - 175 and $week
order by chart_week
