-- Snowpipe. A pipe that is made anew forgets what it has loaded, so it is never replaced: change one by hand.

create pipe if not exists landing.artists_pipe auto_ingest = true as
copy into landing.artists from @landing.lake/artists/
file_format = (format_name = 'ops.parquet_files') match_by_column_name = case_insensitive include_metadata = (file_name = METADATA$FILENAME, file_row = METADATA$FILE_ROW_NUMBER, scanned_at = METADATA$START_SCAN_TIME)
pattern = '.*snapshot_date=[0-9-]{10}/batch_id=[0-9A-Za-z-]+/part-[0-9]+[.]parquet' on_error = skip_file;

create pipe if not exists landing.artist_genres_pipe auto_ingest = true as
copy into landing.artist_genres from @landing.lake/artist_genres/
file_format = (format_name = 'ops.parquet_files') match_by_column_name = case_insensitive include_metadata = (file_name = METADATA$FILENAME, file_row = METADATA$FILE_ROW_NUMBER, scanned_at = METADATA$START_SCAN_TIME)
pattern = '.*snapshot_date=[0-9-]{10}/batch_id=[0-9A-Za-z-]+/part-[0-9]+[.]parquet' on_error = skip_file;

create pipe if not exists landing.albums_pipe auto_ingest = true as
copy into landing.albums from @landing.lake/albums/
file_format = (format_name = 'ops.parquet_files') match_by_column_name = case_insensitive include_metadata = (file_name = METADATA$FILENAME, file_row = METADATA$FILE_ROW_NUMBER, scanned_at = METADATA$START_SCAN_TIME)
pattern = '.*snapshot_date=[0-9-]{10}/batch_id=[0-9A-Za-z-]+/part-[0-9]+[.]parquet' on_error = skip_file;

create pipe if not exists landing.album_artists_pipe auto_ingest = true as
copy into landing.album_artists from @landing.lake/album_artists/
file_format = (format_name = 'ops.parquet_files') match_by_column_name = case_insensitive include_metadata = (file_name = METADATA$FILENAME, file_row = METADATA$FILE_ROW_NUMBER, scanned_at = METADATA$START_SCAN_TIME)
pattern = '.*snapshot_date=[0-9-]{10}/batch_id=[0-9A-Za-z-]+/part-[0-9]+[.]parquet' on_error = skip_file;

create pipe if not exists landing.tracks_pipe auto_ingest = true as
copy into landing.tracks from @landing.lake/tracks/
file_format = (format_name = 'ops.parquet_files') match_by_column_name = case_insensitive include_metadata = (file_name = METADATA$FILENAME, file_row = METADATA$FILE_ROW_NUMBER, scanned_at = METADATA$START_SCAN_TIME)
pattern = '.*snapshot_date=[0-9-]{10}/batch_id=[0-9A-Za-z-]+/part-[0-9]+[.]parquet' on_error = skip_file;

create pipe if not exists landing.track_artists_pipe auto_ingest = true as
copy into landing.track_artists from @landing.lake/track_artists/
file_format = (format_name = 'ops.parquet_files') match_by_column_name = case_insensitive include_metadata = (file_name = METADATA$FILENAME, file_row = METADATA$FILE_ROW_NUMBER, scanned_at = METADATA$START_SCAN_TIME)
pattern = '.*snapshot_date=[0-9-]{10}/batch_id=[0-9A-Za-z-]+/part-[0-9]+[.]parquet' on_error = skip_file;

create pipe if not exists landing.chart_entries_pipe auto_ingest = true as
copy into landing.chart_entries from @landing.lake/chart_entries/
file_format = (format_name = 'ops.parquet_files') match_by_column_name = case_insensitive include_metadata = (file_name = METADATA$FILENAME, file_row = METADATA$FILE_ROW_NUMBER, scanned_at = METADATA$START_SCAN_TIME)
pattern = '.*snapshot_date=[0-9-]{10}/batch_id=[0-9A-Za-z-]+/part-[0-9]+[.]parquet' on_error = skip_file;

create pipe if not exists landing.playlist_items_pipe auto_ingest = true as
copy into landing.playlist_items from @landing.lake/playlist_items/
file_format = (format_name = 'ops.parquet_files') match_by_column_name = case_insensitive include_metadata = (file_name = METADATA$FILENAME, file_row = METADATA$FILE_ROW_NUMBER, scanned_at = METADATA$START_SCAN_TIME)
pattern = '.*snapshot_date=[0-9-]{10}/batch_id=[0-9A-Za-z-]+/part-[0-9]+[.]parquet' on_error = skip_file;

create pipe if not exists landing.rejects_pipe auto_ingest = true as
copy into landing.rejects from @landing.lake/rejects/
file_format = (format_name = 'ops.parquet_files') match_by_column_name = case_insensitive include_metadata = (file_name = METADATA$FILENAME, file_row = METADATA$FILE_ROW_NUMBER, scanned_at = METADATA$START_SCAN_TIME)
pattern = '.*snapshot_date=[0-9-]{10}/batch_id=[0-9A-Za-z-]+/part-[0-9]+[.]parquet' on_error = skip_file;
