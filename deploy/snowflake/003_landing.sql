-- Rows as they land: a table that a pipe feeds, and one for COPY, since the two do not know of each other.

create transient table if not exists landing.artists (
    snapshot_date DATE,
    artist_id VARCHAR,
    name VARCHAR,
    popularity NUMBER(10,0),
    followers NUMBER(19,0),
    detail VARCHAR,
    captured_at TIMESTAMP_NTZ(6),
    capture_id VARCHAR,
    file_name varchar,
    file_row number(19,0),
    scanned_at timestamp_ltz
);

alter table landing.artists add column if not exists snapshot_date DATE;

alter table landing.artists add column if not exists artist_id VARCHAR;

alter table landing.artists add column if not exists name VARCHAR;

alter table landing.artists add column if not exists popularity NUMBER(10,0);

alter table landing.artists add column if not exists followers NUMBER(19,0);

alter table landing.artists add column if not exists detail VARCHAR;

alter table landing.artists add column if not exists captured_at TIMESTAMP_NTZ(6);

alter table landing.artists add column if not exists capture_id VARCHAR;

create transient table if not exists landing.artists_copied (
    snapshot_date DATE,
    artist_id VARCHAR,
    name VARCHAR,
    popularity NUMBER(10,0),
    followers NUMBER(19,0),
    detail VARCHAR,
    captured_at TIMESTAMP_NTZ(6),
    capture_id VARCHAR,
    file_name varchar,
    file_row number(19,0),
    scanned_at timestamp_ltz
);

alter table landing.artists_copied add column if not exists snapshot_date DATE;

alter table landing.artists_copied add column if not exists artist_id VARCHAR;

alter table landing.artists_copied add column if not exists name VARCHAR;

alter table landing.artists_copied add column if not exists popularity NUMBER(10,0);

alter table landing.artists_copied add column if not exists followers NUMBER(19,0);

alter table landing.artists_copied add column if not exists detail VARCHAR;

alter table landing.artists_copied add column if not exists captured_at TIMESTAMP_NTZ(6);

alter table landing.artists_copied add column if not exists capture_id VARCHAR;

create transient table if not exists landing.artist_genres (
    snapshot_date DATE,
    artist_id VARCHAR,
    genre VARCHAR,
    captured_at TIMESTAMP_NTZ(6),
    capture_id VARCHAR,
    file_name varchar,
    file_row number(19,0),
    scanned_at timestamp_ltz
);

alter table landing.artist_genres add column if not exists snapshot_date DATE;

alter table landing.artist_genres add column if not exists artist_id VARCHAR;

alter table landing.artist_genres add column if not exists genre VARCHAR;

alter table landing.artist_genres add column if not exists captured_at TIMESTAMP_NTZ(6);

alter table landing.artist_genres add column if not exists capture_id VARCHAR;

create transient table if not exists landing.artist_genres_copied (
    snapshot_date DATE,
    artist_id VARCHAR,
    genre VARCHAR,
    captured_at TIMESTAMP_NTZ(6),
    capture_id VARCHAR,
    file_name varchar,
    file_row number(19,0),
    scanned_at timestamp_ltz
);

alter table landing.artist_genres_copied add column if not exists snapshot_date DATE;

alter table landing.artist_genres_copied add column if not exists artist_id VARCHAR;

alter table landing.artist_genres_copied add column if not exists genre VARCHAR;

alter table landing.artist_genres_copied add column if not exists captured_at TIMESTAMP_NTZ(6);

alter table landing.artist_genres_copied add column if not exists capture_id VARCHAR;

create transient table if not exists landing.albums (
    snapshot_date DATE,
    album_id VARCHAR,
    name VARCHAR,
    album_type VARCHAR,
    release_date DATE,
    release_date_precision VARCHAR,
    total_tracks NUMBER(10,0),
    label VARCHAR,
    upc VARCHAR,
    popularity NUMBER(10,0),
    available_markets ARRAY,
    detail VARCHAR,
    captured_at TIMESTAMP_NTZ(6),
    capture_id VARCHAR,
    file_name varchar,
    file_row number(19,0),
    scanned_at timestamp_ltz
);

alter table landing.albums add column if not exists snapshot_date DATE;

