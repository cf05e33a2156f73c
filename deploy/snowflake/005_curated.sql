-- Which batch of a date readers see, and the tables as they see them.

create transient table if not exists ops.published (snapshot_date date, seq number(10,0), batch_id varchar, landed_by varchar, seen_until timestamp_ltz, loaded_at timestamp_ltz);

create transient table if not exists ops.refused (snapshot_date date, batch_id varchar, reason varchar, refused_at timestamp_ltz);

create or replace view curated.artists copy grants as
select landed.snapshot_date, landed.artist_id, landed.name, landed.popularity, landed.followers, landed.detail, landed.captured_at, landed.capture_id
from (
    select snapshot_date, artist_id, name, popularity, followers, detail, captured_at, capture_id, scanned_at, split_part(split_part(file_name, 'batch_id=', 2), '/', 1) as batch_id, 'pipe' as landed_by from landing.artists
    union all
    select snapshot_date, artist_id, name, popularity, followers, detail, captured_at, capture_id, scanned_at, split_part(split_part(file_name, 'batch_id=', 2), '/', 1) as batch_id, 'copy' as landed_by from landing.artists_copied
) as landed
inner join ops.published as published
    on landed.snapshot_date = published.snapshot_date and landed.batch_id = published.batch_id
    and landed.landed_by = published.landed_by
    and (published.seen_until is null or landed.scanned_at <= published.seen_until);

create or replace view curated.artist_genres copy grants as
select landed.snapshot_date, landed.artist_id, landed.genre, landed.captured_at, landed.capture_id
from (
    select snapshot_date, artist_id, genre, captured_at, capture_id, scanned_at, split_part(split_part(file_name, 'batch_id=', 2), '/', 1) as batch_id, 'pipe' as landed_by from landing.artist_genres
    union all
    select snapshot_date, artist_id, genre, captured_at, capture_id, scanned_at, split_part(split_part(file_name, 'batch_id=', 2), '/', 1) as batch_id, 'copy' as landed_by from landing.artist_genres_copied
) as landed
inner join ops.published as published
    on landed.snapshot_date = published.snapshot_date and landed.batch_id = published.batch_id
    and landed.landed_by = published.landed_by
    and (published.seen_until is null or landed.scanned_at <= published.seen_until);

create or replace view curated.albums copy grants as
select landed.snapshot_date, landed.album_id, landed.name, landed.album_type, landed.release_date, landed.release_date_precision, landed.total_tracks, landed.label, landed.upc, landed.popularity, landed.available_markets, landed.detail, landed.captured_at, landed.capture_id
from (
    select snapshot_date, album_id, name, album_type, release_date, release_date_precision, total_tracks, label, upc, popularity, available_markets, detail, captured_at, capture_id, scanned_at, split_part(split_part(file_name, 'batch_id=', 2), '/', 1) as batch_id, 'pipe' as landed_by from landing.albums
    union all
    select snapshot_date, album_id, name, album_type, release_date, release_date_precision, total_tracks, label, upc, popularity, available_markets, detail, captured_at, capture_id, scanned_at, split_part(split_part(file_name, 'batch_id=', 2), '/', 1) as batch_id, 'copy' as landed_by from landing.albums_copied
) as landed
inner join ops.published as published
    on landed.snapshot_date = published.snapshot_date and landed.batch_id = published.batch_id
    and landed.landed_by = published.landed_by
    and (published.seen_until is null or landed.scanned_at <= published.seen_until);

create or replace view curated.album_artists copy grants as
select landed.snapshot_date, landed.album_id, landed.artist_id, landed.position, landed.captured_at, landed.capture_id
from (
    select snapshot_date, album_id, artist_id, position, captured_at, capture_id, scanned_at, split_part(split_part(file_name, 'batch_id=', 2), '/', 1) as batch_id, 'pipe' as landed_by from landing.album_artists
    union all
    select snapshot_date, album_id, artist_id, position, captured_at, capture_id, scanned_at, split_part(split_part(file_name, 'batch_id=', 2), '/', 1) as batch_id, 'copy' as landed_by from landing.album_artists_copied
) as landed
inner join ops.published as published
    on landed.snapshot_date = published.snapshot_date and landed.batch_id = published.batch_id
    and landed.landed_by = published.landed_by
    and (published.seen_until is null or landed.scanned_at <= published.seen_until);

