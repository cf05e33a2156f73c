-- adds up: a row for each album that was ever curated

with made as (
    select count(*) as albums, min(dims.first_seen) as first_seen, max(dims.last_seen) as last_seen
    from marts.dim_album as dims
),

curated as (
    select count(distinct album_id) as albums, min(snapshot_date) as first_seen, max(snapshot_date) as last_seen
    from curated.albums
)

(select * from curated except select * from made)
union all
(select * from made except select * from curated)
