with charts as (
    select distinct market, snapshot_date, chart_size from marts.fct_chart_daily
),
calendar as (  -- a stretch of charts ends at a gap of more than 3 days
    select *, count(*) filter (after_gap) over (partition by market order by snapshot_date) as stretch
    from (
        select
            market,
            snapshot_date,
            date_trunc('week', snapshot_date + 3)::date - 3 as chart_week,
            chart_size,
            snapshot_date - lag(snapshot_date) over (partition by market order by snapshot_date) > 3 as after_gap,
            row_number() over (partition by market order by snapshot_date) as chart_number,
            min(snapshot_date) over (partition by market) as history_from
        from marts.coverage
        join charts using (market, snapshot_date)
        where entity = 'chart_entries' and market <> '*' and readable
    )
),
weekly as (
    select
        market,
        chart_week,
        any_value(history_from) as history_from,
        count(*) as charts,
        max(chart_size) as largest,
        max(snapshot_date) as last_chart,
        arg_max(chart_size, snapshot_date) as last_size
    from calendar
    group by market, chart_week
),
weeks as (
    select
        weekly.*,
        sum(charts) over (
            partition by market order by chart_week range between interval 21 days preceding and current row
        ) as observed_days,
        max(largest) over (
            partition by market order by chart_week range between interval 21 days preceding and current row
        ) as chart_size,
        coalesce(sum(charts) over (
            partition by market order by chart_week
            range between interval 28 days preceding and interval 7 days preceding
        ), 0) as charts_4w_before,
        coalesce(sum(charts) over (
            partition by market order by chart_week
            range between interval 84 days preceding and interval 28 days preceding
        ), 0) as charts_9w_before,
        max(last_chart) over the_week_before as chart_before,
        max(last_size) over the_week_before as size_before
    from weekly
    window the_week_before as (
        partition by market order by chart_week range between interval 7 days preceding and interval 7 days preceding
    )
),

-- The rows: who was on a market's charts in four weeks.
windows as (
    select
        market,
        chart_week,
        artist_key,
        any_value(artist_id) as artist_id,
        max(credited_as) as credited_as,
        count(*) as charted_days,
        max(snapshot_date) as last_day,
        mad(best_rank) as rank_mad,
        any_value(best_rank) filter (snapshot_date = last_chart) as rank_now,
        any_value(best_rank) filter (snapshot_date = chart_before) as rank_before,
        sum(points) as sum_4w
    from (
        select *, date_trunc('week', snapshot_date + 3)::date - 3 + 7 * unnest(range(4))::integer as chart_week
        from marts.fct_artist_chart_daily
    )
    join weeks using (market, chart_week)
    group by market, chart_week, artist_key
),
charted as (
    select
        market,
        date_trunc('week', snapshot_date + 3)::date - 3 as charted_week,
        artist_key,
        sum(points) as points
    from marts.fct_artist_chart_daily
    group by market, charted_week, artist_key
),
points_before as (
    select market, chart_week, artist_key, sum(points) as sum_9w
    from (
        select *, charted_week + 7 * unnest(range(4, 13))::integer as chart_week from charted
    )
    join weeks using (market, chart_week)
    group by market, chart_week, artist_key
),

-- Since history_from: rows of charts, and the best place.
runs as (
    select
        market,
        snapshot_date,
        artist_key,
        stretch,
        best_rank,
        row_number() over so_far as days_on_chart,
        min(best_rank) over so_far as peak_rank,
        chart_number - row_number() over so_far as run
    from marts.fct_artist_chart_daily
    join calendar using (market, snapshot_date)
    window so_far as (partition by market, artist_key order by snapshot_date)
),
streaks as (
    select
        *,
        row_number() over (partition by market, artist_key, stretch, run order by snapshot_date) as streak,
        count(*) filter (best_rank = peak_rank) over (
            partition by market, artist_key, peak_rank order by snapshot_date
        ) as days_at_peak
    from runs
),
histories as (
    select *, max(streak) over (partition by market, artist_key order by snapshot_date) as longest_streak
    from streaks
),

-- Spikes: the week's points against the charts of the four weeks before it, with 0 where the artist is not on one.
before as (
    select market, chart_week, artist_key, list_resize(list(points), any_value(charts_4w_before)::integer, 0) as points
    from (
        select *, date_trunc('week', snapshot_date + 3)::date - 3 + 7 * unnest(range(1, 5))::integer as chart_week
        from marts.fct_artist_chart_daily
    )
    join weeks using (market, chart_week)
    group by market, chart_week, artist_key
),
usual as (
    select
        market, chart_week, artist_key, list_aggregate(points, 'median') + 3 * list_aggregate(points, 'mad') as high
    from before
),
spikes as (
    select market, chart_week, artist_key, count(*) as spike_days
    from (select *, date_trunc('week', snapshot_date + 3)::date - 3 as chart_week from marts.fct_artist_chart_daily)
    left join usual using (market, chart_week, artist_key)
    where points > coalesce(high, 0)
    group by market, chart_week, artist_key
),

