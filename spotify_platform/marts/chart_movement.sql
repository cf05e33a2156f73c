-- question: who entered, rose, fell or came back today?
-- grain:    one row per market, chart date and track
-- window:   unbounded (previous chart, peak and streak look back)

with calendar as (
    -- a market's charts as the ledger tells them; the previous one is the one before, however long ago
    select
        market,
        snapshot_date,
        lag(snapshot_date) over (partition by market order by snapshot_date) as previous_date,
        min(snapshot_date) over (partition by market) as first_date,
        row_number() over (partition by market order by snapshot_date) as chart_number
    from marts.coverage
    where entity = 'chart_entries' and market <> '*' and readable
),

wanted as (
    -- the tracks of the days to build: the history of no other one is looked at; a number sorts faster than two texts
    select market, track_id, row_number() over (order by market, track_id) as number
    from (
        select distinct places.market, places.track_id
        from marts.fct_chart_daily as places
        inner join ops.days_to_build as days
            on days.mart = 'chart_movement' and places.snapshot_date = days.snapshot_date
    )
),

stated as (
    select entries.market, entries.snapshot_date, entries.rank, entries.track_name, entries.artist_names
    from curated.chart_entries as entries
    inner join ops.days_to_build as days
        on days.mart = 'chart_movement' and entries.snapshot_date = days.snapshot_date
),

appearances as (
    select
        wanted.number,
        places.market,
        places.snapshot_date,
        places.track_id,
        places.rank,
        calendar.previous_date,
        calendar.first_date,
        calendar.chart_number,
        coalesce(date_diff('day', calendar.previous_date, calendar.snapshot_date) > 3, false) as after_gap,
        lag(calendar.chart_number) over (
            partition by wanted.number order by calendar.chart_number
        ) as last_number,
        lag(places.rank) over (
            partition by wanted.number order by calendar.chart_number
        ) as last_rank,
        min(places.rank) over (
            partition by wanted.number order by calendar.chart_number
            rows between unbounded preceding and current row
        ) as peak_rank,
        row_number() over (
            partition by wanted.number order by calendar.chart_number
        ) as days_on_chart
    from marts.fct_chart_daily as places
    inner join calendar
        on places.market = calendar.market and places.snapshot_date = calendar.snapshot_date
    inner join wanted on places.market = wanted.market and places.track_id = wanted.track_id
),

streaks as (
    select
        *,
        case when last_number = chart_number - 1 then last_rank end as previous_rank,
        max(case when last_number = chart_number - 1 and not after_gap then 0 else days_on_chart end) over (
            partition by number order by chart_number
            rows between unbounded preceding and current row
        ) as streak_start,
        cast(chart_number as double) / (date_diff('day', first_date, snapshot_date) + 1) as observed_share
    from appearances
)

select
    streaks.snapshot_date,
    streaks.market,
    streaks.track_id,
    stated.track_name,
    stated.artist_names,
    streaks.rank,
    case
        when streaks.previous_date is null then null
        when streaks.days_on_chart = 1 then 'NEW'
        when streaks.previous_rank is null then 'RE-ENTRY'
        when streaks.rank < streaks.previous_rank then 'UP'
        when streaks.rank > streaks.previous_rank then 'DOWN'
        else 'SAME'
    end as movement,
    streaks.previous_date,
    streaks.previous_rank,
    streaks.previous_rank - streaks.rank as rank_change,
    streaks.peak_rank,
    streaks.days_on_chart,
    streaks.days_on_chart - streaks.streak_start + 1 as consecutive_days,
    streaks.after_gap,
    case when streaks.previous_date is null then 'the first chart of the market: nothing to compare with' end as reason,
    streaks.first_date as history_from,
    round(streaks.observed_share, 6) as coverage,
    case
        when streaks.observed_share >= 0.8 then 'high' when streaks.observed_share >= 0.5 then 'medium' else 'low'
    end as confidence
from streaks
inner join stated
    on
        streaks.market = stated.market and streaks.snapshot_date = stated.snapshot_date
        and streaks.rank = stated.rank
