-- adds up: a row for each chart with all of its places; what is new there are its entries and re-entries

with curated as (
    select entries.snapshot_date, entries.market, count(*) as entries
    from curated.chart_entries as entries
    inner join ops.days_to_build as days
        on days.mart = 'market_performance' and entries.snapshot_date = days.snapshot_date
    inner join marts.coverage as ledger
        on
            ledger.entity = 'chart_entries'
            and ledger.readable
            and entries.market = ledger.market
            and entries.snapshot_date = ledger.snapshot_date
    group by 1, 2
),

moved as (
    select moved.snapshot_date, moved.market, count(case when moved.movement in ('NEW', 'RE-ENTRY') then 1 end) as new_entries
    from marts.chart_movement as moved
    inner join ops.days_to_build as days
        on days.mart = 'market_performance' and moved.snapshot_date = days.snapshot_date
    group by 1, 2
),

expected as (
    select curated.snapshot_date, curated.market, curated.entries, moved.new_entries
    from curated
    left join moved on curated.snapshot_date = moved.snapshot_date and curated.market = moved.market
),

made as (
    select charts.snapshot_date, charts.market, charts.entries, coalesce(charts.new_entries, 0) as new_entries
    from marts.market_performance as charts
    inner join ops.days_to_build as days
        on days.mart = 'market_performance' and charts.snapshot_date = days.snapshot_date
)

(select * from expected except select * from made)
union all
(select * from made except select * from expected)
