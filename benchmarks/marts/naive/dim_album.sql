with credits as (
    select album_id, string_agg(artist_name, ', ' order by position, artist_id) as artist_names
    from curated.album_artists
    join marts.dim_artist using (artist_id)
    where (album_id, snapshot_date) in (
        select album_id, max(snapshot_date) from curated.album_artists group by album_id
    )
    group by album_id
),
newest as (
    select
        album_id,
        arg_max(name, snapshot_date) as album_name,
        arg_max(album_type, snapshot_date) as album_type,
        arg_max(release_date, snapshot_date) as release_date,
        arg_max(release_date_precision, snapshot_date) filter (release_date is not null) as release_date_precision,
        arg_max(total_tracks, snapshot_date) as total_tracks,
        arg_max(label, snapshot_date) as label,
        arg_max(popularity, snapshot_date) as popularity,
        min(snapshot_date) as first_seen,
        max(snapshot_date) as last_seen,
        bool_or(detail = 'full') as ever_full
    from curated.albums
    group by album_id
)
select
    album_id, album_name, artist_names, album_type, release_date, release_date_precision, total_tracks, label,
    popularity, first_seen, last_seen,
    case when not ever_full then 'no full object was captured' end as reason
from newest
left join credits using (album_id)
