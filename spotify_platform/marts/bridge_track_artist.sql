-- question: who is a track by?
-- grain:    one row per track and artist
-- window:   none: the newest date that tells it

with newest as (
    select track_id, max(snapshot_date) as newest_date
    from curated.track_artists
    group by track_id
)

select credits.track_id, credits.artist_id, credits.position
from curated.track_artists as credits
inner join newest
    on credits.track_id = newest.track_id and credits.snapshot_date = newest.newest_date
