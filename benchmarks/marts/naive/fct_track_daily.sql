with days as (
    select distinct snapshot_date
    from marts.coverage
    where entity = 'chart_entries' and market <> '*' and readable
),
charted as (
    select
        snapshot_date,
        track_id,
        count(*) filter (market <> 'GLOBAL') as markets,
        min(rank) filter (market = 'GLOBAL') as global_rank,
        min(rank) as best_rank,
        sum(points) as points
    from marts.fct_chart_daily
    group by all
)
select
    tracks.snapshot_date,
    tracks.track_id,
    popularity,
    case when days.snapshot_date is not null then coalesce(markets, 0) end as markets,
    global_rank,
    best_rank,
    case when days.snapshot_date is not null then coalesce(points, 0) end as points,
    nullif(concat_ws('; ',
        case when popularity is null then 'popularity is not known' end,
        case when days.snapshot_date is null then 'no chart of the day is there' end), '') as reason
from curated.tracks
left join days on days.snapshot_date = tracks.snapshot_date
left join charted on charted.snapshot_date = tracks.snapshot_date and charted.track_id = tracks.track_id
