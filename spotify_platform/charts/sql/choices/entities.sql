select distinct entity
from marts.coverage
order by entity
