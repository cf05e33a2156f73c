-- question: which genres grow in a market?
-- grain:    one row per market, charting week and genre on a chart of the eight weeks up to it
-- window:   eight charting weeks (the last four against the four before them)

with calendar as (
    -- a market's charts as the ledger tells them: a missing day is left out, it is not a day without any genre
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
    -- each week that is to be made, with those of its eight weeks that have a chart
    select
        made.market,
        made.chart_week,
        made.history_from,
        past.chart_week as past_week,
        past.charts,
        case when date_diff('day', past.chart_week, made.chart_week) < 28 then 1 else 0 end as is_recent
    from weeks as made
    inner join ops.days_to_build as days on days.mart = 'genre_growth' and made.chart_week = days.snapshot_date
    inner join weeks as past
        on made.market = past.market and date_diff('day', past.chart_week, made.chart_week) between 0 and 49
),

observed as (
    select
        market,
        chart_week,
        history_from,
        sum(case when is_recent = 0 then charts else 0 end) as earlier_days,
        sum(charts) as observed_days
    from spans
    group by market, chart_week, history_from
),

charts_read as (
    select distinct calendar.market, calendar.snapshot_date, calendar.chart_week
    from calendar
    inner join spans on calendar.market = spans.market and calendar.chart_week = spans.past_week
),

weekly_tracks as (
    -- The days of a week are summed before the week is looked at from each of the weeks that count it. That no day is
    -- before its Friday always holds: with equalities alone DuckDB sums the charts of all days, and then joins.
    select
        facts.market,
        charts_read.chart_week,
        facts.track_id,
        sum(cast(1 as double) / facts.rank) as weight,
        count(*) as places
    from marts.fct_chart_daily as facts
    inner join charts_read
        on
            facts.snapshot_date = charts_read.snapshot_date
            and facts.market = charts_read.market
            and facts.snapshot_date >= charts_read.chart_week
    group by 1, 2, 3
),

genres as (
    -- numbered in the order of the name: numbers are grouped and ordered faster than names
    select genre, row_number() over (order by genre) as genre_number
    from (select distinct genre from marts.bridge_artist_genre)
),

track_genres as (
    -- an artist's genres are those of all its tracks, and a genre that two artists of a track have counts once
    select distinct charted.track_id, genres.genre_number
    from (select distinct track_id from weekly_tracks) as charted
    inner join marts.bridge_track_artist as credits on charted.track_id = credits.track_id
    inner join marts.bridge_artist_genre as made on credits.artist_id = made.artist_id
    inner join genres on made.genre = genres.genre
),

genre_counts as (
    -- numbered, too
    select track_id, count(*) as genres, row_number() over (order by track_id) as track_number
    from track_genres
    group by track_id
),

genres_of_numbers as (
    select genre_counts.track_number, track_genres.genre_number
    from track_genres
    inner join genre_counts on track_genres.track_id = genre_counts.track_id
),

known_tracks as (
    select
        weekly_tracks.market,
        weekly_tracks.chart_week,
        genre_counts.track_number,
        weekly_tracks.places,
        cast(weekly_tracks.weight as double) / genre_counts.genres as weight
    from weekly_tracks
    inner join genre_counts on weekly_tracks.track_id = genre_counts.track_id
),

known_places as (
    select market, chart_week, sum(known_tracks.places) as places
    from known_tracks
    group by market, chart_week
),

all_places as (
    select market, chart_week, sum(weekly_tracks.places) as places
    from weekly_tracks
    group by market, chart_week
),

weekly as (
    select known_tracks.market, known_tracks.chart_week, made.genre_number, sum(known_tracks.weight) as weight
    from known_tracks
    inner join genres_of_numbers as made on known_tracks.track_number = made.track_number
    group by 1, 2, 3
),

sums as (
    select
        spans.market,
        spans.chart_week,
        weekly.genre_number,
        sum(case when spans.past_week = spans.chart_week then weekly.weight else 0 end) as weight,
        sum(case when spans.is_recent = 1 then weekly.weight else 0 end) as weight_4w,
        sum(case when spans.is_recent = 0 then weekly.weight else 0 end) as weight_before
    from spans
    inner join weekly on spans.market = weekly.market and spans.past_week = weekly.chart_week
    group by 1, 2, 3
),

totals as (
    select
        market,
        chart_week,
        sum(sums.weight) as weight,
        sum(sums.weight_4w) as weight_4w,
        sum(sums.weight_before) as weight_before
    from sums
    group by market, chart_week
),

