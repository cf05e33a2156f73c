-- adds up: a day's points of the releases are those that the charts give to their tracks

with releases as (
    select releases.album_id, releases.snapshot_date, releases.points, releases.charted_tracks
    from marts.new_release_performance as releases
    inner join ops.days_to_build as days
        on days.mart = 'new_release_performance' and releases.snapshot_date = days.snapshot_date
),

made as (
    select releases.snapshot_date, sum(releases.points) as points, sum(releases.charted_tracks) as tracks
    from releases
    where releases.points > 0
    group by 1
),

facts as (
    select facts.snapshot_date, sum(facts.points) as points, count(distinct facts.track_id) as tracks
    from marts.fct_chart_daily as facts
    inner join marts.dim_track as tracks on facts.track_id = tracks.track_id
    inner join releases on facts.snapshot_date = releases.snapshot_date and tracks.album_id = releases.album_id
    group by 1
)

(select * from facts except select * from made)
union all
(select * from made except select * from facts)
