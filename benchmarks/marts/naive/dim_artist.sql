with genres as (
    select artist_id, string_agg(genre, ', ' order by genre) as genres
    from marts.bridge_artist_genre
    group by artist_id
),
newest as (  -- arg_max looks at the rows that have a value only
    select
        artist_id,
        arg_max(name, snapshot_date) as artist_name,
        arg_max(popularity, snapshot_date) as popularity,
        arg_max(followers, snapshot_date) as followers,
        min(snapshot_date) as first_seen,
        max(snapshot_date) as last_seen,
        bool_or(detail = 'full') as ever_full
    from curated.artists
    group by artist_id
)
select
    artist_id, artist_name, genres, popularity, followers, first_seen, last_seen,
    case when not ever_full then 'no full object was captured' end as reason
from newest
left join genres using (artist_id)
