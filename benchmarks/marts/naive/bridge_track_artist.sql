select track_id, artist_id, position
from curated.track_artists
where (track_id, snapshot_date) in (
    select track_id, max(snapshot_date) from curated.track_artists group by track_id
)
