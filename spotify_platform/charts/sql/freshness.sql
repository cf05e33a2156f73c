-- title: How fresh it is
-- value: coverage.snapshot_date
-- draw:  table
select
    entity,
    max(case when state in ('complete', 'partial') then snapshot_date end) as newest_day,
    max(case when readable then snapshot_date end) as newest_readable_day,
    sum(items) as lines
from marts.coverage
where market = '*'
group by entity
order by entity
