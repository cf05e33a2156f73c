-- question: how does a new release do, day by day?
-- grain:    one row per album and day of its first 90 that any chart is there of; one row per charted album whose
--           release day is not known, at its first chart
-- window:   91 days from the release day on

with charts as (
    select
        market,
        snapshot_date,
        min(snapshot_date) over (partition by market) as first_of_market,
        min(snapshot_date) over () as first_of_all,
        max(snapshot_date) over () as last_of_all
    from marts.coverage
    where entity = 'chart_entries' and market <> '*' and readable
),

chart_days as (
    select
        snapshot_date,
        count(*) as charts,
        count(case when snapshot_date = first_of_market then 1 end) as new_markets
    from charts
    group by snapshot_date
),

bounds as (
    select min(first_of_all) as first_day, max(last_of_all) as last_day
    from charts
),

calendar as (
    -- every day from the first chart to the last: one without any chart is a day on which charts are missing
    select
        dates.snapshot_date,
        bounds.first_day,
        coalesce(chart_days.charts, 0) as charts,
        sum(coalesce(chart_days.new_markets, 0)) over (
            order by dates.snapshot_date rows between unbounded preceding and current row
        ) as markets
    from marts.dim_date as dates
    inner join bounds on dates.snapshot_date between bounds.first_day and bounds.last_day
    left join chart_days on dates.snapshot_date = chart_days.snapshot_date
),

sums as (
    select
        *,
        sum(charts) over (order by snapshot_date rows between unbounded preceding and current row) as charts_so_far,
        sum(markets) over (order by snapshot_date rows between unbounded preceding and current row) as due_so_far
    from calendar
),

days_made as (
    select sums.snapshot_date
    from sums
    inner join ops.days_to_build as days
        on days.mart = 'new_release_performance' and sums.snapshot_date = days.snapshot_date
    where sums.charts > 0
),

releases_made as (
    select distinct sums.snapshot_date as release_date
    from sums
    inner join days_made on date_diff('day', sums.snapshot_date, days_made.snapshot_date) between 0 and 90
),

spans as (
    -- the days of a release day's albums
    select
        releases_made.release_date,
        sums.snapshot_date,
        sums.first_day,
        sums.charts,
        date_diff('day', releases_made.release_date, sums.snapshot_date) as days_since,
        round(
            cast(sums.charts_so_far - released.charts_so_far + released.charts as double)
            / (sums.due_so_far - released.due_so_far + released.markets),
            6
        ) as coverage
    from releases_made
    inner join sums as released on releases_made.release_date = released.snapshot_date
    inner join sums
        on sums.charts > 0 and date_diff('day', releases_made.release_date, sums.snapshot_date) between 0 and 90
),

albums as (
    -- numbered: a number is joined and grouped faster than an id
    select
        known.album_id,
        known.album_name,
        known.artist_names,
        known.release_date,
        cast(row_number() over (order by known.album_id) as integer) as album_number
    from marts.dim_album as known
    inner join releases_made on known.release_date = releases_made.release_date
    where known.release_date_precision = 'day'
),

tracks as (
    select
        known.track_id,
        albums.album_number,
        albums.release_date,
        cast(row_number() over (order by known.track_id) as integer) as track_number
    from marts.dim_track as known
    inner join albums on known.album_id = albums.album_id
),

days_read as (
    select distinct snapshot_date
    from spans
),

places as (
    select
        tracks.album_number,
        tracks.track_number,
        facts.snapshot_date,
        facts.market,
        facts.rank,
        facts.points
    from marts.fct_chart_daily as facts
    inner join days_read on facts.snapshot_date = days_read.snapshot_date
    inner join tracks on facts.track_id = tracks.track_id
    where date_diff('day', tracks.release_date, facts.snapshot_date) between 0 and 90
),

charted as (
    select
        album_number,
        snapshot_date,
        count(distinct case when market <> 'GLOBAL' then market end) as markets,
        count(distinct track_number) as charted_tracks,
        min(rank) as best_rank,
        sum(places.points) as points
    from places
    group by album_number, snapshot_date
),

reached as (
    select album_number, snapshot_date, count(*) as new_markets
    from (
        select album_number, market, min(places.snapshot_date) as snapshot_date
        from places
        where market <> 'GLOBAL'
        group by album_number, market
    ) as firsts
    group by album_number, snapshot_date
),

wanted_popularities as (
    select album_id, album_number, 1 as days_since, release_date + 1 as snapshot_date
    from albums
    union all
    select album_id, album_number, 7 as days_since, release_date + 7 as snapshot_date
    from albums
    union all
    select album_id, album_number, 28 as days_since, release_date + 28 as snapshot_date
    from albums
),

popularities as (
    select
        wanted.album_number,
        max(case when wanted.days_since = 1 then told.popularity end) as popularity_1,
        max(case when wanted.days_since = 7 then told.popularity end) as popularity_7,
        max(case when wanted.days_since = 28 then told.popularity end) as popularity_28
    from curated.albums as told
    inner join wanted_popularities as wanted
        on told.snapshot_date = wanted.snapshot_date and told.album_id = wanted.album_id
    group by wanted.album_number
),

