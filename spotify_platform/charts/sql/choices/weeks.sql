select distinct dates.chart_week
from marts.market_performance as charts
inner join marts.dim_date as dates on charts.snapshot_date = dates.snapshot_date
where charts.market = $market
order by dates.chart_week desc
