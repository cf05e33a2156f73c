-- question: who was trending in a charting week, in a market and everywhere?
-- grain:    one row per market, charting week and artist with points in the five weeks up to it
-- window:   five charting weeks (the week against the four before it)

with calendar as (
    -- a market's charts as the ledger tells them: a missing day is left out, it is not a day with no points
    select
        ledger.market,
        ledger.snapshot_date,
        dates.chart_week,
        min(ledger.snapshot_date) over (partition by ledger.market) as history_from
    from marts.coverage as ledger
    inner join marts.dim_date as dates on ledger.snapshot_date = dates.snapshot_date
    where ledger.entity = 'chart_entries' and ledger.market <> '*' and ledger.readable
),

weeks as (
    select market, chart_week, history_from, count(*) as charts
    from calendar
    group by market, chart_week, history_from
),

spans as (
    -- each week that is to be made, with those of its five weeks that have a chart
    select made.market, made.chart_week, made.history_from, past.chart_week as past_week, past.charts
    from weeks as made
    inner join ops.days_to_build as days
        on days.mart = 'trending_artists_weekly' and made.chart_week = days.snapshot_date
    inner join weeks as past
        on made.market = past.market and date_diff('day', past.chart_week, made.chart_week) between 0 and 28
),

observed as (
    select
        market,
        chart_week,
        history_from,
        sum(case when past_week = chart_week then charts else 0 end) as week_days,
        sum(case when past_week < chart_week then charts else 0 end) as earlier_days,
        sum(charts) as observed_days
    from spans
    group by market, chart_week, history_from
),

charts_read as (
    select distinct calendar.market, calendar.snapshot_date, calendar.chart_week
    from calendar
    inner join spans on calendar.market = spans.market and calendar.chart_week = spans.past_week
),

weekly as (
    -- The days of a week are summed before the week is looked at from each of the weeks that count it. That no day is
    -- before its Friday always holds: with equalities alone DuckDB sums the charts of all days, and then joins.
    select
        facts.market,
        charts_read.chart_week,
        facts.artist_key,
        facts.artist_id,
        max(facts.credited_as) as credited_as,
        sum(facts.points) as points,
        min(facts.best_rank) as best_rank,
        count(*) as charted_days
    from marts.fct_artist_chart_daily as facts
    inner join charts_read
        on
            facts.snapshot_date = charts_read.snapshot_date
            and facts.market = charts_read.market
            and facts.snapshot_date >= charts_read.chart_week
    group by 1, 2, 3, 4
),

artists as (
    -- numbered in the order of the key: numbers are grouped and ordered faster than keys
    select
        known.artist_key,
        known.artist_id,
        names.artist_name,
        row_number() over (order by known.artist_key) as artist_number
    from (select distinct artist_key, artist_id from weekly) as known
    left join marts.dim_artist as names on known.artist_id = names.artist_id
),

points as (
    select
        weekly.market,
        weekly.chart_week,
        artists.artist_number,
        case when artists.artist_name is null then weekly.credited_as end as credited_as,
        weekly.points,
        weekly.best_rank,
        weekly.charted_days
    from weekly
    inner join artists on weekly.artist_key = artists.artist_key
),

sums as (
    select
        spans.market,
        spans.chart_week,
        points.artist_number,
        max(points.credited_as) as credited_as,
        sum(case when spans.past_week = spans.chart_week then points.points else 0 end) as recent_points,
        sum(case when spans.past_week < spans.chart_week then points.points else 0 end) as earlier_points,
        max(case when spans.past_week = spans.chart_week then points.best_rank end) as best_rank,
        max(case when spans.past_week = spans.chart_week then points.charted_days else 0 end) as charted_days
    from spans
    inner join points on spans.market = points.market and spans.past_week = points.chart_week
    group by 1, 2, 3
),

means as (
    select
        sums.*,
        observed.history_from,
        observed.week_days,
        observed.earlier_days,
        observed.observed_days,
        round(cast(sums.recent_points as double) / observed.week_days, 6) as points_week,
        round(cast(sums.earlier_points as double) / nullif(observed.earlier_days, 0), 6) as points_4w,
        round(cast(observed.observed_days as double) / 35, 6) as coverage
    from sums
    inner join observed on sums.market = observed.market and sums.chart_week = observed.chart_week
),

trends as (
    select
        *,
        case when observed_days >= 7 then round(ln(1 + points_week) - ln(1 + points_4w), 6) end as trend
    from means
),

places as (
    -- NULL last as a value of its own: Snowflake's DEFAULT_NULL_ORDERING may say that it comes first
    select
        *,
        row_number() over (
            partition by chart_week order by trend is null, trend desc, points_week desc, artist_number, market
        ) as place
    from trends
),

places_in_market as (
    -- a market's order is the one over all markets
    select
        *,
        row_number() over (partition by chart_week, market order by place) as market_place
    from places
)

select
    placed.chart_week,
    placed.market,
    artists.artist_key,
    artists.artist_id,
    coalesce(artists.artist_name, placed.credited_as) as artist_name,
    placed.points_week,
    placed.points_4w,
    placed.trend,
    case when placed.trend is not null then placed.market_place end as rank_in_market,
    case when placed.trend is not null then placed.place end as rank_global,
    placed.best_rank,
    placed.charted_days,
    placed.week_days,
    placed.observed_days,
    case
        when placed.earlier_days = 0 then 'no chart in the four weeks before'
        when placed.observed_days < 7 then 'fewer than 7 observed days'
        when artists.artist_id is null then 'no capture tells the artist of the track; named as the chart does'
    end as reason,
    placed.history_from,
    placed.coverage,
    case when placed.coverage >= 0.8 then 'high' when placed.coverage >= 0.5 then 'medium' else 'low' end as confidence
from places_in_market as placed
inner join artists on placed.artist_number = artists.artist_number
