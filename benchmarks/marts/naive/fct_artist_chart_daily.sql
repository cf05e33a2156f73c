with calendar as (
    select market, snapshot_date
    from marts.coverage
    where entity = 'chart_entries' and market <> '*' and readable
),
sizes as (
    select market, snapshot_date, max(rank) as chart_size from curated.chart_entries group by all
)
select
    snapshot_date,
    market,
    coalesce(artist_id, 'name:' || coalesce(artist_names, '')) as artist_key,
    artist_id,
    max(artist_names) as credited_as,
    sum(chart_size + 1 - rank) as points,
    min(rank) as best_rank,
    count(distinct track_id) as charted_tracks,
    chart_size
from curated.chart_entries
join sizes using (market, snapshot_date)
join calendar using (market, snapshot_date)
left join marts.bridge_track_artist using (track_id)
group by snapshot_date, market, artist_key, artist_id, chart_size
