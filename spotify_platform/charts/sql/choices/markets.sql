select market
from marts.dim_market
order by market <> 'GLOBAL', market
