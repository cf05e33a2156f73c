-- title: What is there, day by day
-- value: coverage.state
-- draw:  calendar snapshot_date entity state
-- axes:  Day (UTC) | Entity
-- read:  charts of all markets together; the Markets page has them one by one.
select snapshot_date, entity, state, items, reason
from marts.coverage
where market = '*' and snapshot_date >= $since
order by snapshot_date, entity
