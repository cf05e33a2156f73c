-- Who may what: the loader lands and publishes, the transformer makes marts.

create role if not exists SPOTIFY_LOADER;

create role if not exists SPOTIFY_TRANSFORMER;

create role if not exists SPOTIFY_READER;

grant usage on database SPOTIFY to role SPOTIFY_LOADER;

grant usage on database SPOTIFY to role SPOTIFY_TRANSFORMER;

grant usage on database SPOTIFY to role SPOTIFY_READER;

grant usage on warehouse SPOTIFY_XS to role SPOTIFY_LOADER;

grant usage on warehouse SPOTIFY_XS to role SPOTIFY_TRANSFORMER;

grant usage on warehouse SPOTIFY_XS to role SPOTIFY_READER;

grant usage on schema landing to role SPOTIFY_LOADER;

grant usage on schema ops to role SPOTIFY_LOADER;

grant usage on file format ops.parquet_files to role SPOTIFY_LOADER;

grant select on table ops.scripts to role SPOTIFY_LOADER;

grant select, insert, delete on all tables in schema landing to role SPOTIFY_LOADER;

grant select, insert, delete on future tables in schema landing to role SPOTIFY_LOADER;

grant select, insert, update, delete on table ops.published to role SPOTIFY_LOADER;

grant select, insert, delete on table ops.refused to role SPOTIFY_LOADER;

grant read, write on stage landing.uploads to role SPOTIFY_LOADER;

grant usage on stage landing.lake to role SPOTIFY_LOADER;

grant monitor, operate on pipe landing.artists_pipe to role SPOTIFY_LOADER;

grant monitor, operate on pipe landing.artist_genres_pipe to role SPOTIFY_LOADER;

grant monitor, operate on pipe landing.albums_pipe to role SPOTIFY_LOADER;

grant monitor, operate on pipe landing.album_artists_pipe to role SPOTIFY_LOADER;

grant monitor, operate on pipe landing.tracks_pipe to role SPOTIFY_LOADER;

grant monitor, operate on pipe landing.track_artists_pipe to role SPOTIFY_LOADER;

grant monitor, operate on pipe landing.chart_entries_pipe to role SPOTIFY_LOADER;

grant monitor, operate on pipe landing.playlist_items_pipe to role SPOTIFY_LOADER;

grant monitor, operate on pipe landing.rejects_pipe to role SPOTIFY_LOADER;

grant usage on schema curated to role SPOTIFY_TRANSFORMER;

grant usage on schema marts to role SPOTIFY_TRANSFORMER;

grant usage on schema ops to role SPOTIFY_TRANSFORMER;

grant usage on file format ops.parquet_files to role SPOTIFY_TRANSFORMER;

grant select on all views in schema curated to role SPOTIFY_TRANSFORMER;

grant select on future views in schema curated to role SPOTIFY_TRANSFORMER;

grant select on table ops.published to role SPOTIFY_TRANSFORMER;

grant select, insert, delete on table ops.coverage to role SPOTIFY_TRANSFORMER;

grant select, insert, delete on table ops.days_to_build to role SPOTIFY_TRANSFORMER;

grant select, insert, delete on table ops.last_build to role SPOTIFY_TRANSFORMER;

grant select, insert, delete on all tables in schema marts to role SPOTIFY_TRANSFORMER;

grant select, insert, delete on future tables in schema marts to role SPOTIFY_TRANSFORMER;

grant read, write on stage ops.uploads to role SPOTIFY_TRANSFORMER;

grant usage on schema curated to role SPOTIFY_READER;

grant usage on schema marts to role SPOTIFY_READER;

grant select on all views in schema curated to role SPOTIFY_READER;

grant select on future views in schema curated to role SPOTIFY_READER;

grant select on all tables in schema marts to role SPOTIFY_READER;

grant select on future tables in schema marts to role SPOTIFY_READER;

grant role SPOTIFY_LOADER to role sysadmin;

grant role SPOTIFY_TRANSFORMER to role sysadmin;

grant role SPOTIFY_READER to role sysadmin;

grant role SPOTIFY_LOADER to user LOADER;

grant role SPOTIFY_TRANSFORMER to user LOADER;
