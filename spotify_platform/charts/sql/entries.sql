-- title: New entries and returns
-- value: chart_movement.movement
-- draw:  table
-- empty: No track entered or came back; or this is the market's first chart, with nothing to compare.
select
    rank, movement, track_name, artist_names, days_on_chart, peak_rank, coverage, confidence, reason
from marts.chart_movement
where market = $market and snapshot_date = $day and movement in ('NEW', 'RE-ENTRY')
order by rank, track_id
limit 15
