with calendar as (
    select
        market,
        date_trunc('week', snapshot_date + 3)::date - 3 as chart_week,
        count(*) as week_days,
        min(min(snapshot_date)) over (partition by market) as history_from
    from marts.coverage
    where entity = 'chart_entries' and market <> '*' and readable
    group by market, chart_week
),
weeks as (
    select *, coalesce(sum(week_days) over (
        partition by market order by chart_week
        range between interval 28 days preceding and interval 7 days preceding
    ), 0) as days_4w
    from calendar
),
points as (
    select
        market,
        date_trunc('week', snapshot_date + 3)::date - 3 as charted_week,
        artist_key,
        any_value(artist_id) as artist_id,
        max(credited_as) as credited_as,
        sum(points) as points,
        min(best_rank) as best_rank,
        count(*) as charted_days
    from marts.fct_artist_chart_daily
    group by market, charted_week, artist_key
),
windows as (
    select
        market,
        chart_week,
        artist_key,
        any_value(artist_id) as artist_id,
        max(credited_as) as credited_as,
        coalesce(sum(points) filter (charted_week = chart_week), 0) as sum_week,
        coalesce(sum(points) filter (charted_week < chart_week), 0) as sum_4w,
        any_value(best_rank) filter (charted_week = chart_week) as best_rank,
        coalesce(any_value(charted_days) filter (charted_week = chart_week), 0) as charted_days
    from points
    join weeks using (market)
    where charted_week between chart_week - 28 and chart_week
    group by market, chart_week, artist_key
),
figures as (
    select
        *,
        week_days + days_4w as observed_days,
        round(sum_week / week_days, 6) as points_week,
        case when days_4w > 0 then round(sum_4w / days_4w, 6) end as points_4w,
        case when days_4w > 0 and week_days + days_4w >= 7
            then round(ln(1 + round(sum_week / week_days, 6)) - ln(1 + round(sum_4w / days_4w, 6)), 6) end as trend
    from windows
    join weeks using (market, chart_week)
)
select
    chart_week,
    market,
    artist_key,
    artist_id,
    coalesce(artist_name, credited_as) as artist_name,
    points_week,
    points_4w,
    trend,
    case when trend is not null then row_number() over (
        partition by chart_week, market order by trend desc nulls last, points_week desc, artist_key
    ) end as rank_in_market,
    case when trend is not null then row_number() over (
        partition by chart_week order by trend desc nulls last, points_week desc, artist_key, market
    ) end as rank_global,
    best_rank,
    charted_days,
    week_days,
    observed_days,
    case
        when days_4w = 0 then 'no chart in the four weeks before'
        when observed_days < 7 then 'fewer than 7 observed days'
        when artist_id is null then 'no capture tells the artist of the track; named as the chart does'
    end as reason,
    history_from,
    round(observed_days / 35, 6) as coverage,
    case when coverage >= 0.8 then 'high' when coverage >= 0.5 then 'medium' else 'low' end as confidence
from figures
left join marts.dim_artist using (artist_id)
