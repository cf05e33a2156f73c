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

entries as (
    -- a track that stands twice on a chart counts once, with its better place
    select market, snapshot_date, track_id, track_name, artist_names, rank
    from curated.chart_entries
    qualify row_number() over (partition by market, snapshot_date, track_id order by rank) = 1
),

appearances as (
    select
        entries.*,
        calendar.previous_date,
        calendar.first_date,
        calendar.chart_number,
        coalesce(date_diff('day', calendar.previous_date, calendar.snapshot_date) > 3, false) as after_gap,
        lag(calendar.chart_number) over (
            partition by entries.market, entries.track_id order by entries.snapshot_date
        ) as last_number,
        lag(entries.rank) over (
            partition by entries.market, entries.track_id order by entries.snapshot_date
        ) as last_rank,
        min(entries.rank) over (
            partition by entries.market, entries.track_id order by entries.snapshot_date
            rows between unbounded preceding and current row
        ) as peak_rank,
        row_number() over (
            partition by entries.market, entries.track_id order by entries.snapshot_date
        ) as days_on_chart
    from entries
    inner join calendar
        on entries.market = calendar.market and entries.snapshot_date = calendar.snapshot_date
),

streaks as (
    select
        *,
        case when last_number = chart_number - 1 then last_rank end as previous_rank,
        sum(case when last_number = chart_number - 1 and not after_gap then 0 else 1 end) over (
            partition by market, track_id order by snapshot_date
            rows between unbounded preceding and current row
        ) as streak,
        cast(chart_number as double) / (date_diff('day', first_date, snapshot_date) + 1) as observed_share
    from appearances
)

select
    snapshot_date,
    market,
    track_id,
    track_name,
    artist_names,
    rank,
    case
        when previous_date is null then null
        when days_on_chart = 1 then 'NEW'
        when previous_rank is null then 'RE-ENTRY'
        when rank < previous_rank then 'UP'
        when rank > previous_rank then 'DOWN'
        else 'SAME'
    end as movement,
    previous_date,
    previous_rank,
    previous_rank - rank as rank_change,
    peak_rank,
    days_on_chart,
    row_number() over (partition by market, track_id, streak order by snapshot_date) as consecutive_days,
    after_gap,
    case when previous_date is null then 'the first chart of the market: nothing to compare with' end as reason,
    first_date as history_from,
    round(observed_share, 6) as coverage,
    case when observed_share >= 0.8 then 'high' when observed_share >= 0.5 then 'medium' else 'low' end as confidence
from streaks
