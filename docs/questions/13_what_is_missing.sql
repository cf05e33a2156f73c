-- title:    What is missing?
-- asked by: whoever is asked whether a figure can be trusted
-- reading:  Days by state, of every entity that was ever captured. An empty answer means that nothing is missing.

select entity, state, count(*) as days, min(snapshot_date) as first_day, max(snapshot_date) as last_day
from marts.coverage
where market = '*' and state <> 'complete'
group by entity, state
order by days desc, entity, state
