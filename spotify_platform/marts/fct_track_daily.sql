-- question: how popular was a track on a day, and on how many charts?
-- grain:    one row per track and date that curated.tracks has a row of
-- window:   the day

with days as (
    select snapshot_date
    from ops.days_to_build
    where mart = 'fct_track_daily'
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
        entries.track_id,
        count(case when entries.market <> 'GLOBAL' then 1 end) as markets,
        min(case when entries.market = 'GLOBAL' then entries.rank end) as global_rank,
        min(entries.rank) as best_rank,
        sum(entries.points) as points
    from marts.fct_chart_daily as entries
    where entries.snapshot_date in (select snapshot_date from days)
    group by entries.snapshot_date, entries.track_id
)

select
    tracks.snapshot_date,
    tracks.track_id,
    tracks.popularity,
    case when charts.charts > 0 then coalesce(placed.markets, 0) end as markets,
    placed.global_rank,
    placed.best_rank,
    case when charts.charts > 0 then coalesce(placed.points, 0) end as points,
    nullif(
        substr(
            case when tracks.popularity is null then '; popularity is not known' else '' end
            || case when charts.charts is null then '; no chart of the day is there' else '' end,
            3
        ),
        ''
    ) as reason
from curated.tracks
left join charts on tracks.snapshot_date = charts.snapshot_date
left join placed
    on tracks.snapshot_date = placed.snapshot_date and tracks.track_id = placed.track_id
where tracks.snapshot_date in (select snapshot_date from days)
