-- adds up: a day's points of the releases are those that the charts give to the tracks of the albums in their first 90
-- days, if they came out since the first chart

with made as (
    select releases.snapshot_date, sum(releases.points) as points, sum(releases.charted_tracks) as tracks
    from marts.new_release_performance as releases
    inner join ops.days_to_build as days
        on days.mart = 'new_release_performance' and releases.snapshot_date = days.snapshot_date
    where releases.days_since_release is not null and releases.points > 0
    group by 1
),

facts as (
    select facts.snapshot_date, sum(facts.points) as points, count(distinct facts.track_id) as tracks
    from marts.fct_chart_daily as facts
    inner join ops.days_to_build as days
        on days.mart = 'new_release_performance' and facts.snapshot_date = days.snapshot_date
    inner join marts.dim_track as tracks on facts.track_id = tracks.track_id
    inner join marts.dim_album as albums on tracks.album_id = albums.album_id
    where
        albums.release_date_precision = 'day'
        and date_diff('day', albums.release_date, facts.snapshot_date) between 0 and 90
        and albums.release_date >= (select min(first_seen) from marts.dim_market)
    group by 1
)

(select * from facts except select * from made)
union all
(select * from made except select * from facts)
