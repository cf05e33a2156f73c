-- title: What was used
-- value: platform_cost.quantity
-- draw:  table
-- empty: Nothing was reckoned yet: run `spotify-platform cost`, or the job `platform_cost`.
select
    service,
    usage_type,
    round(sum(quantity), 6)::double as quantity,
    unit,
    round(sum(cost), 9)::double as usd,
    string_agg(distinct method, ', ' order by method) as method
from operations.platform_cost
where usage_date >= $since
group by service, usage_type, unit
order by usd desc, service, usage_type
