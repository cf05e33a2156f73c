-- question: what does a market listen to, and how fast does its chart turn over?
-- grain:    one row per market and chart date
-- window:   the chart and the market's previous one

with charts as (
    select market, snapshot_date, count(*) as entries, max(rank) as size
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

genres as (
    -- the newest full artist object tells the genres, also that there are none
    select artist_genres.artist_id, artist_genres.genre
    from curated.artist_genres
    inner join (
        select artist_id, max(snapshot_date) as newest_date
        from curated.artists
        where detail = 'full'
        group by artist_id
    ) as newest
        on artist_genres.artist_id = newest.artist_id and artist_genres.snapshot_date = newest.newest_date
),

releases as (
    -- a release date that tells only the month or year would make an age that nobody knows
    select tracks.track_id, albums.release_date
    from curated.tracks
    inner join curated.albums
        on tracks.album_id = albums.album_id
    where albums.release_date_precision = 'day'
    qualify
        row_number() over (
            partition by tracks.track_id order by tracks.snapshot_date desc, albums.snapshot_date desc
        ) = 1
),

artist_points as (
    select
        entries.market,
        entries.snapshot_date,
        coalesce(credits.artist_id, 'name:' || coalesce(entries.artist_names, '')) as artist_key,
        coalesce(max(names.name), max(entries.artist_names)) as name,
        sum(charts.size + 1 - entries.rank) as points
    from curated.chart_entries as entries
    inner join charts
        on entries.market = charts.market and entries.snapshot_date = charts.snapshot_date
    left join credits on entries.track_id = credits.track_id
    left join names on credits.artist_id = names.artist_id
    group by 1, 2, 3
),

top_artists as (
    select
        market,
        snapshot_date,
        max(artist_count) as artists,
        -- of no name NULL, and not the empty text that Snowflake makes of it
        case when count(name) > 0 then string_agg(name, ', ' order by place) end as top_artists
    from (
        select
            *,
            count(*) over (partition by market, snapshot_date) as artist_count,
            -- NULL last as a value of its own: Snowflake's DEFAULT_NULL_ORDERING may say that it comes first
            row_number() over (
                partition by market, snapshot_date order by points desc, name is null, name, artist_key
            ) as place
        from artist_points
    )
    where place <= 3
    group by market, snapshot_date
),

track_genres as (
    select distinct credits.track_id, genres.genre
    from credits
    inner join genres on credits.artist_id = genres.artist_id
),

genre_counts as (
    select track_id, count(*) as genres
    from track_genres
    group by track_id
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
    group by 1, 2, 3
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

known_genres as (
    select entries.market, entries.snapshot_date, count(*) as entries
    from curated.chart_entries as entries
    inner join genre_counts on entries.track_id = genre_counts.track_id
    group by 1, 2
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
        avg(cast(date_diff('day', releases.release_date, moved.snapshot_date) as double)) as mean_track_age_days,
        count(releases.track_id) as known_ages
    from marts.chart_movement as moved
    left join releases on moved.track_id = releases.track_id
    group by 1, 2
)

select
    charts.snapshot_date,
    charts.market,
    charts.entries,
    top_artists.artists,
    movement.top_track,
    top_artists.top_artists,
    top_genres.top_genres,
    round(cast(coalesce(known_genres.entries, 0) as double) / charts.entries, 6) as genre_known_share,
    case when movement.previous_date is not null then movement.new_entries end as new_entries,
    case
        when movement.previous_date is not null then round(cast(movement.new_entries as double) / movement.tracks, 6)
    end as turnover,
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
inner join top_artists
    on charts.market = top_artists.market and charts.snapshot_date = top_artists.snapshot_date
left join top_genres
    on charts.market = top_genres.market and charts.snapshot_date = top_genres.snapshot_date
left join known_genres
    on charts.market = known_genres.market and charts.snapshot_date = known_genres.snapshot_date
