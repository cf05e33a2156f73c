-- title: Lines captured a day
-- value: coverage.items
-- draw:  lines snapshot_date items entity
-- axes:  Day (UTC) | Lines captured (lines a day)
-- read:  what the captures brought, which is what curation and loading cost.
select snapshot_date, entity, items
from marts.coverage
where market = '*' and snapshot_date >= $since and state in ('complete', 'partial')
order by entity, snapshot_date
