with track_genres as (
    select distinct track_id, genre
    from marts.bridge_track_artist
    join marts.bridge_artist_genre using (artist_id)
),
shared as (
    select *, count(*) over (partition by track_id) as genres from track_genres
),
entries as (
    select
        market,
        snapshot_date,
        count(*) as entries,
        any_value(track_name) filter (rank = 1) as top_track,
        count(genres.track_id) / count(*) as genre_known_share
    from curated.chart_entries
    left join (select distinct track_id from track_genres) as genres using (track_id)
    group by market, snapshot_date
),
artists as (
    select
        market,
        snapshot_date,
        count(*) as artists,
        string_agg(coalesce(artist_name, credited_as), ', ' order by place) filter (place <= 3) as top_artists
    from (
        select
            *,
            row_number() over (
                partition by market, snapshot_date
                order by points desc, coalesce(artist_name, credited_as) nulls last, artist_key
            ) as place
        from marts.fct_artist_chart_daily
        left join marts.dim_artist using (artist_id)
    )
    group by market, snapshot_date
),
genres as (
    select market, snapshot_date, string_agg(genre, ', ' order by weight desc, genre) as top_genres
    from (
        select market, snapshot_date, genre, round(sum(1 / rank / genres), 9) as weight
        from curated.chart_entries
        join shared using (track_id)
        group by market, snapshot_date, genre
        qualify row_number() over (partition by market, snapshot_date order by weight desc, genre) <= 3
    )
    group by market, snapshot_date
),
movement as (
    select
        market,
        snapshot_date,
        any_value(previous_date) as previous_date,
        any_value(history_from) as history_from,
        count(*) as tracks,
        count(*) filter (previous_rank is null) as new_entries,
        count(*) filter (movement = 'SAME') as same,
        lag(count(*)) over (partition by market order by snapshot_date) as previous_tracks
    from marts.chart_movement
    group by market, snapshot_date
),
ages as (
    select
        market,
        snapshot_date,
        avg(snapshot_date - release_date) as mean_age,
        count(release_date) / count(*) as age_known_share
    from marts.fct_chart_daily
    left join marts.dim_track using (track_id)
    group by market, snapshot_date
)
select
    snapshot_date,
    market,
    entries,
    artists,
    top_track,
    top_artists,
    top_genres,
    round(genre_known_share, 6) as genre_known_share,
    case when previous_date is not null then new_entries end as new_entries,
    case when previous_date is not null then round(movement.new_entries / tracks, 6) end as turnover,
    case when previous_date is not null then same = tracks and tracks = previous_tracks end as stale_source,
    round(mean_age, 6) as mean_track_age_days,
    round(age_known_share, 6) as age_known_share,
    nullif(concat_ws('; ',
        case when previous_date is null then 'the first chart of the market: no turnover' end,
        case when top_genres is null then 'no genre of a charted artist is known' end,
        case when mean_age is null then 'no release day of a charted track is known' end), '') as reason,
    history_from,
    round(coalesce(1 / (snapshot_date - previous_date), 1), 6) as coverage,
    case when coverage >= 0.8 then 'high' when coverage >= 0.5 then 'medium' else 'low' end as confidence
from movement
join entries using (market, snapshot_date)
join artists using (market, snapshot_date)
left join genres using (market, snapshot_date)
join ages using (market, snapshot_date)
