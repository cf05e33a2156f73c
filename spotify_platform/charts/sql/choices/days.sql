select snapshot_date
from marts.market_performance
where market = $market
order by snapshot_date desc
