-- question: what is a track?
-- grain:    one row per track
-- window:   none: each attribute as the newest date that tells it has it

with told as (
    select
        tracks.track_id,
        arg_max(tracks.name, case when tracks.name is not null then tracks.snapshot_date end) as track_name,
        arg_max(tracks.album_id, case when tracks.album_id is not null then tracks.snapshot_date end) as album_id,
        arg_max(
            tracks.duration_ms, case when tracks.duration_ms is not null then tracks.snapshot_date end
        ) as duration_ms,
        arg_max(tracks.explicit, case when tracks.explicit is not null then tracks.snapshot_date end) as explicit,
        arg_max(tracks.isrc, case when tracks.isrc is not null then tracks.snapshot_date end) as isrc,
        arg_max(tracks.popularity, case when tracks.popularity is not null then tracks.snapshot_date end) as popularity,
        min(tracks.snapshot_date) as first_seen,
        max(tracks.snapshot_date) as last_seen,
        count(case when tracks.detail = 'full' then 1 end) as full_objects
    from curated.tracks
    group by tracks.track_id
),

stated_days as (
    -- not dim_album's date: a newer one that tells only the year would hide the day
    select
        album_id,
        arg_max(release_date, case when release_date is not null then snapshot_date end) as stated_day
    from curated.albums
    where release_date_precision = 'day'
    group by album_id
),

placed as (
    select track_id, album_id, max(snapshot_date) as newest_date
    from curated.tracks
    where album_id is not null
    group by track_id, album_id
),

releases as (
    select
        placed.track_id,
        arg_max(
            stated_days.stated_day, case when stated_days.stated_day is not null then placed.newest_date end
        ) as release_date
    from placed
    inner join stated_days on placed.album_id = stated_days.album_id
    group by placed.track_id
),

credits as (
    select
        made.track_id,
        case
            when count(artists.artist_name) > 0
                then string_agg(artists.artist_name, ', ' order by made.position, made.artist_id)
        end as artist_names
    from marts.bridge_track_artist as made
    inner join marts.dim_artist as artists on made.artist_id = artists.artist_id
    group by made.track_id
)

select
    told.track_id,
    told.track_name,
    credits.artist_names,
    told.album_id,
    releases.release_date,
    told.duration_ms,
    told.explicit,
    told.isrc,
    told.popularity,
    told.first_seen,
    told.last_seen,
    case when told.full_objects = 0 then 'no full object was captured' end as reason
from told
left join releases on told.track_id = releases.track_id
left join credits on told.track_id = credits.track_id
