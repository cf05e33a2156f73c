-- question: who is an artist?
-- grain:    one row per artist
-- window:   none: each attribute as the newest date that tells it has it

with told as (
    select
        artists.artist_id,
        arg_max(artists.name, case when artists.name is not null then artists.snapshot_date end) as artist_name,
        arg_max(
            artists.popularity, case when artists.popularity is not null then artists.snapshot_date end
        ) as popularity,
        arg_max(artists.followers, case when artists.followers is not null then artists.snapshot_date end) as followers,
        min(artists.snapshot_date) as first_seen,
        max(artists.snapshot_date) as last_seen,
        count(case when artists.detail = 'full' then 1 end) as full_objects
    from curated.artists
    group by artists.artist_id
),

genres as (
    select artist_id, case when count(genre) > 0 then string_agg(genre, ', ' order by genre) end as genres
    from marts.bridge_artist_genre
    group by artist_id
)

select
    told.artist_id,
    told.artist_name,
    genres.genres,
    told.popularity,
    told.followers,
    told.first_seen,
    told.last_seen,
    case when told.full_objects = 0 then 'no full object was captured' end as reason
from told
left join genres on told.artist_id = genres.artist_id
