-- title: Where releases stand
-- value: new_release_performance.peak_rank
-- draw:  table
-- empty: No release day since then is known.
with newest as (
    select album_id, max(snapshot_date) as snapshot_date
    from marts.new_release_performance
    where days_since_release is not null and release_date >= $since
    group by album_id
)

select
    releases.album_name,
    releases.artist_names,
    releases.release_date,
    releases.peak_rank,
    releases.peak_day,
    releases.markets_reached,
    releases.popularity_day_7,
    releases.popularity_day_28,
    releases.coverage,
    releases.confidence,
    releases.reason
from newest
inner join marts.new_release_performance as releases
    on newest.album_id = releases.album_id and newest.snapshot_date = releases.snapshot_date
order by releases.peak_points is null, releases.peak_points desc, releases.album_id
limit 20
