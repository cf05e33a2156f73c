-- adds up: a row for each track that was ever curated

with made as (
    select count(*) as tracks, min(dims.first_seen) as first_seen, max(dims.last_seen) as last_seen
    from marts.dim_track as dims
),

curated as (
    select count(distinct track_id) as tracks, min(snapshot_date) as first_seen, max(snapshot_date) as last_seen
    from curated.tracks
)

(select * from curated except select * from made)
union all
(select * from made except select * from curated)
