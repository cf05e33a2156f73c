-- title: Rejected lines
-- value: curated.rejects.reason
-- draw:  table
-- empty: No line was rejected.
select entity, reason, count(*) as lines, max(snapshot_date) as last_day
from curated.rejects
where snapshot_date >= $since
group by entity, reason
order by lines desc, entity, reason
limit 25