alter table landing.albums add column if not exists album_id VARCHAR;

alter table landing.albums add column if not exists name VARCHAR;

alter table landing.albums add column if not exists album_type VARCHAR;

alter table landing.albums add column if not exists release_date DATE;

alter table landing.albums add column if not exists release_date_precision VARCHAR;

alter table landing.albums add column if not exists total_tracks NUMBER(10,0);

alter table landing.albums add column if not exists label VARCHAR;

alter table landing.albums add column if not exists upc VARCHAR;

alter table landing.albums add column if not exists popularity NUMBER(10,0);

alter table landing.albums add column if not exists available_markets ARRAY;

alter table landing.albums add column if not exists detail VARCHAR;

alter table landing.albums add column if not exists captured_at TIMESTAMP_NTZ(6);

alter table landing.albums add column if not exists capture_id VARCHAR;

create transient table if not exists landing.albums_copied (
    snapshot_date DATE,
    album_id VARCHAR,
    name VARCHAR,
    album_type VARCHAR,
    release_date DATE,
    release_date_precision VARCHAR,
    total_tracks NUMBER(10,0),
    label VARCHAR,
    upc VARCHAR,
    popularity NUMBER(10,0),
    available_markets ARRAY,
    detail VARCHAR,
    captured_at TIMESTAMP_NTZ(6),
    capture_id VARCHAR,
    file_name varchar,
    file_row number(19,0),
    scanned_at timestamp_ltz
);

alter table landing.albums_copied add column if not exists snapshot_date DATE;

alter table landing.albums_copied add column if not exists album_id VARCHAR;

alter table landing.albums_copied add column if not exists name VARCHAR;

alter table landing.albums_copied add column if not exists album_type VARCHAR;

alter table landing.albums_copied add column if not exists release_date DATE;

alter table landing.albums_copied add column if not exists release_date_precision VARCHAR;

alter table landing.albums_copied add column if not exists total_tracks NUMBER(10,0);

alter table landing.albums_copied add column if not exists label VARCHAR;

alter table landing.albums_copied add column if not exists upc VARCHAR;

alter table landing.albums_copied add column if not exists popularity NUMBER(10,0);

alter table landing.albums_copied add column if not exists available_markets ARRAY;

alter table landing.albums_copied add column if not exists detail VARCHAR;

alter table landing.albums_copied add column if not exists captured_at TIMESTAMP_NTZ(6);

alter table landing.albums_copied add column if not exists capture_id VARCHAR;

create transient table if not exists landing.album_artists (
    snapshot_date DATE,
    album_id VARCHAR,
    artist_id VARCHAR,
    position NUMBER(10,0),
    captured_at TIMESTAMP_NTZ(6),
    capture_id VARCHAR,
    file_name varchar,
    file_row number(19,0),
    scanned_at timestamp_ltz
);

alter table landing.album_artists add column if not exists snapshot_date DATE;

alter table landing.album_artists add column if not exists album_id VARCHAR;

alter table landing.album_artists add column if not exists artist_id VARCHAR;

alter table landing.album_artists add column if not exists position NUMBER(10,0);

alter table landing.album_artists add column if not exists captured_at TIMESTAMP_NTZ(6);

alter table landing.album_artists add column if not exists capture_id VARCHAR;

create transient table if not exists landing.album_artists_copied (
    snapshot_date DATE,
    album_id VARCHAR,
    artist_id VARCHAR,
    position NUMBER(10,0),
    captured_at TIMESTAMP_NTZ(6),
    capture_id VARCHAR,
    file_name varchar,
    file_row number(19,0),
    scanned_at timestamp_ltz
);

alter table landing.album_artists_copied add column if not exists snapshot_date DATE;

alter table landing.album_artists_copied add column if not exists album_id VARCHAR;

alter table landing.album_artists_copied add column if not exists artist_id VARCHAR;

alter table landing.album_artists_copied add column if not exists position NUMBER(10,0);

alter table landing.album_artists_copied add column if not exists captured_at TIMESTAMP_NTZ(6);

alter table landing.album_artists_copied add column if not exists capture_id VARCHAR;

