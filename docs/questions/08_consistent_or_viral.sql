-- title:    Who is consistent, and who is viral?
-- asked by: artist and repertoire teams
-- reading:  Two axes: how steadily an artist charts, and how fast they rise against the others of the market. Few are
--           high on both; those are whom people look for.
-- picture:  scatter consistency virality artist_name

select artist_name, consistency, virality, stage, growth_class, current_streak, longest_streak, peak_rank, spike_days
from marts.artist_consistency_virality
where
    market = 'GLOBAL'
    and chart_week = (
        select max(chart_week) from marts.trending_artists_weekly where week_days = 7 and market = 'GLOBAL'
    )
order by virality is null, virality desc, consistency desc, artist_key
limit 20
