-- title: What it is spent on
-- value: platform_cost.cost
-- draw:  bars usd asset dollars
-- axes:  Cost (US dollars)
-- window: the span
-- read:  the assets of a zone are made by one step together, which `/*` stands for.
-- empty: Nothing was reckoned yet: run `spotify-platform cost`, or the job `platform_cost`.
select asset, round(sum(cost), 9)::double as usd
from operations.platform_cost
where usage_date >= $since
group by asset
order by usd desc, asset
limit 24
