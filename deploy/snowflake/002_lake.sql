-- Where files are read from.

create file format if not exists ops.parquet_files type = parquet use_logical_type = true;

create stage if not exists landing.uploads;

create stage if not exists ops.uploads;

create storage integration if not exists SPOTIFY_LAKE type = external_stage storage_provider = 's3' enabled = true storage_aws_role_arn = 'arn:aws:iam::123456789012:role/spotify-platform-snowflake' storage_allowed_locations = ('s3://your-bucket/lake/curated/');

alter storage integration SPOTIFY_LAKE set storage_aws_role_arn = 'arn:aws:iam::123456789012:role/spotify-platform-snowflake' storage_allowed_locations = ('s3://your-bucket/lake/curated/');

create stage if not exists landing.lake url = 's3://your-bucket/lake/curated/' storage_integration = SPOTIFY_LAKE;

alter stage landing.lake set url = 's3://your-bucket/lake/curated/';