create or replace view curated.tracks copy grants as
select landed.snapshot_date, landed.track_id, landed.name, landed.album_id, landed.popularity, landed.duration_ms, landed.explicit, landed.isrc, landed.disc_number, landed.track_number, landed.available_markets, landed.detail, landed.captured_at, landed.capture_id
from (
    select snapshot_date, track_id, name, album_id, popularity, duration_ms, explicit, isrc, disc_number, track_number, available_markets, detail, captured_at, capture_id, scanned_at, split_part(split_part(file_name, 'batch_id=', 2), '/', 1) as batch_id, 'pipe' as landed_by from landing.tracks
    union all
    select snapshot_date, track_id, name, album_id, popularity, duration_ms, explicit, isrc, disc_number, track_number, available_markets, detail, captured_at, capture_id, scanned_at, split_part(split_part(file_name, 'batch_id=', 2), '/', 1) as batch_id, 'copy' as landed_by from landing.tracks_copied
) as landed
inner join ops.published as published
    on landed.snapshot_date = published.snapshot_date and landed.batch_id = published.batch_id
    and landed.landed_by = published.landed_by
    and (published.seen_until is null or landed.scanned_at <= published.seen_until);

create or replace view curated.track_artists copy grants as
select landed.snapshot_date, landed.track_id, landed.artist_id, landed.position, landed.captured_at, landed.capture_id
from (
    select snapshot_date, track_id, artist_id, position, captured_at, capture_id, scanned_at, split_part(split_part(file_name, 'batch_id=', 2), '/', 1) as batch_id, 'pipe' as landed_by from landing.track_artists
    union all
    select snapshot_date, track_id, artist_id, position, captured_at, capture_id, scanned_at, split_part(split_part(file_name, 'batch_id=', 2), '/', 1) as batch_id, 'copy' as landed_by from landing.track_artists_copied
) as landed
inner join ops.published as published
    on landed.snapshot_date = published.snapshot_date and landed.batch_id = published.batch_id
    and landed.landed_by = published.landed_by
    and (published.seen_until is null or landed.scanned_at <= published.seen_until);

create or replace view curated.chart_entries copy grants as
select landed.snapshot_date, landed.market, landed.rank, landed.track_id, landed.track_name, landed.artist_names, landed.streams, landed.source, landed.stated_peak_rank, landed.stated_previous_rank, landed.stated_days_on_chart, landed.captured_at, landed.capture_id
from (
    select snapshot_date, market, rank, track_id, track_name, artist_names, streams, source, stated_peak_rank, stated_previous_rank, stated_days_on_chart, captured_at, capture_id, scanned_at, split_part(split_part(file_name, 'batch_id=', 2), '/', 1) as batch_id, 'pipe' as landed_by from landing.chart_entries
    union all
    select snapshot_date, market, rank, track_id, track_name, artist_names, streams, source, stated_peak_rank, stated_previous_rank, stated_days_on_chart, captured_at, capture_id, scanned_at, split_part(split_part(file_name, 'batch_id=', 2), '/', 1) as batch_id, 'copy' as landed_by from landing.chart_entries_copied
) as landed
inner join ops.published as published
    on landed.snapshot_date = published.snapshot_date and landed.batch_id = published.batch_id
    and landed.landed_by = published.landed_by
    and (published.seen_until is null or landed.scanned_at <= published.seen_until);

create or replace view curated.playlist_items copy grants as
select landed.snapshot_date, landed.playlist_id, landed.position, landed.added_at, landed.item_type, landed.track_id, landed.name, landed.is_local, landed.captured_at, landed.capture_id
from (
    select snapshot_date, playlist_id, position, added_at, item_type, track_id, name, is_local, captured_at, capture_id, scanned_at, split_part(split_part(file_name, 'batch_id=', 2), '/', 1) as batch_id, 'pipe' as landed_by from landing.playlist_items
    union all
    select snapshot_date, playlist_id, position, added_at, item_type, track_id, name, is_local, captured_at, capture_id, scanned_at, split_part(split_part(file_name, 'batch_id=', 2), '/', 1) as batch_id, 'copy' as landed_by from landing.playlist_items_copied
) as landed
inner join ops.published as published
    on landed.snapshot_date = published.snapshot_date and landed.batch_id = published.batch_id
    and landed.landed_by = published.landed_by
    and (published.seen_until is null or landed.scanned_at <= published.seen_until);

create or replace view curated.rejects copy grants as
select landed.snapshot_date, landed.entity, landed.reason, landed.fields, landed.dropped, landed.line, landed.captured_at, landed.capture_id
from (
    select snapshot_date, entity, reason, fields, dropped, line, captured_at, capture_id, scanned_at, split_part(split_part(file_name, 'batch_id=', 2), '/', 1) as batch_id, 'pipe' as landed_by from landing.rejects
    union all
    select snapshot_date, entity, reason, fields, dropped, line, captured_at, capture_id, scanned_at, split_part(split_part(file_name, 'batch_id=', 2), '/', 1) as batch_id, 'copy' as landed_by from landing.rejects_copied
) as landed
inner join ops.published as published
    on landed.snapshot_date = published.snapshot_date and landed.batch_id = published.batch_id
    and landed.landed_by = published.landed_by
    and (published.seen_until is null or landed.scanned_at <= published.seen_until);
