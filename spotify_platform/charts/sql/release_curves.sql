-- title: Releases by days since release
-- value: new_release_performance.points
-- draw:  lines days_since_release points album
-- axes:  Time since release (days) | Points (points a day, all charts)
-- read:  the seven releases with the highest day; a rise with a peak, or one day and gone.
-- empty: No release since then is on a chart yet.
with best as (
    select album_id, max(points) as most
    from marts.new_release_performance
    where days_since_release is not null and release_date >= $since
    group by album_id
    having max(points) > 0
    order by most desc, album_id
    limit 7
)

select
    coalesce(curves.album_name, curves.album_id) as album,
    curves.artist_names,
    curves.release_date,
    curves.days_since_release,
    curves.points,
    curves.best_rank,
    curves.markets,
    curves.coverage,
    curves.confidence,
    curves.reason
from marts.new_release_performance as curves
inner join best on curves.album_id = best.album_id
where curves.days_since_release is not null
order by best.most desc, curves.album_id, curves.days_since_release
