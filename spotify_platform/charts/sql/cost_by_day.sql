-- title: What a day costs
-- value: platform_cost.cost
-- draw:  columns usage_date usd dollars
-- axes:  Day (UTC) | Cost (US dollars a day)
-- read:  all that the platform used on a day, by list prices; the last three days are still reckoned anew.
-- empty: Nothing was reckoned yet: run `spotify-platform cost`, or the job `platform_cost`.
select usage_date, round(sum(cost), 9)::double as usd
from operations.platform_cost
where usage_date >= $since
group by usage_date
order by usage_date