-- What virality is made of.
entries as (
    select
        market,
        date_trunc('week', snapshot_date + 3)::date - 3 as chart_week,
        coalesce(artist_id, 'name:' || coalesce(artist_names, '')) as artist_key,
        count(*) as new_entries
    from marts.chart_movement
    left join marts.bridge_track_artist using (track_id)
    where previous_date is not null and previous_rank is null
    group by market, chart_week, artist_key
),
popularities as (
    select
        artist_id,
        date_trunc('week', snapshot_date + 3)::date - 3 as chart_week,
        arg_max(popularity, snapshot_date) as popularity
    from curated.artists
    where popularity is not null
    group by artist_id, chart_week
),
parts as (
    select
        windows.*,
        weeks.* exclude (market, chart_week),
        case when chart_before is not null
            then coalesce(rank_before, size_before + 1) - coalesce(rank_now, last_size + 1)
        end as rank_gain,
        case when last_chart > history_from then coalesce(new_entries, 0) end as new_entries,
        case when popularities.popularity - popularities_before.popularity is not null
            then greatest(-20, least(20, popularities.popularity - popularities_before.popularity))
        end as popularity_change
    from windows
    left join weeks using (market, chart_week)
    left join entries
        on entries.market = windows.market and entries.chart_week = windows.chart_week
        and entries.artist_key = windows.artist_key
    left join popularities
        on popularities.artist_id = windows.artist_id and popularities.chart_week = windows.chart_week
    left join popularities as popularities_before
        on popularities_before.artist_id = windows.artist_id
        and popularities_before.chart_week = windows.chart_week - 7
),
scores as (
    select
        *,
        case when stddev_pop(rank_gain) over peers < 1e-9 then 0
            else (rank_gain - avg(rank_gain) over peers) / stddev_pop(rank_gain) over peers end as gain_score,
        case when stddev_pop(new_entries) over peers < 1e-9 then 0
            else (new_entries - avg(new_entries) over peers) / stddev_pop(new_entries) over peers end as entries_score,
        case when popularity_change is null then null when stddev_pop(popularity_change) over peers < 1e-9 then 0
            else (popularity_change - avg(popularity_change) over peers) / stddev_pop(popularity_change) over peers
        end as popularity_score
    from parts
    window peers as (partition by market, chart_week)
),

-- Stages: an artist's place by points of the four weeks over all markets.
places as (
    select
        chart_week,
        artist_key,
        row_number() over (partition by chart_week order by sum(points) desc, artist_key) as place,
        count(*) over (partition by chart_week) as artists
    from (
        select *, charted_week + 7 * unnest(range(4))::integer as chart_week from charted
    )
    group by chart_week, artist_key
),
staged as (
    select
        *,
        case
            when (place - 1) * 10000 < 3 * artists then 'superstar'
            when (place - 1) * 10000 < 23 * artists then 'mainstream'
            when (place - 1) * 10000 < 123 * artists then 'mid-level'
            else 'developing'
        end as stage,
        case when chart_week + 6 - history_from + 1 >= 91 and charts_9w_before > 0
            then sum_4w / observed_days - coalesce(sum_9w, 0) / charts_9w_before end as difference
    from scores
    left join places using (chart_week, artist_key)
    left join points_before using (market, chart_week, artist_key)
),
grown as (
    select
        *,
        case
            when difference is null then null
            when stddev_pop(difference) over (partition by market, chart_week, stage) < 1e-9 then 0
            else round(difference / stddev_pop(difference) over (partition by market, chart_week, stage), 6)
        end as growth_score
    from staged
)
select
    chart_week,
    grown.market,
    grown.artist_key,
    grown.artist_id,
    coalesce(artist_name, credited_as) as artist_name,
    charted_days,
    observed_days,
    round(charted_days / observed_days, 6) as presence_rate,
    round(rank_mad, 6) as rank_mad,
    round(100 * charted_days / observed_days * (1 - rank_mad / chart_size), 6) as consistency,
    case when last_day = last_chart then streak else 0 end as current_streak,
    longest_streak,
    days_on_chart,
    peak_rank,
    days_at_peak,
    case when charts_4w_before >= 7 then coalesce(spike_days, 0) end as spike_days,
    rank_gain,
    new_entries,
    popularity_change,
    round(gain_score + coalesce(entries_score, 0) + coalesce(popularity_score, 0), 6) as virality,
    stage,
    growth_score,
    case
        when growth_score is null then 'insufficient history'
        when growth_score >= 8 then 'explosive'
        when growth_score >= 2 then 'high'
        when growth_score > 1 then 'moderate'
        when growth_score >= -1 then 'average'
        else 'declining'
    end as growth_class,
    nullif(concat_ws('; ',
        case when chart_before is null then 'no chart in the week before' end,
        case when charts_4w_before < 7 then 'fewer than 7 charts in the four weeks before' end,
        case when growth_score is null then 'history of under 13 weeks' end,
        case when grown.artist_id is null
            then 'no capture tells the artist of the track; named as the chart does' end), '') as reason,
    history_from,
    round(observed_days / 28, 6) as coverage,
    case when coverage >= 0.8 then 'high' when coverage >= 0.5 then 'medium' else 'low' end as confidence
from grown
left join spikes using (market, chart_week, artist_key)
left join marts.dim_artist using (artist_id)
left join histories
    on histories.market = grown.market and histories.artist_key = grown.artist_key
    and histories.snapshot_date = last_day