create transient table if not exists landing.tracks (
    snapshot_date DATE,
    track_id VARCHAR,
    name VARCHAR,
    album_id VARCHAR,
    popularity NUMBER(10,0),
    duration_ms NUMBER(19,0),
    explicit BOOLEAN,
    isrc VARCHAR,
    disc_number NUMBER(10,0),
    track_number NUMBER(10,0),
    available_markets ARRAY,
    detail VARCHAR,
    captured_at TIMESTAMP_NTZ(6),
    capture_id VARCHAR,
    file_name varchar,
    file_row number(19,0),
    scanned_at timestamp_ltz
);

alter table landing.tracks add column if not exists snapshot_date DATE;

alter table landing.tracks add column if not exists track_id VARCHAR;

alter table landing.tracks add column if not exists name VARCHAR;

alter table landing.tracks add column if not exists album_id VARCHAR;

alter table landing.tracks add column if not exists popularity NUMBER(10,0);

alter table landing.tracks add column if not exists duration_ms NUMBER(19,0);

alter table landing.tracks add column if not exists explicit BOOLEAN;

alter table landing.tracks add column if not exists isrc VARCHAR;

alter table landing.tracks add column if not exists disc_number NUMBER(10,0);

alter table landing.tracks add column if not exists track_number NUMBER(10,0);

alter table landing.tracks add column if not exists available_markets ARRAY;

alter table landing.tracks add column if not exists detail VARCHAR;

alter table landing.tracks add column if not exists captured_at TIMESTAMP_NTZ(6);

alter table landing.tracks add column if not exists capture_id VARCHAR;

create transient table if not exists landing.tracks_copied (
    snapshot_date DATE,
    track_id VARCHAR,
    name VARCHAR,
    album_id VARCHAR,
    popularity NUMBER(10,0),
    duration_ms NUMBER(19,0),
    explicit BOOLEAN,
    isrc VARCHAR,
    disc_number NUMBER(10,0),
    track_number NUMBER(10,0),
    available_markets ARRAY,
    detail VARCHAR,
    captured_at TIMESTAMP_NTZ(6),
    capture_id VARCHAR,
    file_name varchar,
    file_row number(19,0),
    scanned_at timestamp_ltz
);

alter table landing.tracks_copied add column if not exists snapshot_date DATE;

alter table landing.tracks_copied add column if not exists track_id VARCHAR;

alter table landing.tracks_copied add column if not exists name VARCHAR;

alter table landing.tracks_copied add column if not exists album_id VARCHAR;

alter table landing.tracks_copied add column if not exists popularity NUMBER(10,0);

alter table landing.tracks_copied add column if not exists duration_ms NUMBER(19,0);

alter table landing.tracks_copied add column if not exists explicit BOOLEAN;

alter table landing.tracks_copied add column if not exists isrc VARCHAR;

alter table landing.tracks_copied add column if not exists disc_number NUMBER(10,0);

alter table landing.tracks_copied add column if not exists track_number NUMBER(10,0);

alter table landing.tracks_copied add column if not exists available_markets ARRAY;

alter table landing.tracks_copied add column if not exists detail VARCHAR;

alter table landing.tracks_copied add column if not exists captured_at TIMESTAMP_NTZ(6);

alter table landing.tracks_copied add column if not exists capture_id VARCHAR;

create transient table if not exists landing.track_artists (
    snapshot_date DATE,
    track_id VARCHAR,
    artist_id VARCHAR,
    position NUMBER(10,0),
    captured_at TIMESTAMP_NTZ(6),
    capture_id VARCHAR,
    file_name varchar,
    file_row number(19,0),
    scanned_at timestamp_ltz
);

alter table landing.track_artists add column if not exists snapshot_date DATE;

alter table landing.track_artists add column if not exists track_id VARCHAR;

alter table landing.track_artists add column if not exists artist_id VARCHAR;

alter table landing.track_artists add column if not exists position NUMBER(10,0);

alter table landing.track_artists add column if not exists captured_at TIMESTAMP_NTZ(6);

alter table landing.track_artists add column if not exists capture_id VARCHAR;

create transient table if not exists landing.track_artists_copied (
    snapshot_date DATE,
    track_id VARCHAR,
    artist_id VARCHAR,
    position NUMBER(10,0),
    captured_at TIMESTAMP_NTZ(6),
    capture_id VARCHAR,
    file_name varchar,
    file_row number(19,0),
    scanned_at timestamp_ltz
);

