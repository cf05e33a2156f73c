select artist_id, genre
from curated.artist_genres
where (artist_id, snapshot_date) in (
    select artist_id, max(snapshot_date) from curated.artists where detail = 'full' group by artist_id
)
