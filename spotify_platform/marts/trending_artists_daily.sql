-- question: which artists are trending today, in a market and everywhere?
-- grain:    one row per market, chart date and artist with points in the 35 days up to it
-- window:   35 days (the last 7 against the 28 before)

with days as (
    select snapshot_date
    from ops.days_to_build
    where mart = 'trending_artists_daily'
),

calendar as (
    -- the charts that are there, numbered: a market's follow one another, a missing day has no number
    select
        market,
        snapshot_date,
        cast(row_number() over (order by market, snapshot_date) as integer) as chart,
        min(snapshot_date) over (partition by market) as history_from
    from marts.coverage
    where entity = 'chart_entries' and market <> '*' and readable
),

dates as (
    select distinct snapshot_date
    from calendar
),

lookback as (
    select
        today.snapshot_date,
        past.snapshot_date as past_date,
        date_diff('day', past.snapshot_date, today.snapshot_date) as days_back
    from dates as today
    inner join dates as past
        on date_diff('day', past.snapshot_date, today.snapshot_date) between 0 and 34
),

past_days as (
    select distinct past_date
    from lookback
    where snapshot_date in (select snapshot_date from days)
),

chart_pairs as (
    select
        today.chart,
        today.snapshot_date,
        today.market,
        today.history_from,
        past.chart as past_chart,
        past.snapshot_date as past_date,
        lookback.days_back
    from calendar as past
    inner join lookback on past.snapshot_date = lookback.past_date
    inner join calendar as today
        on past.market = today.market and lookback.snapshot_date = today.snapshot_date
),

observed as (
    -- the charts that each chart's windows really hold: a missing day is left out, it is not a day with no points
    select
        chart,
        market,
        snapshot_date,
        history_from,
        count(*) as observed_days,
        count(case when days_back <= 6 then 1 end) as recent_days,
        count(case when days_back > 6 then 1 end) as earlier_days,
        round(cast(count(*) as double) / 35, 6) as coverage
    from chart_pairs
    where snapshot_date in (select snapshot_date from days)
    group by chart, market, snapshot_date, history_from
),

reach as (
    -- the first charts on which a chart's points are no longer recent, and no longer anything
    select
        market,
        past_date,
        past_chart,
        max(case when days_back <= 6 then chart end) + 1 as earlier_from,
        max(chart) + 1 as gone_from
    from chart_pairs
    where past_date in (select past_date from past_days)
    group by market, past_date, past_chart
),

artists as (
    -- the artists of each market, numbered in the order that decides a tie: numbers sort faster than texts
    select
        known.market,
        known.artist_key,
        known.artist_id,
        names.artist_name,
        cast(row_number() over (order by known.artist_key, known.market) as integer) as artist
    from (
        select distinct daily.market, daily.artist_key, daily.artist_id
        from marts.fct_artist_chart_daily as daily
        where daily.snapshot_date in (select past_date from past_days)
    ) as known
    left join marts.dim_artist as names on known.artist_id = names.artist_id
),

charted as (
    select
        artists.artist,
        reach.past_chart,
        reach.earlier_from,
        reach.gone_from,
        cast(daily.points as double) as points,
        daily.best_rank,
        daily.charted_tracks
    from marts.fct_artist_chart_daily as daily
    inner join reach
        on daily.market = reach.market and daily.snapshot_date = reach.past_date
    inner join artists
        on daily.market = artists.market and daily.artist_key = artists.artist_key
),

changes as (
    -- A chart's points are recent from its day on, earlier from the seventh day after it, and nothing from the 35th. So
    -- the sums of all windows are running sums of these changes; joining each chart with all in its windows takes ten
    -- times as long.
    select
        change.artist,
        change.chart,
        sum(change.recent) as recent,
        sum(change.earlier) as earlier,
        max(change.best_rank) as best_rank,
        cast(max(change.charted_tracks) as integer) as charted_tracks
    from (
        select artist, past_chart as chart, points as recent, 0 as earlier, best_rank, charted_tracks
        from charted
        union all
        select
            artist,
            earlier_from as chart,
            -points as recent,
            points as earlier,
            null as best_rank,
            0 as charted_tracks
        from charted
        union all
        select artist, gone_from as chart, 0 as recent, -points as earlier, null as best_rank, 0 as charted_tracks
        from charted
    ) as change
    group by change.artist, change.chart
),

