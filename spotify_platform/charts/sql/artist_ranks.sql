-- title: Best place, day by day
-- value: fct_artist_chart_daily.best_rank
-- draw:  lines snapshot_date best_rank market places
-- axes:  Day (UTC) | Best place (place on the chart)
-- read:  the seven charts on which the artist stood most often in the 56 days. A day without a point is a day off that
--        chart, or without one.
-- empty: The artist stood on no chart in these 56 days.
with often as (
    select market
    from marts.fct_artist_chart_daily
    where artist_key = $artist and snapshot_date between $week - 49 and $week + 6
    group by market
    order by count(*) desc, market
    limit 7
)

select places.market, places.snapshot_date, places.best_rank, places.points, places.charted_tracks
from marts.fct_artist_chart_daily as places
inner join often on places.market = often.market
where places.artist_key = $artist and places.snapshot_date between $week - 49 and $week + 6
order by places.market, places.snapshot_date
