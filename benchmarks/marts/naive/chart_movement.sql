with calendar as (  -- a stretch of charts ends at a gap of more than 3 days
    select *, count(*) filter (after_gap) over (partition by market order by snapshot_date) as stretch
    from (
        select
            market,
            snapshot_date,
            lag(snapshot_date) over (partition by market order by snapshot_date) as previous_date,
            coalesce(snapshot_date - previous_date > 3, false) as after_gap,
            row_number() over (partition by market order by snapshot_date) as chart_number,
            min(snapshot_date) over (partition by market) as history_from
        from marts.coverage
        where entity = 'chart_entries' and market <> '*' and readable
    )
),
charted as (
    select
        calendar.*,
        track_id,
        track_name,
        artist_names,
        rank,
        min(rank) over so_far as peak_rank,
        row_number() over so_far as days_on_chart,
        lag(chart_number) over so_far as last_chart_number,
        lag(rank) over so_far as last_rank,
        chart_number - row_number() over so_far as run
    from marts.fct_chart_daily
    join calendar using (market, snapshot_date)
    join curated.chart_entries as entries using (market, snapshot_date, track_id, rank)
    window so_far as (partition by market, track_id order by snapshot_date)
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
        when last_chart_number is null then 'NEW'
        when last_chart_number < chart_number - 1 then 'RE-ENTRY'
        when rank < last_rank then 'UP'
        when rank > last_rank then 'DOWN'
        else 'SAME'
    end as movement,
    previous_date,
    case when last_chart_number = chart_number - 1 then last_rank end as previous_rank,
    previous_rank - rank as rank_change,
    peak_rank,
    days_on_chart,
    row_number() over (partition by market, track_id, stretch, run order by snapshot_date) as consecutive_days,
    after_gap,
    case when previous_date is null then 'the first chart of the market: nothing to compare with' end as reason,
    history_from,
    round(chart_number / (snapshot_date - history_from + 1), 6) as coverage,
    case when coverage >= 0.8 then 'high' when coverage >= 0.5 then 'medium' else 'low' end as confidence
from charted
