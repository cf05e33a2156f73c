with calendar as (
    select
        market,
        snapshot_date,
        min(snapshot_date) over (partition by market) as history_from,
        count(*) over (
            partition by market order by snapshot_date range between interval 6 days preceding and current row
        ) as charts_7d,
        count(*) over (
            partition by market order by snapshot_date
            range between interval 34 days preceding and interval 7 days preceding
        ) as charts_28d
    from marts.coverage
    where entity = 'chart_entries' and market <> '*' and readable
),
stays as (  -- until the artist's next chart, or for 34 days: the days on which a chart still counts
    select *, least(
        lead(snapshot_date) over (partition by market, artist_key order by snapshot_date) - 1, snapshot_date + 34
    ) as last_day
    from marts.fct_artist_chart_daily
),
days as (
    select
        market, artist_key, artist_id, credited_as, points, best_rank, charted_tracks, snapshot_date as charted_day,
        unnest(range(snapshot_date, last_day + 1, interval 1 day))::date as snapshot_date
    from stays
),
windows as (
    select
        days.market,
        days.snapshot_date,
        artist_key,
        artist_id,
        max(credited_as) filter (snapshot_date = charted_day) over (
            of_artist range between interval 34 days preceding and current row
        ) as credited_as,
        coalesce(sum(points) filter (snapshot_date = charted_day) over (
            of_artist range between interval 6 days preceding and current row
        ), 0) as sum_7d,
        coalesce(sum(points) filter (snapshot_date = charted_day) over (
            of_artist range between interval 34 days preceding and interval 7 days preceding
        ), 0) as sum_28d,
        case when snapshot_date = charted_day then best_rank end as best_rank,
        case when snapshot_date = charted_day then charted_tracks else 0 end as charted_tracks
    from days
    join calendar using (market, snapshot_date)
    window of_artist as (partition by market, artist_key order by snapshot_date)
),
figures as (
    select
        *,
        charts_7d + charts_28d as observed_days,
        round(sum_7d / charts_7d, 6) as points_7d,
        case when charts_28d > 0 then round(sum_28d / charts_28d, 6) end as points_28d,
        case when charts_28d > 0 and charts_7d + charts_28d >= 7
            then round(ln(1 + round(sum_7d / charts_7d, 6)) - ln(1 + round(sum_28d / charts_28d, 6)), 6) end as trend
    from windows
    join calendar using (market, snapshot_date)
)
select
    snapshot_date,
    market,
    artist_key,
    artist_id,
    coalesce(artist_name, credited_as) as artist_name,
    points_7d,
    points_28d,
    trend,
    case when trend is not null then row_number() over (
        partition by snapshot_date, market order by trend desc nulls last, points_7d desc, artist_key
    ) end as rank_in_market,
    case when trend is not null then row_number() over (
        partition by snapshot_date order by trend desc nulls last, points_7d desc, artist_key, market
    ) end as rank_global,
    best_rank,
    charted_tracks,
    observed_days,
    case
        when charts_28d = 0 then 'no chart in the 28 days before the last 7'
        when observed_days < 7 then 'fewer than 7 observed days'
        when artist_id is null then 'no capture tells the artist of the track; named as the chart does'
    end as reason,
    history_from,
    round(observed_days / 35, 6) as coverage,
    case when coverage >= 0.8 then 'high' when coverage >= 0.5 then 'medium' else 'low' end as confidence
from figures
left join marts.dim_artist using (artist_id)
