-- adds up: the charts of all markets are those of the ledger

with made as (
    select coalesce(sum(markets.charts), 0) as charts
    from marts.dim_market as markets
),

ledger as (
    select count(*) as charts
    from marts.coverage
    where entity = 'chart_entries' and market <> '*' and readable
)

select ledger.charts, made.charts as made
from ledger
inner join made on ledger.charts <> made.charts
