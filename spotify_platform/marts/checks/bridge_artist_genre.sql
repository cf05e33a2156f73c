-- adds up: no artist has a genre that no capture ever told

select artist_id, genre
from marts.bridge_artist_genre
except
select artist_id, genre
from curated.artist_genres