alter table landing.track_artists_copied add column if not exists snapshot_date DATE;

alter table landing.track_artists_copied add column if not exists track_id VARCHAR;

alter table landing.track_artists_copied add column if not exists artist_id VARCHAR;

alter table landing.track_artists_copied add column if not exists position NUMBER(10,0);

alter table landing.track_artists_copied add column if not exists captured_at TIMESTAMP_NTZ(6);

alter table landing.track_artists_copied add column if not exists capture_id VARCHAR;

create transient table if not exists landing.chart_entries (
    snapshot_date DATE,
    market VARCHAR,
    rank NUMBER(10,0),
    track_id VARCHAR,
    track_name VARCHAR,
    artist_names VARCHAR,
    streams NUMBER(19,0),
    source VARCHAR,
    stated_peak_rank NUMBER(10,0),
    stated_previous_rank NUMBER(10,0),
    stated_days_on_chart NUMBER(10,0),
    captured_at TIMESTAMP_NTZ(6),
    capture_id VARCHAR,
    file_name varchar,
    file_row number(19,0),
    scanned_at timestamp_ltz
);

alter table landing.chart_entries add column if not exists snapshot_date DATE;

alter table landing.chart_entries add column if not exists market VARCHAR;

alter table landing.chart_entries add column if not exists rank NUMBER(10,0);

alter table landing.chart_entries add column if not exists track_id VARCHAR;

alter table landing.chart_entries add column if not exists track_name VARCHAR;

alter table landing.chart_entries add column if not exists artist_names VARCHAR;

alter table landing.chart_entries add column if not exists streams NUMBER(19,0);

alter table landing.chart_entries add column if not exists source VARCHAR;

alter table landing.chart_entries add column if not exists stated_peak_rank NUMBER(10,0);

alter table landing.chart_entries add column if not exists stated_previous_rank NUMBER(10,0);

alter table landing.chart_entries add column if not exists stated_days_on_chart NUMBER(10,0);

alter table landing.chart_entries add column if not exists captured_at TIMESTAMP_NTZ(6);

alter table landing.chart_entries add column if not exists capture_id VARCHAR;

create transient table if not exists landing.chart_entries_copied (
    snapshot_date DATE,
    market VARCHAR,
    rank NUMBER(10,0),
    track_id VARCHAR,
    track_name VARCHAR,
    artist_names VARCHAR,
    streams NUMBER(19,0),
    source VARCHAR,
    stated_peak_rank NUMBER(10,0),
    stated_previous_rank NUMBER(10,0),
    stated_days_on_chart NUMBER(10,0),
    captured_at TIMESTAMP_NTZ(6),
    capture_id VARCHAR,
    file_name varchar,
    file_row number(19,0),
    scanned_at timestamp_ltz
);

alter table landing.chart_entries_copied add column if not exists snapshot_date DATE;

alter table landing.chart_entries_copied add column if not exists market VARCHAR;

alter table landing.chart_entries_copied add column if not exists rank NUMBER(10,0);

alter table landing.chart_entries_copied add column if not exists track_id VARCHAR;

alter table landing.chart_entries_copied add column if not exists track_name VARCHAR;

alter table landing.chart_entries_copied add column if not exists artist_names VARCHAR;

alter table landing.chart_entries_copied add column if not exists streams NUMBER(19,0);

alter table landing.chart_entries_copied add column if not exists source VARCHAR;

alter table landing.chart_entries_copied add column if not exists stated_peak_rank NUMBER(10,0);

alter table landing.chart_entries_copied add column if not exists stated_previous_rank NUMBER(10,0);

alter table landing.chart_entries_copied add column if not exists stated_days_on_chart NUMBER(10,0);

alter table landing.chart_entries_copied add column if not exists captured_at TIMESTAMP_NTZ(6);

alter table landing.chart_entries_copied add column if not exists capture_id VARCHAR;

create transient table if not exists landing.playlist_items (
    snapshot_date DATE,
    playlist_id VARCHAR,
    position NUMBER(10,0),
    added_at TIMESTAMP_NTZ(6),
    item_type VARCHAR,
    track_id VARCHAR,
    name VARCHAR,
    is_local BOOLEAN,
    captured_at TIMESTAMP_NTZ(6),
    capture_id VARCHAR,
    file_name varchar,
    file_row number(19,0),
    scanned_at timestamp_ltz
);