states as (
    -- what holds from a chart on, and for how many: until the artist's next change
    select
        artist,
        chart,
        best_rank,
        charted_tracks,
        sum(recent) over (
            partition by artist order by chart rows between unbounded preceding and current row
        ) as recent_points,
        sum(earlier) over (
            partition by artist order by chart rows between unbounded preceding and current row
        ) as earlier_points,
        lead(chart) over (partition by artist order by chart) - chart as charts
    from changes
),

steps as (
    -- nothing lasts longer than 35 charts
    select lengths.chart as charts, steps.chart - 1 as step
    from calendar as lengths
    inner join calendar as steps on steps.chart <= lengths.chart
    where lengths.chart <= 35
),

means as (
    select
        states.artist,
        observed.chart,
        observed.snapshot_date,
        observed.observed_days,
        case when steps.step = 0 then states.best_rank end as best_rank,
        case when steps.step = 0 then states.charted_tracks else 0 end as charted_tracks,
        round(states.recent_points / cast(observed.recent_days as double), 6) as points_7d,
        round(states.earlier_points / cast(nullif(observed.earlier_days, 0) as double), 6) as points_28d
    from states
    inner join steps on states.charts = steps.charts
    inner join observed on states.chart + steps.step = observed.chart
    where states.recent_points + states.earlier_points > 0
),

trends as (
    select
        artist,
        chart,
        snapshot_date,
        best_rank,
        charted_tracks,
        points_7d,
        points_28d,
        case when observed_days >= 7 then round(ln(1 + points_7d) - ln(1 + points_28d), 6) end as trend
    from means
),

ranked as (
    select
        *,
        row_number() over (
            partition by chart order by trend desc nulls last, points_7d desc, artist
        ) as place_in_market,
        row_number() over (
            partition by snapshot_date order by trend desc nulls last, points_7d desc, artist
        ) as place
    from trends
),

fallback_names as (
    -- the greatest credit of the window, of the few artists that no source names: of others it is a part of the key
    select chart_pairs.chart, daily.artist_key, max(daily.credited_as) as credited_as
    from marts.fct_artist_chart_daily as daily
    inner join chart_pairs
        on daily.market = chart_pairs.market and daily.snapshot_date = chart_pairs.past_date
    where
        chart_pairs.snapshot_date in (select snapshot_date from days)
        and exists (
            select 1
            from artists
            where
                artists.market = daily.market and artists.artist_key = daily.artist_key
                and artists.artist_name is null and (artists.artist_id is not null or artists.artist_key = 'name:')
        )
    group by chart_pairs.chart, daily.artist_key
)

select
    ranked.snapshot_date,
    observed.market,
    artists.artist_key,
    artists.artist_id,
    case
        when artists.artist_name is not null then artists.artist_name
        when artists.artist_id is null and artists.artist_key <> 'name:' then substr(artists.artist_key, 6)
        else fallback_names.credited_as
    end as artist_name,
    ranked.points_7d,
    ranked.points_28d,
    ranked.trend,
    case when ranked.trend is not null then ranked.place_in_market end as rank_in_market,
    case when ranked.trend is not null then ranked.place end as rank_global,
    ranked.best_rank,
    ranked.charted_tracks,
    observed.observed_days,
    case
        when observed.earlier_days = 0 then 'no chart in the 28 days before the last 7'
        when observed.observed_days < 7 then 'fewer than 7 observed days'
        when artists.artist_id is null then 'no capture tells the artist of the track; named as the chart does'
    end as reason,
    observed.history_from,
    observed.coverage,
    case
        when observed.coverage >= 0.8 then 'high' when observed.coverage >= 0.5 then 'medium' else 'low'
    end as confidence
from ranked
inner join observed on ranked.chart = observed.chart
inner join artists on ranked.artist = artists.artist
left join fallback_names
    on ranked.chart = fallback_names.chart and artists.artist_key = fallback_names.artist_key
