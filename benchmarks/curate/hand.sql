-- Raw lines → the nine curated tables, in DuckDB's own SQL. By hand from docs/data-dictionary.md and from
-- spotify_platform_tests/curate/reference.py, without a look at spotify_platform/curate, which is measured against it.
--
-- hand.py sets the variables `artists albums tracks playlist_items chart_entries` (lists of raw files; an empty file
-- where there are none) and `out` (a folder), and runs this file from top to bottom. All dates go through together.

---------------------------------------------------------------------------------------------------------------------
-- Reading values. A leaf of the JSON is text; a text that cannot be read becomes NULL. try_cast alone would read ' 5',
-- 1e3 and 3.7; a plain cast behind the pattern is not safe, since the optimizer may take it out of the CASE.

create temp macro whole9(x) as case when regexp_full_match(x, '-?[0-9]{1,9}') then try_cast(x as integer) end;
create temp macro whole18(x) as case when regexp_full_match(x, '-?[0-9]{1,18}') then try_cast(x as bigint) end;
create temp macro truth(x) as case x when 'true' then true when 'false' then false end;

-- '2020' and '2020-02' are completed to a day; try_cast refuses what no calendar has.
create temp macro first_day(x) as case
    when regexp_full_match(x, '[1-9][0-9]{3}(-[0-9]{2}){0,2}')
    then try_cast(x || substr('-01-01', length(x) - 3) as date)
end;
create temp macro precision_of(x) as case length(x) when 4 then 'year' when 7 then 'month' else 'day' end;
create temp macro stamp(x) as case
    when regexp_full_match(
        x, '[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?Z'
    )
    then try_cast(substr(x, 1, length(x) - 1) as timestamp)
end;

create temp macro identity(x) as case when regexp_full_match(x, '[^ \t\r\n{}\[\]]+') then x end;

-- The name of a bad value: given, but not readable. Year 0000 is how Spotify says that it knows no date.
create temp macro bad(given, made, called) as case when given is not null and made is null then called end;
create temp macro bad_day(given, made, called) as case
    when given is not null and made is null and not regexp_full_match(given, '0000(-[0-9]{2}){0,2}') then called
end;

-- JSON types that fit where the contract has an object or a list. What is missing has no type at all.
create temp macro an_object(x) as coalesce(x in ('OBJECT', 'NULL'), true);
create temp macro a_list(x) as coalesce(x in ('ARRAY', 'NULL'), true);
create temp macro objects(types) as len(list_filter(types, lambda t: t not in ('OBJECT', 'NULL'))) = 0;
-- Elements are looked at only where json_transform left one without an id: the second look parses the line again.
create temp macro all_named(refs) as len(list_filter(refs, lambda a: a.id is null)) = 0;
create temp macro fits(line, refs, path) as
    case when coalesce(all_named(refs), true) then true else objects(json_type(line, path)) end;

-- Lines as text: a reject keeps its line verbatim, and its hash breaks ties, so that no typed reader will do.
-- buffer_size: left alone it is 16 times the longest line, 320 MB a thread.
create temp macro raw_lines(files) as table
select
    regexp_extract(filename, 'snapshot_date=([0-9]{4}-[0-9]{2}-[0-9]{2})', 1)::date as snapshot_date,
    regexp_extract(filename, '([^/]+)-[0-9]+\.jsonl\.gz$', 1) as capture_id,
    line
from read_csv(
    files, columns = {'line': 'VARCHAR'}, header = false, auto_detect = false, strict_mode = false,
    delim = chr(1), quote = '', escape = '', max_line_size = 20000000, buffer_size = 40000000,
    filename = true
);

---------------------------------------------------------------------------------------------------------------------
-- Flat lines, typed: every line once, good or not. `reason`: it makes no row. `bad`: its row lacks these values.
-- `try` makes NULL of what is no JSON at all, so that the good lines are not parsed once more by json_valid.
-- Lists of markets stay JSON text until it is known which lines win: a list of 185 texts is 3 KB, its text 1 KB.

