-- question: how popular was an artist on a day, with how many followers, on how many charts?
-- grain:    one row per artist and date that curated.artists has a row of
-- window:   the day

with days as (
    select snapshot_date
    from ops.days_to_build
    where mart = 'fct_artist_daily'
),

charts as (
    select snapshot_date, count(*) as charts
    from marts.coverage
    where entity = 'chart_entries' and market <> '*' and readable
    group by snapshot_date
),

placed as (
    select
        entries.snapshot_date,
        entries.artist_id,
        count(case when entries.market <> 'GLOBAL' then 1 end) as markets,
        min(case when entries.market = 'GLOBAL' then entries.best_rank end) as global_rank,
        min(entries.best_rank) as best_rank,
        sum(entries.points) as points
    from marts.fct_artist_chart_daily as entries
    where entries.artist_id is not null and entries.snapshot_date in (select snapshot_date from days)
    group by entries.snapshot_date, entries.artist_id
)

select
    artists.snapshot_date,
    artists.artist_id,
    artists.popularity,
    artists.followers,
    case when charts.charts > 0 then coalesce(placed.markets, 0) end as markets,
    placed.global_rank,
    placed.best_rank,
    case when charts.charts > 0 then coalesce(placed.points, 0) end as points,
    nullif(
        substr(
            case when artists.popularity is null then '; popularity is not known' else '' end
            || case when artists.followers is null then '; followers are not known' else '' end
            || case when charts.charts is null then '; no chart of the day is there' else '' end,
            3
        ),
        ''
    ) as reason
from curated.artists
left join charts on artists.snapshot_date = charts.snapshot_date
left join placed
    on artists.snapshot_date = placed.snapshot_date and artists.artist_id = placed.artist_id
where artists.snapshot_date in (select snapshot_date from days)
