-- adds up: every track with credits has some

select distinct track_id
from curated.track_artists
where track_id not in (select track_id from marts.bridge_track_artist)
