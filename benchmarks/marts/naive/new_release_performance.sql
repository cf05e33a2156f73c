with days as (  -- the days that any chart is there of
    select snapshot_date, count(*) as charts, min(snapshot_date) over () as history_from
    from marts.coverage
    where entity = 'chart_entries' and market <> '*' and readable
    group by snapshot_date
),
due as (  -- one chart for each market that has had its first one
    select
        snapshot_date,
        count(market) as charts_due,
        sum(count(market)) over (order by snapshot_date) as charts_due_so_far
    from marts.dim_date
    left join marts.dim_market on first_seen <= snapshot_date
    group by snapshot_date
),
entries as (
    select album_id, track_id, market, snapshot_date, rank, points
    from marts.fct_chart_daily
    join marts.dim_track using (track_id)
    where album_id is not null
),
charted as (
    select
        album_id,
        snapshot_date,
        count(distinct market) filter (market <> 'GLOBAL') as markets,
        count(distinct track_id) as charted_tracks,
        min(rank) as best_rank,
        sum(points) as points
    from entries
    group by album_id, snapshot_date
),
releases as (
    select album_id, release_date
    from marts.dim_album
    where release_date_precision = 'day'
        and release_date between (select min(snapshot_date) from days) and (select max(snapshot_date) from days)
),
reached as (  -- how many markets had their first chart with the album on a day
    select album_id, snapshot_date, count(*) as new_markets
    from (
        select album_id, market, min(snapshot_date) as snapshot_date
        from entries
        join releases using (album_id)
        where market <> 'GLOBAL' and snapshot_date >= release_date
        group by album_id, market
    )
    group by album_id, snapshot_date
),
so_far as (
    select
        releases.album_id,
        release_date,
        days.snapshot_date,
        days.snapshot_date - release_date as days_since_release,
        charts,
        history_from,
        coalesce(markets, 0) as markets,
        coalesce(charted_tracks, 0) as charted_tracks,
        best_rank,
        coalesce(points, 0) as points,
        min(case when points > 0 then days_since_release end) over since as first_chart_day,
        min(best_rank) over since as peak_rank,
        max(nullif(points, 0)) over since as peak_points,
        coalesce(sum(new_markets) over since, 0) as markets_reached,
        sum(charts) over since as charts_so_far
    from releases
    join days on days.snapshot_date between release_date and release_date + 90
    left join charted on charted.album_id = releases.album_id and charted.snapshot_date = days.snapshot_date
    left join reached on reached.album_id = releases.album_id and reached.snapshot_date = days.snapshot_date
    window since as (partition by releases.album_id order by days.snapshot_date)
),
popularities as (
    select
        album_id,
        any_value(popularity) filter (snapshot_date = releases.release_date + 1) as day_1,
        any_value(popularity) filter (snapshot_date = releases.release_date + 7) as day_7,
        any_value(popularity) filter (snapshot_date = releases.release_date + 28) as day_28
    from curated.albums
    join releases using (album_id)
    group by album_id
),
released as (
    select
        so_far.*,
        case when peak_points is not null
            then min(days_since_release) over (partition by so_far.album_id, peak_points) end as peak_day,
        case when days_since_release >= 1 then day_1 end as popularity_day_1,
        case when days_since_release >= 7 then day_7 end as popularity_day_7,
        case when days_since_release >= 28 then day_28 end as popularity_day_28,
        concat_ws(', ',
            case when days_since_release >= 1 and day_1 is null then '1' end,
            case when days_since_release >= 7 and day_7 is null then '7' end,
            case when days_since_release >= 28 and day_28 is null then '28' end) as not_captured,
        charts_so_far / (due.charts_due_so_far - before.charts_due_so_far + before.charts_due) as coverage
    from so_far
    left join popularities using (album_id)
    join due on due.snapshot_date = so_far.snapshot_date
    join due as before on before.snapshot_date = release_date
),
undated as (  -- charted albums whose release day is not known, on their first day
    select charted.*
    from charted
    left join marts.dim_album using (album_id)
    where release_date_precision is distinct from 'day'
    qualify row_number() over (partition by album_id order by snapshot_date) = 1
),
told as (
    select
        snapshot_date, album_id, release_date, days_since_release, charts, markets, charted_tracks, best_rank, points,
        first_chart_day, peak_rank, peak_points, peak_day, markets_reached, popularity_day_1, popularity_day_7,
        popularity_day_28,
        nullif(concat_ws('; ',
            case when first_chart_day is null then 'on no chart so far' end,
            'popularity of day ' || nullif(not_captured, '') || ' was not captured'), '') as reason,
        history_from,
        round(coverage, 6) as coverage
    from released
    union all by name
    select
        snapshot_date, album_id, charts, markets, charted_tracks, best_rank, points,
        'the release day is not known' as reason,
        history_from,
        round(charts / charts_due, 6) as coverage
    from undated
    join days using (snapshot_date)
    join due using (snapshot_date)
)
select
    snapshot_date,
    album_id,
    album_name,
    artist_names,
    told.release_date,
    days_since_release,
    charts,
    markets,
    charted_tracks,
    best_rank,
    points,
    first_chart_day,
    peak_rank,
    peak_points,
    peak_day,
    markets_reached,
    popularity_day_1,
    popularity_day_7,
    popularity_day_28,
    told.reason,
    history_from,
    coverage,
    case when coverage >= 0.8 then 'high' when coverage >= 0.5 then 'medium' else 'low' end as confidence
from told
left join marts.dim_album using (album_id)
