-- adds up: every chart has all of its tracks, and its places add up to those that were curated

with charts as (
    select entries.snapshot_date, entries.market, entries.track_id, min(entries.rank) as rank
    from curated.chart_entries as entries
    inner join ops.days_to_build as days
        on days.mart = 'fct_chart_daily' and entries.snapshot_date = days.snapshot_date
    inner join marts.coverage as ledger
        on
            ledger.entity = 'chart_entries'
            and ledger.readable
            and entries.market = ledger.market
            and entries.snapshot_date = ledger.snapshot_date
    group by 1, 2, 3
),

curated as (
    select snapshot_date, market, count(*) as tracks, sum(rank) as places
    from charts
    group by 1, 2
),

made as (
    select facts.snapshot_date, facts.market, count(*) as tracks, sum(facts.rank) as places
    from marts.fct_chart_daily as facts
    inner join ops.days_to_build as days
        on days.mart = 'fct_chart_daily' and facts.snapshot_date = days.snapshot_date
    group by 1, 2
)

(select * from curated except select * from made)
union all
(select * from made except select * from curated)
