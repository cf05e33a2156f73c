-- The 300 artists with most days on the market's charts up to the week: as many as a person would look through.
select artist_key, coalesce(artist_name, artist_key) as artist_name
from marts.artist_consistency_virality
where market = $market and chart_week = $week
order by consistency desc, artist_key
limit 300
