-- title: What is missing
-- value: coverage.state
-- draw:  table
-- empty: Nothing is missing: every entity and chart of the day is complete.
select entity, market, state, reason
from marts.coverage
where snapshot_date = $day and state <> 'complete'
order by entity, market
limit 30
