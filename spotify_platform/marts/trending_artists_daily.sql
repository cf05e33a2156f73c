-- question: which artists are trending today, in a market and everywhere?
-- grain:    one row per market, chart date and artist with points in the 35 days up to it
-- window:   35 days (the last 7 against the 28 before)

with charts as (
    select market, snapshot_date, max(rank) as size
    from curated.chart_entries
    group by market, snapshot_date
),

credits as (
    -- who a track is by, as the newest capture that has the track tells it
    select track_id, artist_id
    from curated.track_artists
    qualify snapshot_date = max(snapshot_date) over (partition by track_id)
),

names as (
    select artist_id, name
    from curated.artists
    where name is not null
    qualify row_number() over (partition by artist_id order by snapshot_date desc) = 1
),

points as (
    select
        entries.market,
        entries.snapshot_date,
        coalesce(credits.artist_id, 'name:' || coalesce(entries.artist_names, '')) as artist_key,
        max(credits.artist_id) as artist_id,
        max(entries.artist_names) as credited_as,
        sum(charts.size + 1 - entries.rank) as points,
        min(entries.rank) as best_rank,
        count(distinct entries.track_id) as charted_tracks
    from curated.chart_entries as entries
    inner join charts
        on entries.market = charts.market and entries.snapshot_date = charts.snapshot_date
    left join credits on entries.track_id = credits.track_id
    group by 1, 2, 3
),

held as (
    -- the charts that are there, as the ledger tells them
    select
        market,
        snapshot_date,
        min(snapshot_date) over (partition by market) as history_from
    from marts.coverage
    where entity = 'chart_entries' and market <> '*' and readable
),

observed as (
    -- the charts that each chart's windows really hold: a missing day is left out, it is not a day with no points
    select
        today.market,
        today.snapshot_date,
        max(today.history_from) as history_from,
        count(*) as observed_days,
        count(case when date_diff('day', past.snapshot_date, today.snapshot_date) <= 6 then 1 end) as recent_days,
        count(case when date_diff('day', past.snapshot_date, today.snapshot_date) > 6 then 1 end) as earlier_days
    from held as today
    inner join held as past
        on
            today.market = past.market
            and date_diff('day', past.snapshot_date, today.snapshot_date) between 0 and 34
    group by 1, 2
),

sums as (
    select
        observed.market,
        observed.snapshot_date,
        points.artist_key,
        max(points.artist_id) as artist_id,
        max(points.credited_as) as credited_as,
        sum(
            case when date_diff('day', points.snapshot_date, observed.snapshot_date) <= 6 then points.points else 0 end
        ) as recent_points,
        sum(
            case when date_diff('day', points.snapshot_date, observed.snapshot_date) > 6 then points.points else 0 end
        ) as earlier_points,
        max(case when points.snapshot_date = observed.snapshot_date then points.best_rank end) as best_rank,
        max(case when points.snapshot_date = observed.snapshot_date then points.charted_tracks else 0 end)
            as charted_tracks
    from observed
    inner join points
        on
            observed.market = points.market
            and date_diff('day', points.snapshot_date, observed.snapshot_date) between 0 and 34
    group by 1, 2, 3
),

means as (
    select
        sums.*,
        observed.history_from,
        observed.observed_days,
        observed.earlier_days,
        round(cast(sums.recent_points as double) / observed.recent_days, 6) as points_7d,
        round(cast(sums.earlier_points as double) / nullif(observed.earlier_days, 0), 6) as points_28d,
        round(cast(observed.observed_days as double) / 35, 6) as coverage
    from sums
    inner join observed
        on sums.market = observed.market and sums.snapshot_date = observed.snapshot_date
),

trends as (
    select
        *,
        case when observed_days >= 7 then round(ln(1 + points_7d) - ln(1 + points_28d), 6) end as trend
    from means
)

select
    trends.snapshot_date,
    trends.market,
    trends.artist_key,
    trends.artist_id,
    coalesce(names.name, trends.credited_as) as artist_name,
    trends.points_7d,
    trends.points_28d,
    trends.trend,
    case
        when trends.trend is not null
            then row_number() over (
                partition by trends.snapshot_date, trends.market
                order by trends.trend desc nulls last, trends.points_7d desc, trends.artist_key
            )
    end as rank_in_market,
    case
        when trends.trend is not null
            then row_number() over (
                partition by trends.snapshot_date
                order by trends.trend desc nulls last, trends.points_7d desc, trends.artist_key, trends.market
            )
    end as rank_global,
    trends.best_rank,
    trends.charted_tracks,
    trends.observed_days,
    case
        when trends.earlier_days = 0 then 'no chart in the 28 days before the last 7'
        when trends.observed_days < 7 then 'fewer than 7 observed days'
        when trends.artist_id is null then 'no capture tells the artist of the track; named as the chart does'
    end as reason,
    trends.history_from,
    trends.coverage,
    case when trends.coverage >= 0.8 then 'high' when trends.coverage >= 0.5 then 'medium' else 'low' end as confidence
from trends
left join names on trends.artist_id = names.artist_id