alter table landing.playlist_items add column if not exists snapshot_date DATE;

alter table landing.playlist_items add column if not exists playlist_id VARCHAR;

alter table landing.playlist_items add column if not exists position NUMBER(10,0);

alter table landing.playlist_items add column if not exists added_at TIMESTAMP_NTZ(6);

alter table landing.playlist_items add column if not exists item_type VARCHAR;

alter table landing.playlist_items add column if not exists track_id VARCHAR;

alter table landing.playlist_items add column if not exists name VARCHAR;

alter table landing.playlist_items add column if not exists is_local BOOLEAN;

alter table landing.playlist_items add column if not exists captured_at TIMESTAMP_NTZ(6);

alter table landing.playlist_items add column if not exists capture_id VARCHAR;

create transient table if not exists landing.playlist_items_copied (
    snapshot_date DATE,
    playlist_id VARCHAR,
    position NUMBER(10,0),
    added_at TIMESTAMP_NTZ(6),
    item_type VARCHAR,
    track_id VARCHAR,
    name VARCHAR,
    is_local BOOLEAN,
    captured_at TIMESTAMP_NTZ(6),
    capture_id VARCHAR,
    file_name varchar,
    file_row number(19,0),
    scanned_at timestamp_ltz
);

alter table landing.playlist_items_copied add column if not exists snapshot_date DATE;

alter table landing.playlist_items_copied add column if not exists playlist_id VARCHAR;

alter table landing.playlist_items_copied add column if not exists position NUMBER(10,0);

alter table landing.playlist_items_copied add column if not exists added_at TIMESTAMP_NTZ(6);

alter table landing.playlist_items_copied add column if not exists item_type VARCHAR;

alter table landing.playlist_items_copied add column if not exists track_id VARCHAR;

alter table landing.playlist_items_copied add column if not exists name VARCHAR;

alter table landing.playlist_items_copied add column if not exists is_local BOOLEAN;

alter table landing.playlist_items_copied add column if not exists captured_at TIMESTAMP_NTZ(6);

alter table landing.playlist_items_copied add column if not exists capture_id VARCHAR;

create transient table if not exists landing.rejects (
    snapshot_date DATE,
    entity VARCHAR,
    reason VARCHAR,
    fields VARCHAR,
    dropped BOOLEAN,
    line VARCHAR,
    captured_at TIMESTAMP_NTZ(6),
    capture_id VARCHAR,
    file_name varchar,
    file_row number(19,0),
    scanned_at timestamp_ltz
);

alter table landing.rejects add column if not exists snapshot_date DATE;

alter table landing.rejects add column if not exists entity VARCHAR;

alter table landing.rejects add column if not exists reason VARCHAR;

alter table landing.rejects add column if not exists fields VARCHAR;

alter table landing.rejects add column if not exists dropped BOOLEAN;

alter table landing.rejects add column if not exists line VARCHAR;

alter table landing.rejects add column if not exists captured_at TIMESTAMP_NTZ(6);

alter table landing.rejects add column if not exists capture_id VARCHAR;

create transient table if not exists landing.rejects_copied (
    snapshot_date DATE,
    entity VARCHAR,
    reason VARCHAR,
    fields VARCHAR,
    dropped BOOLEAN,
    line VARCHAR,
    captured_at TIMESTAMP_NTZ(6),
    capture_id VARCHAR,
    file_name varchar,
    file_row number(19,0),
    scanned_at timestamp_ltz
);

alter table landing.rejects_copied add column if not exists snapshot_date DATE;

alter table landing.rejects_copied add column if not exists entity VARCHAR;

alter table landing.rejects_copied add column if not exists reason VARCHAR;

alter table landing.rejects_copied add column if not exists fields VARCHAR;

alter table landing.rejects_copied add column if not exists dropped BOOLEAN;

alter table landing.rejects_copied add column if not exists line VARCHAR;

alter table landing.rejects_copied add column if not exists captured_at TIMESTAMP_NTZ(6);

alter table landing.rejects_copied add column if not exists capture_id VARCHAR;
