-- question: which genres has an artist?
-- grain:    one row per artist and genre
-- window:   none: the newest full object

with newest as (
    -- a full object without genres tells that there are none: older genres do not come back
    select artist_id, max(snapshot_date) as newest_date
    from curated.artists
    where detail = 'full'
    group by artist_id
)

select genres.artist_id, genres.genre
from curated.artist_genres as genres
inner join newest
    on genres.artist_id = newest.artist_id and genres.snapshot_date = newest.newest_date
