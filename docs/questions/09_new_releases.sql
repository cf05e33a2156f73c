-- title:    How do new releases do?
-- asked by: labels, in the weeks after a release
-- reading:  Points over all charts, by days since release: a rise with a peak, or one day and gone.
-- picture:  line days_since_release points album_name

with best as (
    select album_id, max(points) as most
    from marts.new_release_performance
    where days_since_release is not null
    group by album_id
    having max(points) > 0
    order by most desc, album_id
    limit 5
)

select
    curves.album_name,
    curves.artist_names,
    curves.days_since_release,
    curves.points,
    curves.best_rank,
    curves.markets,
    curves.peak_day,
    curves.markets_reached
from marts.new_release_performance as curves
inner join best on curves.album_id = best.album_id
where curves.days_since_release is not null
order by best.most desc, curves.album_id, curves.days_since_release
