-- question: what stood where on which chart?
-- grain:    one row per market, chart date and track
-- window:   the day

with held as (
    select ledger.market, ledger.snapshot_date
    from marts.coverage as ledger
    inner join ops.days_to_build as days
        on days.mart = 'fct_chart_daily' and ledger.snapshot_date = days.snapshot_date
    where ledger.entity = 'chart_entries' and ledger.market <> '*' and ledger.readable
),

sizes as (
    select entries.market, entries.snapshot_date, max(entries.rank) as chart_size
    from curated.chart_entries as entries
    where exists (
        select 1 from held where held.market = entries.market and held.snapshot_date = entries.snapshot_date
    )
    group by entries.market, entries.snapshot_date
),

places as (
    -- a track that stands twice counts at its better place; -1 is no number of streams, and keeps NULL from giving
    -- way to those of the worse place
    select
        entries.market,
        entries.snapshot_date,
        entries.track_id,
        min(entries.rank) as best_rank,
        nullif(arg_min(coalesce(entries.streams, -1), entries.rank), -1) as best_streams
    from curated.chart_entries as entries
    where exists (
        select 1 from held where held.market = entries.market and held.snapshot_date = entries.snapshot_date
    )
    group by entries.market, entries.snapshot_date, entries.track_id
)

select
    places.snapshot_date,
    places.market,
    places.track_id,
    places.best_rank as rank,
    sizes.chart_size,
    sizes.chart_size + 1 - places.best_rank as points,
    places.best_streams as streams
from places
inner join sizes
    on places.market = sizes.market and places.snapshot_date = sizes.snapshot_date
