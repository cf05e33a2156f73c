-- question: what is an album?
-- grain:    one row per album
-- window:   none: each attribute as the newest date that tells it has it

with told as (
    select
        albums.album_id,
        arg_max(albums.name, case when albums.name is not null then albums.snapshot_date end) as album_name,
        arg_max(albums.album_type, case when albums.album_type is not null then albums.snapshot_date end) as album_type,
        -- the date and its precision from one row: of two rows they would be a day that nobody stated
        arg_max(
            albums.release_date, case when albums.release_date is not null then albums.snapshot_date end
        ) as release_date,
        arg_max(
            albums.release_date_precision, case when albums.release_date is not null then albums.snapshot_date end
        ) as release_date_precision,
        arg_max(
            albums.total_tracks, case when albums.total_tracks is not null then albums.snapshot_date end
        ) as total_tracks,
        arg_max(albums.label, case when albums.label is not null then albums.snapshot_date end) as label,
        arg_max(albums.popularity, case when albums.popularity is not null then albums.snapshot_date end) as popularity,
        min(albums.snapshot_date) as first_seen,
        max(albums.snapshot_date) as last_seen,
        count(case when albums.detail = 'full' then 1 end) as full_objects
    from curated.albums
    group by albums.album_id
),

newest_credits as (
    select album_id, max(snapshot_date) as newest_date
    from curated.album_artists
    group by album_id
),

credits as (
    select
        made.album_id,
        case
            when count(artists.artist_name) > 0
                then string_agg(artists.artist_name, ', ' order by made.position, made.artist_id)
        end as artist_names
    from curated.album_artists as made
    inner join newest_credits
        on made.album_id = newest_credits.album_id and made.snapshot_date = newest_credits.newest_date
    inner join marts.dim_artist as artists on made.artist_id = artists.artist_id
    group by made.album_id
)

select
    told.album_id,
    told.album_name,
    credits.artist_names,
    told.album_type,
    told.release_date,
    told.release_date_precision,
    told.total_tracks,
    told.label,
    told.popularity,
    told.first_seen,
    told.last_seen,
    case when told.full_objects = 0 then 'no full object was captured' end as reason
from told
left join credits on told.album_id = credits.album_id
