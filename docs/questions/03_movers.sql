-- title:    Which tracks entered, came back, or climbed most today?
-- asked by: promotion teams
-- reading:  NEW was never on this market's chart before; RE-ENTRY was, but not on the previous chart.
-- picture:  bar rank_change track_name

select movement, track_name, artist_names, rank, previous_rank, rank_change, days_on_chart
from marts.chart_movement
where
    market = 'US'
    and snapshot_date = (select max(snapshot_date) from marts.chart_movement where market = 'US')
    and (movement in ('NEW', 'RE-ENTRY') or rank_change >= 3)
order by rank_change is null, rank_change desc, rank
limit 15
