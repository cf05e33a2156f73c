-- What computes, a limit for what it may cost in a month, the database, and the history of these scripts.

create resource monitor if not exists SPOTIFY_MONITOR with credit_quota = 20 frequency = monthly start_timestamp = immediately triggers on 80 percent do notify on 100 percent do suspend;

create warehouse if not exists SPOTIFY_XS warehouse_size = xsmall auto_suspend = 60 auto_resume = true initially_suspended = true statement_timeout_in_seconds = 3600;

alter resource monitor SPOTIFY_MONITOR set credit_quota = 20;

alter warehouse SPOTIFY_XS set resource_monitor = SPOTIFY_MONITOR;

use warehouse SPOTIFY_XS;

create database if not exists SPOTIFY data_retention_time_in_days = 1;

use database SPOTIFY;

create schema if not exists landing;

create schema if not exists curated;

create schema if not exists marts;

create schema if not exists ops;

create table if not exists ops.scripts (name varchar, sha256 varchar, applied_at timestamp_ltz, applied_by varchar);