appearances as (
    select
        market,
        track_number,
        chart_week,
        lag(chart_week) over (partition by market, track_number order by chart_week) as last_week,
        lead(chart_week) over (partition by market, track_number order by chart_week) as next_week
    from known_tracks
),

steps as (
    -- A week's track counts in that week and in the seven after it. So a genre has a track more where such a row of
    -- weeks begins and one less where it ends, and the sum up to a week is the number of its different tracks: the
    -- rows of eight weeks are never made.
    select market, track_number, chart_week, 1 as step
    from appearances
    where last_week is null or date_diff('day', last_week, chart_week) > 56
    union all
    select
        appearances.market,
        appearances.track_number,
        appearances.chart_week + 56 as chart_week,
        -1 as step
    from appearances
    where
        appearances.next_week is null or date_diff('day', appearances.chart_week, appearances.next_week) > 56
),

counts as (
    select steps.market, steps.chart_week, made.genre_number, sum(steps.step) as step, 0 as is_row
    from steps
    inner join genres_of_numbers as made on steps.track_number = made.track_number
    group by 1, 2, 3
    union all
    select market, chart_week, genre_number, 0 as step, 1 as is_row
    from sums
),

tracks as (
    select
        market,
        chart_week,
        genre_number,
        is_row,
        sum(step) over (
            partition by market, genre_number order by chart_week, is_row
            rows between unbounded preceding and current row
        ) as tracks
    from counts
),

shares as (
    select
        sums.market,
        sums.chart_week,
        sums.genre_number,
        tracks.tracks,
        observed.earlier_days,
        observed.observed_days,
        observed.history_from,
        round(cast(sums.weight as double) / nullif(totals.weight, 0), 6) as share,
        round(cast(sums.weight_4w as double) / nullif(totals.weight_4w, 0), 6) as share_4w,
        round(cast(sums.weight_before as double) / nullif(totals.weight_before, 0), 6) as share_before,
        round(cast(coalesce(known_places.places, 0) as double) / all_places.places, 6) as genre_known_share,
        round(cast(observed.observed_days as double) / 56, 6) as coverage
    from sums
    inner join tracks
        on
            tracks.is_row = 1
            and sums.market = tracks.market
            and sums.chart_week = tracks.chart_week
            and sums.genre_number = tracks.genre_number
    inner join totals on sums.market = totals.market and sums.chart_week = totals.chart_week
    inner join observed on sums.market = observed.market and sums.chart_week = observed.chart_week
    inner join all_places on sums.market = all_places.market and sums.chart_week = all_places.chart_week
    left join known_places on sums.market = known_places.market and sums.chart_week = known_places.chart_week
),

doubts as (
    select
        *,
        case
            when earlier_days = 0 then 'no chart in the four weeks before'
            when share_4w is null then 'no known genre in the four weeks'
            when share_before is null then 'no known genre in the four weeks before'
            when tracks < 10 then 'fewer than 10 tracks in the eight weeks'
            when share_before = 0 then 'not on a chart in the four weeks before'
        end as why_no_growth
    from shares
),

grown as (
    select
        *,
        case when why_no_growth is null then round(cast(share_4w as double) / share_before - 1, 6) end as growth
    from doubts
)

select
    grown.chart_week,
    grown.market,
    genres.genre,
    grown.share,
    grown.share_4w,
    grown.share_before,
    grown.growth,
    grown.tracks,
    case
        when grown.share is not null
            then row_number() over (
                partition by grown.market, grown.chart_week
                order by grown.share is null, grown.share desc, grown.genre_number
            )
    end as rank_by_share,
    -- NULL last as a value of its own: Snowflake's DEFAULT_NULL_ORDERING may say that it comes first
    case
        when grown.growth is not null
            then row_number() over (
                partition by grown.market, grown.chart_week
                order by grown.growth is null, grown.growth desc, grown.share is null, grown.share desc,
                    grown.genre_number
            )
    end as rank_by_growth,
    grown.genre_known_share,
    grown.observed_days,
    nullif(
        substr(
            case when grown.share is null then '; no known genre in the week' else '' end
            || coalesce('; ' || grown.why_no_growth, ''),
            3
        ),
        ''
    ) as reason,
    grown.history_from,
    grown.coverage,
    case when grown.coverage >= 0.8 then 'high' when grown.coverage >= 0.5 then 'medium' else 'low' end as confidence
from grown
inner join genres on grown.genre_number = genres.genre_number
