-- Weeks of which the market has all seven charts: what pages show first, since half a week misleads.
select dates.chart_week
from marts.market_performance as charts
inner join marts.dim_date as dates on charts.snapshot_date = dates.snapshot_date
where charts.market = $market
group by dates.chart_week
having count(*) = 7
order by dates.chart_week desc
