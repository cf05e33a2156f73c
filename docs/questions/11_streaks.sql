-- title:    Which tracks hold on longest?
-- asked by: catalogue managers
-- reading:  Charts in a row up to the newest one. A missing day does not break a streak, a gap of more than 3 days does.
-- picture:  bar consecutive_days track_name

select track_name, artist_names, rank, peak_rank, consecutive_days, days_on_chart, confidence
from marts.chart_movement
where market = 'GLOBAL' and snapshot_date = (select max(snapshot_date) from marts.chart_movement where market = 'GLOBAL')
order by consecutive_days desc, rank
limit 10
