with days as (
    select unnest(generate_series(min(snapshot_date), max(snapshot_date), interval 1 day))::date as snapshot_date
    from marts.coverage
),
charts as (
    select snapshot_date, count(*) as charts
    from marts.coverage
    where entity = 'chart_entries' and market <> '*' and readable
    group by snapshot_date
)
select
    snapshot_date,
    year(snapshot_date) as year,
    month(snapshot_date) as month,
    day(snapshot_date) as day,
    isodow(snapshot_date) as weekday,
    date_trunc('week', snapshot_date + 3)::date - 3 as chart_week,
    coalesce(charts, 0) as charts
from days
left join charts using (snapshot_date)
