select max(snapshot_date) as newest, min(snapshot_date) as oldest
from marts.coverage
