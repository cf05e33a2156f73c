with weeks as (
    select
        market,
        date_trunc('week', snapshot_date + 3)::date - 3 as chart_week,
        count(*) as charts,
        min(min(snapshot_date)) over (partition by market) as history_from
    from marts.coverage
    where entity = 'chart_entries' and market <> '*' and readable
    group by market, chart_week
),
calendar as (
    select
        market,
        chart_week,
        history_from,
        sum(charts) over (
            partition by market order by chart_week range between interval 49 days preceding and current row
        ) as observed_days,
        coalesce(sum(charts) over (
            partition by market order by chart_week
            range between interval 49 days preceding and interval 28 days preceding
        ), 0) as charts_before
    from weeks
),
track_genres as (
    select distinct track_id, genre
    from marts.bridge_track_artist
    join marts.bridge_artist_genre using (artist_id)
),
shared as (
    select *, count(*) over (partition by track_id) as genres from track_genres
),
charted as (  -- a track's week on a market's charts
    select
        market,
        date_trunc('week', snapshot_date + 3)::date - 3 as charted_week,
        track_id,
        sum(1 / rank) as weight,
        count(*) as places
    from marts.fct_chart_daily
    group by market, charted_week, track_id
),
known as (
    select
        market,
        charted_week as chart_week,
        coalesce(sum(places) filter (genres.track_id is not null), 0) / sum(places) as genre_known_share
    from charted
    left join (select distinct track_id from track_genres) as genres using (track_id)
    group by market, chart_week
),
spans as (
    select
        market,
        chart_week,
        genre,
        coalesce(sum(weight / genres) filter (charted_week = chart_week), 0) as weight,
        coalesce(sum(weight / genres) filter (charted_week >= chart_week - 21), 0) as weight_4w,
        coalesce(sum(weight / genres) filter (charted_week < chart_week - 21), 0) as weight_before,
        count(distinct track_id) as tracks
    from charted
    join shared using (track_id)
    join calendar using (market)
    where charted_week between chart_week - 49 and chart_week
    group by market, chart_week, genre
),
totals as (
    select
        market,
        chart_week,
        nullif(sum(weight), 0) as total,
        nullif(sum(weight_4w), 0) as total_4w,
        nullif(sum(weight_before), 0) as total_before
    from spans
    group by market, chart_week
),
shares as (
    select
        *,
        round(weight / total, 6) as share,
        round(weight_4w / total_4w, 6) as share_4w,
        round(weight_before / total_before, 6) as share_before,
        case
            when charts_before = 0 then 'no chart in the four weeks before'
            when share_4w is null then 'no known genre in the four weeks'
            when share_before is null then 'no known genre in the four weeks before'
            when tracks < 10 then 'fewer than 10 tracks in the eight weeks'
            when share_before = 0 then 'not on a chart in the four weeks before'
        end as no_growth,
        case when no_growth is null then round(share_4w / share_before - 1, 6) end as growth
    from spans
    join totals using (market, chart_week)
    join calendar using (market, chart_week)
    join known using (market, chart_week)
)
select
    chart_week,
    market,
    genre,
    share,
    share_4w,
    share_before,
    growth,
    tracks,
    case when share is not null then row_number() over (
        partition by market, chart_week order by share desc nulls last, genre
    ) end as rank_by_share,
    case when growth is not null then row_number() over (
        partition by market, chart_week order by growth desc nulls last, share desc nulls last, genre
    ) end as rank_by_growth,
    round(genre_known_share, 6) as genre_known_share,
    observed_days,
    nullif(concat_ws('; ', case when share is null then 'no known genre in the week' end, no_growth), '') as reason,
    history_from,
    round(observed_days / 56, 6) as coverage,
    case when coverage >= 0.8 then 'high' when coverage >= 0.5 then 'medium' else 'low' end as confidence
from shares