grown as (
    select
        albums.album_number,
        spans.snapshot_date,
        spans.first_day,
        spans.days_since,
        spans.charts,
        spans.coverage,
        coalesce(charted.markets, 0) as markets,
        coalesce(charted.charted_tracks, 0) as charted_tracks,
        charted.best_rank,
        coalesce(charted.points, 0) as points,
        min(case when charted.points > 0 then spans.days_since end) over (
            partition by albums.album_number order by spans.snapshot_date
            rows between unbounded preceding and current row
        ) as first_chart_day,
        min(charted.best_rank) over (
            partition by albums.album_number order by spans.snapshot_date
            rows between unbounded preceding and current row
        ) as peak_rank,
        max(charted.points) over (
            partition by albums.album_number order by spans.snapshot_date
            rows between unbounded preceding and current row
        ) as peak_points,
        -- the greatest of points and days left to 90 is the first day of the most points
        max(charted.points * 1000 + 90 - spans.days_since) over (
            partition by albums.album_number order by spans.snapshot_date
            rows between unbounded preceding and current row
        ) as peak,
        sum(coalesce(reached.new_markets, 0)) over (
            partition by albums.album_number order by spans.snapshot_date
            rows between unbounded preceding and current row
        ) as markets_reached
    from albums
    inner join spans on albums.release_date = spans.release_date
    left join charted
        on albums.album_number = charted.album_number and spans.snapshot_date = charted.snapshot_date
    left join reached
        on albums.album_number = reached.album_number and spans.snapshot_date = reached.snapshot_date
),

released as (
    select
        grown.*,
        albums.album_id,
        albums.album_name,
        albums.artist_names,
        albums.release_date,
        popularities.popularity_1,
        popularities.popularity_7,
        popularities.popularity_28,
        case when grown.days_since >= 1 and popularities.popularity_1 is null then ', 1' else '' end
        || case when grown.days_since >= 7 and popularities.popularity_7 is null then ', 7' else '' end
        || case when grown.days_since >= 28 and popularities.popularity_28 is null then ', 28' else '' end as missing
    from grown
    inner join days_made on grown.snapshot_date = days_made.snapshot_date
    inner join albums on grown.album_number = albums.album_number
    left join popularities on grown.album_number = popularities.album_number
),

undated_tracks as (
    select tracks.track_id, tracks.album_id, albums.album_name, albums.artist_names
    from marts.dim_track as tracks
    left join marts.dim_album as albums on tracks.album_id = albums.album_id
    where
        tracks.album_id is not null
        and (albums.release_date is null or albums.release_date_precision <> 'day')
),

undated as (
    select
        tracks.album_id,
        facts.snapshot_date,
        max(tracks.album_name) as album_name,
        max(tracks.artist_names) as artist_names,
        count(distinct case when facts.market <> 'GLOBAL' then facts.market end) as markets,
        count(distinct facts.track_id) as charted_tracks,
        min(facts.rank) as best_rank,
        sum(facts.points) as points
    from marts.fct_chart_daily as facts
    inner join undated_tracks as tracks on facts.track_id = tracks.track_id
    group by tracks.album_id, facts.snapshot_date
    qualify row_number() over (partition by tracks.album_id order by facts.snapshot_date) = 1
)

select
    released.snapshot_date,
    released.album_id,
    released.album_name,
    released.artist_names,
    released.release_date,
    released.days_since as days_since_release,
    released.charts,
    released.markets,
    released.charted_tracks,
    released.best_rank,
    released.points,
    released.first_chart_day,
    released.peak_rank,
    released.peak_points,
    90 - released.peak % 1000 as peak_day,
    released.markets_reached,
    case when released.days_since >= 1 then released.popularity_1 end as popularity_day_1,
    case when released.days_since >= 7 then released.popularity_7 end as popularity_day_7,
    case when released.days_since >= 28 then released.popularity_28 end as popularity_day_28,
    nullif(
        substr(
            case when released.first_chart_day is null then '; on no chart so far' else '' end
            || case
                when released.missing <> ''
                    then '; popularity of day ' || substr(released.missing, 3) || ' was not captured'
                else ''
            end,
            3
        ),
        ''
    ) as reason,
    released.first_day as history_from,
    released.coverage,
    case when released.coverage >= 0.8 then 'high' when released.coverage >= 0.5 then 'medium' else 'low' end
        as confidence
from released
union all
select
    undated.snapshot_date,
    undated.album_id,
    undated.album_name,
    undated.artist_names,
    null as release_date,
    null as days_since_release,
    sums.charts,
    undated.markets,
    undated.charted_tracks,
    undated.best_rank,
    undated.points,
    null as first_chart_day,
    null as peak_rank,
    null as peak_points,
    null as peak_day,
    null as markets_reached,
    null as popularity_day_1,
    null as popularity_day_7,
    null as popularity_day_28,
    'the release day is not known' as reason,
    sums.first_day as history_from,
    round(cast(sums.charts as double) / sums.markets, 6) as coverage,
    case
        when round(cast(sums.charts as double) / sums.markets, 6) >= 0.8 then 'high'
        when round(cast(sums.charts as double) / sums.markets, 6) >= 0.5 then 'medium'
        else 'low'
    end as confidence
from undated
inner join days_made on undated.snapshot_date = days_made.snapshot_date
inner join sums on undated.snapshot_date = sums.snapshot_date