create temp table artist_lines as
with parsed as (
    select
        *,
        try(json_type(line, ['$', '$.item', '$.item.followers', '$.item.genres', '$.params'])) as types,
        try(json_transform(line, '{
            "captured_at": "VARCHAR",
            "item": {
                "id": "VARCHAR", "name": "VARCHAR", "popularity": "VARCHAR",
                "followers": {"total": "VARCHAR"}, "genres": ["VARCHAR"]
            }
        }')) as r
    from raw_lines(getvariable('artists'))
),
typed as (
    select
        snapshot_date, capture_id, line,
        stamp(r.captured_at) as captured_at,
        r.item.id as artist_id,
        r.item.name as name,
        whole9(r.item.popularity) as popularity,
        whole18(r.item.followers.total) as followers,
        r.item.genres as genres,
        nullif(concat_ws(', ',
            bad(r.item.popularity, whole9(r.item.popularity), 'popularity'),
            bad(r.item.followers.total, whole18(r.item.followers.total), 'followers')
        ), '') as bad,
        case
            when types is null then 'not_json'
            when coalesce(types[1], '') <> 'OBJECT'
                or not (an_object(types[2]) and an_object(types[3]) and a_list(types[4]) and an_object(types[5]))
            then 'wrong_shape'
            when coalesce(types[2], 'NULL') = 'NULL' then 'null_item'
            when stamp(r.captured_at) is null then 'bad_captured_at'
            when identity(r.item.id) is null then 'no_identity'
        end as reason
    from parsed
)
select * exclude (line), md5(line) as hash, case when reason is not null or bad is not null then line end as line
from typed;

create temp table album_lines as
with parsed as (
    select
        *,
        try(json_type(line, [
            '$', '$.item', '$.item.external_ids', '$.item.available_markets', '$.item.artists', '$.params'
        ])) as types,
        try(json_transform(line, '{
            "captured_at": "VARCHAR",
            "item": {
                "id": "VARCHAR", "name": "VARCHAR", "album_type": "VARCHAR", "release_date": "VARCHAR",
                "total_tracks": "VARCHAR", "label": "VARCHAR", "popularity": "VARCHAR",
                "external_ids": {"upc": "VARCHAR"}, "available_markets": "JSON",
                "artists": [{"id": "VARCHAR", "name": "VARCHAR"}]
            }
        }')) as r
    from raw_lines(getvariable('albums'))
),
typed as (
    select
        snapshot_date, capture_id, line,
        stamp(r.captured_at) as captured_at,
        r.item.id as album_id,
        r.item.name as name,
        r.item.album_type as album_type,
        first_day(r.item.release_date) as release_date,
        case when first_day(r.item.release_date) is not null then precision_of(r.item.release_date) end as precision,
        whole9(r.item.total_tracks) as total_tracks,
        r.item.label as label,
        r.item.external_ids.upc as upc,
        whole9(r.item.popularity) as popularity,
        r.item.available_markets as markets,
        r.item.artists as artists,
        nullif(concat_ws(', ',
            bad_day(r.item.release_date, first_day(r.item.release_date), 'release_date'),
            bad(r.item.total_tracks, whole9(r.item.total_tracks), 'total_tracks'),
            bad(r.item.popularity, whole9(r.item.popularity), 'popularity')
        ), '') as bad,
        case
            when types is null then 'not_json'
            when coalesce(types[1], '') <> 'OBJECT'
                or not (an_object(types[2]) and an_object(types[3]) and a_list(types[4]) and a_list(types[5]))
                or not (an_object(types[6]) and fits(line, r.item.artists, '$.item.artists[*]'))
            then 'wrong_shape'
            when coalesce(types[2], 'NULL') = 'NULL' then 'null_item'
            when stamp(r.captured_at) is null then 'bad_captured_at'
            when identity(r.item.id) is null then 'no_identity'
        end as reason
    from parsed
)
select * exclude (line), md5(line) as hash, case when reason is not null or bad is not null then line end as line
from typed;

-- Tracks and items of playlists tell the same object, here `t`, and have one table.
create temp table track_lines as
with parsed_tracks as (
    select
        *,
        try(json_type(line, [
            '$', '$.item', '$.item.external_ids', '$.item.available_markets', '$.item.artists', '$.item.album',
            '$.item.album.available_markets', '$.item.album.artists', '$.params'
        ])) as types,
        try(json_transform(line, '{
            "captured_at": "VARCHAR",
            "item": {
                "id": "VARCHAR", "type": "VARCHAR", "name": "VARCHAR", "popularity": "VARCHAR",
                "duration_ms": "VARCHAR", "explicit": "VARCHAR", "track_number": "VARCHAR", "disc_number": "VARCHAR",
                "external_ids": {"isrc": "VARCHAR"}, "available_markets": "JSON",
                "artists": [{"id": "VARCHAR", "name": "VARCHAR"}],
                "album": {
                    "id": "VARCHAR", "name": "VARCHAR", "album_type": "VARCHAR", "release_date": "VARCHAR",
                    "total_tracks": "VARCHAR", "available_markets": "JSON",
                    "artists": [{"id": "VARCHAR", "name": "VARCHAR"}]
                }
            }
        }')) as r
    from raw_lines(getvariable('tracks'))
),
parsed_items as (
    select
        *,
        try(json_type(line, [
            '$', '$.item', '$.params', '$.item.track', '$.item.item',
            '$.item.track.external_ids', '$.item.track.available_markets', '$.item.track.artists', '$.item.track.album',
            '$.item.track.album.available_markets', '$.item.track.album.artists',
            '$.item.item.external_ids', '$.item.item.available_markets', '$.item.item.artists', '$.item.item.album',
            '$.item.item.album.available_markets', '$.item.item.album.artists'
        ])) as types,
        try(json_transform(line, '{
            "captured_at": "VARCHAR",
            "params": {"playlist_id": "VARCHAR"},
            "position": "VARCHAR",
            "item": {
                "added_at": "VARCHAR", "is_local": "VARCHAR",
                "track": {
                    "id": "VARCHAR", "type": "VARCHAR", "name": "VARCHAR", "popularity": "VARCHAR",
                    "duration_ms": "VARCHAR", "explicit": "VARCHAR",
                    "track_number": "VARCHAR", "disc_number": "VARCHAR",
                    "external_ids": {"isrc": "VARCHAR"}, "available_markets": "JSON",
                    "artists": [{"id": "VARCHAR", "name": "VARCHAR"}],
                    "album": {
                        "id": "VARCHAR", "name": "VARCHAR", "album_type": "VARCHAR", "release_date": "VARCHAR",
                        "total_tracks": "VARCHAR", "available_markets": "JSON",
                        "artists": [{"id": "VARCHAR", "name": "VARCHAR"}]
                    }
                },
                "item": {
                    "id": "VARCHAR", "type": "VARCHAR", "name": "VARCHAR", "popularity": "VARCHAR",
                    "duration_ms": "VARCHAR", "explicit": "VARCHAR",
                    "track_number": "VARCHAR", "disc_number": "VARCHAR",
                    "external_ids": {"isrc": "VARCHAR"}, "available_markets": "JSON",
                    "artists": [{"id": "VARCHAR", "name": "VARCHAR"}],
                    "album": {
                        "id": "VARCHAR", "name": "VARCHAR", "album_type": "VARCHAR", "release_date": "VARCHAR",
                        "total_tracks": "VARCHAR", "available_markets": "JSON",
                        "artists": [{"id": "VARCHAR", "name": "VARCHAR"}]
                    }
                }
            }
        }')) as r
    from raw_lines(getvariable('playlist_items'))
),
told as (
    select
        'tracks' as entity, snapshot_date, capture_id, line,
        stamp(r.captured_at) as captured_at,
        NULL::varchar as playlist_id, NULL::integer as position, NULL::timestamp as added_at, NULL::boolean as is_local,
        true as is_track,
        '' as inside,
        NULL::varchar as bad_item,
        r.item as t,
        case
            when types is null then 'not_json'
            when coalesce(types[1], '') <> 'OBJECT'
                or not (an_object(types[2]) and an_object(types[3]) and a_list(types[4]) and a_list(types[5]))
                or not (an_object(types[6]) and a_list(types[7]) and a_list(types[8]) and an_object(types[9]))
                or not fits(line, r.item.artists, '$.item.artists[*]')
                or not fits(line, r.item.album.artists, '$.item.album.artists[*]')
            then 'wrong_shape'
            when coalesce(types[2], 'NULL') = 'NULL' then 'null_item'
            when stamp(r.captured_at) is null then 'bad_captured_at'
            when identity(r.item.id) is null then 'no_identity'
        end as reason
    from parsed_tracks
    union all
    select
        'playlist_items', snapshot_date, capture_id, line,
        stamp(r.captured_at),
        r.params.playlist_id, whole9(r.position), stamp(r.item.added_at), truth(r.item.is_local),
        coalesce(coalesce(r.item.item, r.item.track).type, 'track') = 'track',
        'track.',
        nullif(concat_ws(', ',
            bad(r.item.added_at, stamp(r.item.added_at), 'added_at'),
            bad(r.item.is_local, truth(r.item.is_local), 'is_local')
        ), ''),
        coalesce(r.item.item, r.item.track),
        case
            when types is null then 'not_json'
            when coalesce(types[1], '') <> 'OBJECT'
                or not (an_object(types[2]) and an_object(types[3]) and an_object(types[4]) and an_object(types[5]))
                or not (an_object(types[6]) and a_list(types[7]) and a_list(types[8]))
                or not (an_object(types[9]) and a_list(types[10]) and a_list(types[11]))
                or not (an_object(types[12]) and a_list(types[13]) and a_list(types[14]))
                or not (an_object(types[15]) and a_list(types[16]) and a_list(types[17]))
                or not fits(line, r.item.track.artists, '$.item.track.artists[*]')
                or not fits(line, r.item.track.album.artists, '$.item.track.album.artists[*]')
                or not fits(line, r.item.item.artists, '$.item.item.artists[*]')
                or not fits(line, r.item.item.album.artists, '$.item.item.album.artists[*]')
            then 'wrong_shape'
            when coalesce(types[2], 'NULL') = 'NULL' then 'null_item'
            when stamp(r.captured_at) is null then 'bad_captured_at'
            when r.params.playlist_id is null or whole9(r.position) is null then 'no_identity'
        end
    from parsed_items
),
typed as (
    select
        entity, snapshot_date, captured_at, capture_id, line, reason,
        playlist_id, position, added_at, is_local,
        t.type as item_type,
        case when is_track then t.id end as track_id,
        t.name as name,
        t.album.id as album_id,
        whole9(t.popularity) as popularity,
        whole18(t.duration_ms) as duration_ms,
        truth(t.explicit) as explicit,
        t.external_ids.isrc as isrc,
        whole9(t.disc_number) as disc_number,
        whole9(t.track_number) as track_number,
        t.available_markets as markets,
        t.artists as artists,
        t.album.name as album_name,
        t.album.album_type as album_type,
        first_day(t.album.release_date) as release_date,
        case when first_day(t.album.release_date) is not null then precision_of(t.album.release_date) end as precision,
        whole9(t.album.total_tracks) as total_tracks,
        t.album.available_markets as album_markets,
        t.album.artists as album_artists,
        nullif(concat_ws(', ',
            bad_item,
            bad(t.popularity, whole9(t.popularity), inside || 'popularity'),
            bad(t.duration_ms, whole18(t.duration_ms), inside || 'duration_ms'),
            bad(t.explicit, truth(t.explicit), inside || 'explicit'),
            bad(t.disc_number, whole9(t.disc_number), inside || 'disc_number'),
            bad(t.track_number, whole9(t.track_number), inside || 'track_number'),
            bad_day(t.album.release_date, first_day(t.album.release_date), inside || 'album.release_date'),
            bad(t.album.total_tracks, whole9(t.album.total_tracks), inside || 'album.total_tracks')
        ), '') as bad
    from told
)
select * exclude (line), md5(line) as hash, case when reason is not null or bad is not null then line end as line
from typed;

-- A chart file is CSV: an empty text is a value that is not there.
create temp table chart_lines as
with parsed as (
    select
        *,
        try(json_type(line, ['$', '$.item', '$.params'])) as types,
        try(json_transform(line, '{
            "captured_at": "VARCHAR",
            "market": "VARCHAR",
            "item": {
                "rank": "VARCHAR", "uri": "VARCHAR", "track_id": "VARCHAR", "track_name": "VARCHAR",
                "artist_ids": "VARCHAR", "artist_names": "VARCHAR", "album_id": "VARCHAR", "album_name": "VARCHAR",
                "duration_s": "VARCHAR", "source": "VARCHAR", "peak_rank": "VARCHAR", "previous_rank": "VARCHAR",
                "days_on_chart": "VARCHAR", "streams": "VARCHAR"
            }
        }')) as r
    from raw_lines(getvariable('chart_entries'))
),
told as (
    select
        snapshot_date, capture_id, line, types, r.captured_at as captured_at, r.market as market, r.item.rank as rank,
        coalesce(
            identity(r.item.track_id),
            case when starts_with(r.item.uri, 'spotify:track:') then identity(substr(r.item.uri, 15)) end
        ) as track_id,
        nullif(r.item.track_name, '') as track_name,
        r.item.artist_ids as artist_ids,
        nullif(r.item.artist_names, '') as artist_names,
        nullif(r.item.album_id, '') as album_id,
        nullif(r.item.album_name, '') as album_name,
        nullif(r.item.duration_s, '') as duration_s,
        nullif(r.item.source, '') as source,
        nullif(r.item.peak_rank, '') as peak_rank,
        nullif(r.item.previous_rank, '') as previous_rank,
        nullif(r.item.days_on_chart, '') as days_on_chart,
        nullif(r.item.streams, '') as streams
    from parsed
),
typed as (
    select
        snapshot_date, capture_id, line, market, track_id, track_name, artist_ids, artist_names, album_id, album_name,
        source,
        stamp(captured_at) as captured_at,
        whole9(rank) as rank,
        whole18(streams) as streams,
        whole9(peak_rank) as peak_rank,
        whole9(previous_rank) as previous_rank,
        whole9(days_on_chart) as days_on_chart,
        whole9(duration_s)::bigint * 1000 as duration_ms,
        nullif(concat_ws(', ',
            bad(streams, whole18(streams), 'streams'),
            bad(peak_rank, whole9(peak_rank), 'stated_peak_rank'),
            bad(previous_rank, whole9(previous_rank), 'stated_previous_rank'),
            bad(days_on_chart, whole9(days_on_chart), 'stated_days_on_chart'),
            bad(duration_s, whole9(duration_s), 'duration_s')
        ), '') as bad,
        case
            when types is null then 'not_json'
            when coalesce(types[1], '') <> 'OBJECT' or not (an_object(types[2]) and an_object(types[3]))
            then 'wrong_shape'
            when coalesce(types[2], 'NULL') = 'NULL' then 'null_item'
            when stamp(captured_at) is null then 'bad_captured_at'
            when market is null then 'no_market'
            when whole9(rank) is null then 'bad_rank'
            when track_id is null then 'no_identity'
        end as reason
    from told
)
select * exclude (line), md5(line) as hash, case when reason is not null or bad is not null then line end as line
from typed;

---------------------------------------------------------------------------------------------------------------------
-- Who stands where. A chart or a playlist is taken whole from its newest capture, the one whose last line came last.
-- Two lines of one place: the greater hash has it, the other is rejected. Byte-identical lines are one.

create temp table chart_held as
with newest as (
    select snapshot_date, market, max_by(capture_id, {'last': last, 'capture_id': capture_id}) as capture_id
    from (
        select snapshot_date, market, capture_id, max(captured_at) as last
        from chart_lines
        where reason is null
        group by all
    )
    group by all
)
select snapshot_date, capture_id, market, rank, max(hash) as hash, max_by(chart_lines.rowid, hash) as id
from chart_lines semi join newest using (snapshot_date, market, capture_id)
where reason is null
group by all;

create temp table playlist_held as
with newest as (
    select snapshot_date, playlist_id, max_by(capture_id, {'last': last, 'capture_id': capture_id}) as capture_id
    from (
        select snapshot_date, playlist_id, capture_id, max(captured_at) as last
        from track_lines
        where reason is null and entity = 'playlist_items'
        group by all
    )
    group by all
)
select snapshot_date, capture_id, playlist_id, position, max(hash) as hash, max_by(track_lines.rowid, hash) as id
from track_lines semi join newest using (snapshot_date, playlist_id, capture_id)
where reason is null and entity = 'playlist_items'
group by all;

create temp table taken as
select 'chart_entries' as entity, snapshot_date, capture_id, l.hash, any_value(captured_at) as captured_at
from chart_lines l join chart_held h using (snapshot_date, capture_id, market, rank)
where l.hash <> h.hash and reason is null
group by all
union all
select 'playlist_items', snapshot_date, capture_id, l.hash, any_value(captured_at)
from track_lines l join playlist_held h using (snapshot_date, capture_id, playlist_id, position)
where l.hash <> h.hash and reason is null and entity = 'playlist_items'
group by all;

---------------------------------------------------------------------------------------------------------------------
-- Latest wins: full objects before embedded ones before charts, then captured_at, capture_id, hash. Only the narrow
-- key is compared; the wide line is fetched by its row id when it has won.

create temp table track_won as
with full_objects as (
    select
        snapshot_date, track_id,
        max_by(rowid, {'at': captured_at, 'capture': capture_id, 'hash': hash}) as id
    from track_lines
    where reason is null and track_id is not null
        and (entity = 'tracks' or rowid in (select id from playlist_held))
    group by all
),
charts as (
    select
        snapshot_date, track_id,
        max_by(chart_lines.rowid, {'at': captured_at, 'capture': capture_id, 'hash': hash}) as id
    from chart_lines anti join full_objects using (snapshot_date, track_id)
    where rowid in (select id from chart_held)
    group by all
)
select 'full' as detail, id from full_objects
union all
select 'chart', id from charts;

create temp table album_won as
with full_objects as (
    select
        snapshot_date, album_id,
        max_by(rowid, {'at': captured_at, 'capture': capture_id, 'hash': hash}) as id
    from album_lines
    where reason is null
    group by all
),
embedded as (
    select
        snapshot_date, album_id,
        max_by(track_lines.rowid, {'at': captured_at, 'capture': capture_id, 'hash': hash}) as id
    from track_lines anti join full_objects using (snapshot_date, album_id)
    where rowid in (select id from track_won where detail = 'full') and album_id is not null
    group by all
),
charts as (
    select
        snapshot_date, album_id,
        max_by(chart_lines.rowid, {'at': captured_at, 'capture': capture_id, 'hash': hash}) as id
    from chart_lines
        anti join full_objects using (snapshot_date, album_id)
        anti join embedded using (snapshot_date, album_id)
    where rowid in (select id from track_won where detail = 'chart') and album_id is not null
    group by all
)
select 'full' as detail, id from full_objects
union all
select 'embedded', id from embedded
union all
select 'chart', id from charts;

create temp table artist_won as
select max_by(rowid, {'at': captured_at, 'capture': capture_id, 'hash': hash}) as id
from artist_lines
where reason is null
group by snapshot_date, artist_id;

-- Credits of the tracks and albums that won: an artist once, at the first place. A chart separates several by ';'.
create temp table credits as
with lists as (
    select
        'tracks' as kind, snapshot_date, track_id as owner_id, 'embedded' as detail, captured_at, capture_id, hash,
        [a.id for a in artists] as ids, [a.name for a in artists] as names
    from track_lines
    where rowid in (select id from track_won where detail = 'full')
    union all
    select
        'tracks', snapshot_date, track_id, 'chart', captured_at, capture_id, hash,
        string_split(artist_ids, ';'),
        case
            when len(string_split(artist_ids, ';')) = len(string_split(artist_names, ';'))
            then [nullif(name, '') for name in string_split(artist_names, ';')]
        end
    from chart_lines
    where rowid in (select id from track_won where detail = 'chart')
    union all
    select
        'albums', snapshot_date, album_id, 'embedded', captured_at, capture_id, hash,
        [a.id for a in artists], [a.name for a in artists]
    from album_lines
    where rowid in (select id from album_won where detail = 'full')
    union all
    select
        'albums', snapshot_date, album_id, 'embedded', captured_at, capture_id, hash,
        [a.id for a in album_artists], [a.name for a in album_artists]
    from track_lines
    where rowid in (select id from album_won where detail = 'embedded')
),
places as (
    select *, unnest(ids) as artist_id, generate_subscripts(ids, 1) as place
    from lists
)
select
    kind, snapshot_date, owner_id, artist_id, (place - 1)::integer as position, names[place] as name,
    detail, captured_at, capture_id, hash
from places
where artist_id is not null and (detail <> 'chart' or artist_id <> '') and list_position(ids, artist_id) = place;

---------------------------------------------------------------------------------------------------------------------
-- The tables.

-- Spotify gives the same few lists of markets over and over: each is read and sorted once.
create temp table market_lists as
select markets, list_sort(markets::varchar[], 'asc', 'nulls first') as available_markets
from (
    select markets from album_lines where rowid in (select id from album_won where detail = 'full')
    union
    select album_markets from track_lines where rowid in (select id from album_won where detail = 'embedded')
    union
    select markets from track_lines where rowid in (select id from track_won where detail = 'full')
);

copy (
    select
        snapshot_date, artist_id, name, popularity, followers, 'full' as detail, captured_at, capture_id
    from artist_lines
    where rowid in (select id from artist_won)
    union all
    -- Embedded: of the newest line; where a line has the artist twice, the later place, then a name rather than none.
    select
        snapshot_date, artist_id, known.name, NULL, NULL, known.detail, known.captured_at, known.capture_id
    from (
        select
            snapshot_date, artist_id,
            max_by(
                {'name': name, 'detail': detail, 'captured_at': captured_at, 'capture_id': capture_id},
                {
                    'deeper': detail = 'embedded', 'at': captured_at, 'capture': capture_id, 'hash': hash,
                    'position': position, 'named': name is not null, 'name': name
                }
            ) as known
        from credits anti join (
            select snapshot_date, artist_id from artist_lines where reason is null
        ) using (snapshot_date, artist_id)
        group by all
    )
    order by snapshot_date, artist_id
) to (getvariable('out') || '/artists') (
    format parquet, compression zstd, partition_by (snapshot_date), write_partition_columns true
);

copy (
    select snapshot_date, artist_id, unnest(list_distinct(genres)) as genre, captured_at, capture_id
    from artist_lines
    where rowid in (select id from artist_won)
    order by snapshot_date, artist_id, genre
) to (getvariable('out') || '/artist_genres') (
    format parquet, compression zstd, partition_by (snapshot_date), write_partition_columns true
);

copy (
    select
        snapshot_date, album_id, name, album_type, release_date, precision as release_date_precision, total_tracks,
        label, upc, popularity, available_markets, 'full' as detail, captured_at, capture_id
    from album_lines left join market_lists using (markets)
    where album_lines.rowid in (select id from album_won where detail = 'full')
    union all
    select
        snapshot_date, album_id, album_name, album_type, release_date, precision, total_tracks,
        NULL, NULL, NULL, available_markets, 'embedded', captured_at, capture_id
    from track_lines left join market_lists on market_lists.markets = track_lines.album_markets
    where track_lines.rowid in (select id from album_won where detail = 'embedded')
    union all
    select
        snapshot_date, album_id, album_name, NULL, NULL, NULL, NULL,
        NULL, NULL, NULL, NULL, 'chart', captured_at, capture_id
    from chart_lines
    where rowid in (select id from album_won where detail = 'chart')
    order by snapshot_date, album_id
) to (getvariable('out') || '/albums') (
    format parquet, compression zstd, partition_by (snapshot_date), write_partition_columns true
);

copy (
    select snapshot_date, owner_id as album_id, artist_id, position, captured_at, capture_id
    from credits
    where kind = 'albums'
    order by snapshot_date, album_id, artist_id
) to (getvariable('out') || '/album_artists') (
    format parquet, compression zstd, partition_by (snapshot_date), write_partition_columns true
);

copy (
    select
        snapshot_date, track_id, name, album_id, popularity, duration_ms, explicit, isrc, disc_number, track_number,
        available_markets, 'full' as detail, captured_at, capture_id
    from track_lines left join market_lists using (markets)
    where track_lines.rowid in (select id from track_won where detail = 'full')
    union all
    select
        snapshot_date, track_id, track_name, album_id, NULL, duration_ms, NULL, NULL, NULL, NULL,
        NULL, 'chart', captured_at, capture_id
    from chart_lines
    where rowid in (select id from track_won where detail = 'chart')
    order by snapshot_date, track_id
) to (getvariable('out') || '/tracks') (
    format parquet, compression zstd, partition_by (snapshot_date), write_partition_columns true
);

copy (
    select snapshot_date, owner_id as track_id, artist_id, position, captured_at, capture_id
    from credits
    where kind = 'tracks'
    order by snapshot_date, track_id, artist_id
) to (getvariable('out') || '/track_artists') (
    format parquet, compression zstd, partition_by (snapshot_date), write_partition_columns true
);

copy (
    select
        snapshot_date, market, rank, track_id, track_name,
        -- Only the archive's files, those with ids, separate the names by ';': elsewhere it is a part of a name.
        case when artist_ids is null then artist_names else replace(artist_names, ';', ', ') end as artist_names,
        streams, source, peak_rank as stated_peak_rank, previous_rank as stated_previous_rank,
        days_on_chart as stated_days_on_chart, captured_at, capture_id
    from chart_lines
    where rowid in (select id from chart_held)
    order by snapshot_date, market, rank
) to (getvariable('out') || '/chart_entries') (
    format parquet, compression zstd, partition_by (snapshot_date), write_partition_columns true
);

copy (
    select
        snapshot_date, playlist_id, position, added_at, item_type, track_id, name, is_local, captured_at, capture_id
    from track_lines
    where rowid in (select id from playlist_held)
    order by snapshot_date, playlist_id, position
) to (getvariable('out') || '/playlist_items') (
    format parquet, compression zstd, partition_by (snapshot_date), write_partition_columns true
);

copy (
    with faults as (
        select snapshot_date, 'artists' as entity, reason, bad, line, captured_at, capture_id, hash from artist_lines
        union all by name
        select snapshot_date, 'albums' as entity, reason, bad, line, captured_at, capture_id, hash from album_lines
        union all by name
        select snapshot_date, entity, reason, bad, line, captured_at, capture_id, hash from track_lines
        union all by name
        select snapshot_date, 'chart_entries' as entity, reason, bad, line, captured_at, capture_id, hash
        from chart_lines
    ),
    -- Read once more for lines whose place is taken: too few to keep every line of a chart or playlist for.
    displaced as (
        select 'chart_entries' as entity, * from raw_lines(getvariable('chart_entries'))
        union all
        select 'playlist_items', * from raw_lines(getvariable('playlist_items'))
    )
    select
        snapshot_date, entity, coalesce(reason, 'bad_value') as reason,
        case when reason is null then bad end as fields,
        reason is not null as dropped, line, captured_at, capture_id
    from faults anti join taken using (entity, snapshot_date, capture_id, hash)
    where line is not null
    union all
    select taken.snapshot_date, taken.entity, 'place_taken', NULL, true, line, taken.captured_at, taken.capture_id
    from displaced join taken
        on displaced.entity = taken.entity
        and displaced.snapshot_date = taken.snapshot_date
        and displaced.capture_id = taken.capture_id
        and md5(displaced.line) = taken.hash
    order by snapshot_date, entity, line
) to (getvariable('out') || '/rejects') (
    format parquet, compression zstd, partition_by (snapshot_date), write_partition_columns true
);
