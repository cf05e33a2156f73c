-- question: which day is what, in the calendar and in the charting week?
-- grain:    one row per day, from the first one that anything is known of to the last one
-- window:   none: the ledger's days, which has all of them

with days as (
    select snapshot_date, count(case when entity = 'chart_entries' and market <> '*' and readable then 1 end) as charts
    from marts.coverage
    group by snapshot_date
)

select
    snapshot_date,
    year(snapshot_date) as year,
    month(snapshot_date) as month,
    day(snapshot_date) as day,
    isodow(snapshot_date) as weekday,
    -- the Friday before, or the day itself
    case isodow(snapshot_date)
        when 5 then snapshot_date
        when 6 then snapshot_date - 1
        when 7 then snapshot_date - 2
        when 1 then snapshot_date - 3
        when 2 then snapshot_date - 4
        when 3 then snapshot_date - 5
        else snapshot_date - 6
    end as chart_week,
    charts
from days
