-- adds up: a row for each artist that was ever curated

with made as (
    select count(*) as artists, min(dims.first_seen) as first_seen, max(dims.last_seen) as last_seen
    from marts.dim_artist as dims
),

curated as (
    select count(distinct artist_id) as artists, min(snapshot_date) as first_seen, max(snapshot_date) as last_seen
    from curated.artists
)

(select * from curated except select * from made)
union all
(select * from made except select * from curated)
