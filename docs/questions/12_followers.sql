-- title:    Whose popularity and followers changed most in a week?
-- asked by: artist and repertoire teams
-- reading:  From the daily captures of the watchlist. In Spotify's development mode neither is told; then this is empty,
--           and `reason` in `fct_artist_daily` says so.
-- picture:  bar new_followers artist_name

select
    artists.artist_name,
    now.popularity,
    now.popularity - before.popularity as popularity_change,
    now.followers - before.followers as new_followers
from marts.fct_artist_daily as now
inner join marts.fct_artist_daily as before
    on now.artist_id = before.artist_id and date_diff('day', before.snapshot_date, now.snapshot_date) = 7
inner join marts.dim_artist as artists on now.artist_id = artists.artist_id
where
    now.snapshot_date = (select max(snapshot_date) from marts.fct_artist_daily)
    and now.followers is not null
    and before.followers is not null
order by new_followers desc, artists.artist_name
limit 10
