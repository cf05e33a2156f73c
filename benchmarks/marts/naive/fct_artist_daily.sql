with days as (
    select distinct snapshot_date
    from marts.coverage
    where entity = 'chart_entries' and market <> '*' and readable
),
charted as (
    select
        snapshot_date,
        artist_id,
        count(*) filter (market <> 'GLOBAL') as markets,
        min(best_rank) filter (market = 'GLOBAL') as global_rank,
        min(best_rank) as best_rank,
        sum(points) as points
    from marts.fct_artist_chart_daily
    where artist_id is not null
    group by all
)
select
    artists.snapshot_date,
    artists.artist_id,
    popularity,
    followers,
    case when days.snapshot_date is not null then coalesce(markets, 0) end as markets,
    global_rank,
    best_rank,
    case when days.snapshot_date is not null then coalesce(points, 0) end as points,
    nullif(concat_ws('; ',
        case when popularity is null then 'popularity is not known' end,
        case when followers is null then 'followers are not known' end,
        case when days.snapshot_date is null then 'no chart of the day is there' end), '') as reason
from curated.artists
left join days on days.snapshot_date = artists.snapshot_date
left join charted on charted.snapshot_date = artists.snapshot_date and charted.artist_id = artists.artist_id
