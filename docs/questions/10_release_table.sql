-- title:    Which new releases peaked where, and how popular were they after a day, a week, four weeks?
-- asked by: labels
-- reading:  The newest row of each release. What could not be known is NULL, and `reason` says why.

with newest as (
    select album_id, max(snapshot_date) as snapshot_date
    from marts.new_release_performance
    where days_since_release is not null
    group by album_id
)

select
    releases.album_name,
    releases.release_date,
    releases.first_chart_day,
    releases.peak_rank,
    releases.peak_day,
    releases.markets_reached,
    releases.popularity_day_1,
    releases.popularity_day_7,
    releases.popularity_day_28,
    releases.reason
from newest
inner join marts.new_release_performance as releases
    on newest.album_id = releases.album_id and newest.snapshot_date = releases.snapshot_date
order by releases.peak_points is null, releases.peak_points desc, releases.album_id
limit 10
