-- question: what does a market listen to, and how fast does its chart turn over?
-- grain:    one row per market and chart date
-- window:   the chart and the market's previous one

with days as (
    select snapshot_date
    from ops.days_to_build
    where mart = 'market_performance'
),

track_genres as (
    select distinct credits.track_id, genres.genre
    from marts.bridge_track_artist as credits
    inner join marts.bridge_artist_genre as genres on credits.artist_id = genres.artist_id
),

genre_counts as (
    select track_id, count(*) as genres
    from track_genres
    group by track_id
),

charts as (
    -- places, not tracks: both count of a track that stands twice
    select
        entries.market,
        entries.snapshot_date,
        count(*) as entries,
        count(genre_counts.track_id) as known_genres
    from curated.chart_entries as entries
    left join genre_counts on entries.track_id = genre_counts.track_id
    where entries.snapshot_date in (select snapshot_date from days)
    group by entries.market, entries.snapshot_date
),

genre_weights as (
    select
        entries.market,
        entries.snapshot_date,
        track_genres.genre,
        round(sum(cast(1 as double) / entries.rank / genre_counts.genres), 9) as weight
    from curated.chart_entries as entries
    inner join track_genres on entries.track_id = track_genres.track_id
    inner join genre_counts on entries.track_id = genre_counts.track_id
    where entries.snapshot_date in (select snapshot_date from days)
    group by entries.market, entries.snapshot_date, track_genres.genre
),

top_genres as (
    select
        market,
        snapshot_date,
        case when count(genre) > 0 then string_agg(genre, ', ' order by place) end as top_genres
    from (
        select
            *,
            row_number() over (partition by market, snapshot_date order by weight desc, genre) as place
        from genre_weights
    )
    where place <= 3
    group by market, snapshot_date
),

artist_counts as (
    select
        artists.market,
        artists.snapshot_date,
        count(*) as artists,
        -- three artists on the first ten places: then none with fewer points than the tenth is one of the first three
        case
            when count(case when artists.best_rank <= 10 then 1 end) >= 3 then max(artists.chart_size) + 1 - 10 else 0
        end as least_points
    from marts.fct_artist_chart_daily as artists
    where artists.snapshot_date in (select snapshot_date from days)
    group by artists.market, artists.snapshot_date
),

foremost_artists as (
    select
        foremost.market,
        foremost.snapshot_date,
        foremost.artist_name,
        -- NULL last as a value of its own: Snowflake's DEFAULT_NULL_ORDERING may say that it comes first
        row_number() over (
            partition by foremost.market, foremost.snapshot_date
            order by foremost.points desc, foremost.artist_name is null, foremost.artist_name, foremost.artist_key
        ) as place
    from (
        select
            artists.market,
            artists.snapshot_date,
            artists.artist_key,
            artists.points,
            coalesce(names.artist_name, artists.credited_as) as artist_name
        from marts.fct_artist_chart_daily as artists
        inner join artist_counts
            on
                artists.market = artist_counts.market and artists.snapshot_date = artist_counts.snapshot_date
                and artists.points >= artist_counts.least_points
        left join marts.dim_artist as names on artists.artist_id = names.artist_id
        where artists.snapshot_date in (select snapshot_date from days)
    ) as foremost
),

top_artists as (
    select
        market,
        snapshot_date,
        -- of no name NULL, and not the empty text that Snowflake makes of it
        case when count(artist_name) > 0 then string_agg(artist_name, ', ' order by place) end as top_artists
    from foremost_artists
    where place <= 3
    group by market, snapshot_date
),

movement as (
    select
        moved.market,
        moved.snapshot_date,
        max(moved.previous_date) as previous_date,
        max(moved.history_from) as history_from,
        min(case when moved.rank = 1 then moved.track_name end) as top_track,
        count(*) as tracks,
        count(case when moved.previous_rank is null then 1 end) as new_entries,
        count(case when moved.previous_rank = moved.rank then 1 end) as unmoved,
        avg(cast(date_diff('day', tracks.release_date, moved.snapshot_date) as double)) as mean_track_age_days,
        count(tracks.release_date) as known_ages
    from marts.chart_movement as moved
    left join marts.dim_track as tracks on moved.track_id = tracks.track_id
    where moved.snapshot_date in (select snapshot_date from days)
    group by moved.market, moved.snapshot_date
),

previous_tracks as (
    select places.market, places.snapshot_date, count(*) as tracks
    from marts.fct_chart_daily as places
    where places.snapshot_date in (select previous_date from movement)
    group by places.market, places.snapshot_date
)

select
    charts.snapshot_date,
    charts.market,
    charts.entries,
    artist_counts.artists,
    movement.top_track,
    top_artists.top_artists,
    top_genres.top_genres,
    round(cast(charts.known_genres as double) / charts.entries, 6) as genre_known_share,
    case when movement.previous_date is not null then movement.new_entries end as new_entries,
    case
        when movement.previous_date is not null then round(cast(movement.new_entries as double) / movement.tracks, 6)
    end as turnover,
    case
        when movement.previous_date is not null
            then movement.unmoved = movement.tracks and movement.tracks = previous_tracks.tracks
    end as stale_source,
    round(movement.mean_track_age_days, 6) as mean_track_age_days,
    round(cast(movement.known_ages as double) / movement.tracks, 6) as age_known_share,
    -- not concat_ws, which skips a NULL in DuckDB only: each reason brings its separator, and the first one goes
    nullif(
        substr(
            case when movement.previous_date is null then '; the first chart of the market: no turnover' else '' end
            || case when top_genres.top_genres is null then '; no genre of a charted artist is known' else '' end
            || case when movement.known_ages = 0 then '; no release day of a charted track is known' else '' end,
            3
        ),
        ''
    ) as reason,
    movement.history_from,
    round(
        cast(1 as double) / coalesce(date_diff('day', movement.previous_date, charts.snapshot_date), 1), 6
    ) as coverage,
    case
        when coalesce(date_diff('day', movement.previous_date, charts.snapshot_date), 1) = 1 then 'high'
        when date_diff('day', movement.previous_date, charts.snapshot_date) = 2 then 'medium'
        else 'low'
    end as confidence
from charts
inner join movement
    on charts.market = movement.market and charts.snapshot_date = movement.snapshot_date
inner join artist_counts
    on charts.market = artist_counts.market and charts.snapshot_date = artist_counts.snapshot_date
inner join top_artists
    on charts.market = top_artists.market and charts.snapshot_date = top_artists.snapshot_date
left join top_genres
    on charts.market = top_genres.market and charts.snapshot_date = top_genres.snapshot_date
left join previous_tracks
    on movement.market = previous_tracks.market and movement.previous_date = previous_tracks.snapshot_date
