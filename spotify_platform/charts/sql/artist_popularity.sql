-- title: Popularity at Spotify
-- value: fct_artist_daily.popularity
-- draw:  lines snapshot_date popularity artist_name
-- axes:  Day (UTC) | Popularity (0–100)
-- empty: The artist is not on the watchlist, or no capture of these days has it.
select facts.snapshot_date, names.artist_name, facts.popularity, facts.followers, facts.reason
from marts.fct_artist_daily as facts
inner join marts.dim_artist as names on facts.artist_id = names.artist_id
where facts.artist_id = $artist and facts.snapshot_date between $week - 49 and $week + 6
order by facts.snapshot_date
