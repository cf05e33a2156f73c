-- title: Days that are not complete
-- value: coverage.state
-- draw:  table
-- empty: Nothing is missing.
select entity, market, state, count(*) as days, min(snapshot_date) as first_day, max(snapshot_date) as last_day, reason
from marts.coverage
where state <> 'complete' and snapshot_date >= $since
group by entity, market, state, reason
order by days desc, entity, market, state, reason
limit 25
