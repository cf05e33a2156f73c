with credits as (
    select track_id, string_agg(artist_name, ', ' order by position, artist_id) as artist_names
    from marts.bridge_track_artist
    join marts.dim_artist using (artist_id)
    group by track_id
),
release_days as (  -- of an album: the newest that was stated to the day
    select album_id, arg_max(release_date, snapshot_date) as release_date
    from curated.albums
    where release_date_precision = 'day'
    group by album_id
),
newest as (
    select
        track_id,
        arg_max(name, snapshot_date) as track_name,
        arg_max(album_id, snapshot_date) as album_id,
        arg_max(release_date, snapshot_date) as release_date,
        arg_max(duration_ms, snapshot_date) as duration_ms,
        arg_max(explicit, snapshot_date) as explicit,
        arg_max(isrc, snapshot_date) as isrc,
        arg_max(popularity, snapshot_date) as popularity,
        min(snapshot_date) as first_seen,
        max(snapshot_date) as last_seen,
        bool_or(detail = 'full') as ever_full
    from curated.tracks
    left join release_days using (album_id)
    group by track_id
)
select
    track_id, track_name, artist_names, album_id, release_date, duration_ms, explicit, isrc, popularity, first_seen,
    last_seen, case when not ever_full then 'no full object was captured' end as reason
from newest
left join credits using (track_id)
