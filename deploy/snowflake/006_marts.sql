-- The coverage ledger that the marts count days by, and the marts.

create transient table if not exists ops.coverage (
    snapshot_date DATE,
    entity VARCHAR,
    market VARCHAR,
    state VARCHAR,
    readable BOOLEAN,
    items NUMBER(19,0),
    reason VARCHAR
);

alter table ops.coverage add column if not exists snapshot_date DATE;

alter table ops.coverage add column if not exists entity VARCHAR;

alter table ops.coverage add column if not exists market VARCHAR;

alter table ops.coverage add column if not exists state VARCHAR;

alter table ops.coverage add column if not exists readable BOOLEAN;

alter table ops.coverage add column if not exists items NUMBER(19,0);

alter table ops.coverage add column if not exists reason VARCHAR;

create transient table if not exists marts.coverage (
    snapshot_date DATE,
    entity VARCHAR,
    market VARCHAR,
    state VARCHAR,
    readable BOOLEAN,
    items NUMBER(19,0),
    reason VARCHAR
);

alter table marts.coverage add column if not exists snapshot_date DATE;

alter table marts.coverage add column if not exists entity VARCHAR;

alter table marts.coverage add column if not exists market VARCHAR;

alter table marts.coverage add column if not exists state VARCHAR;

alter table marts.coverage add column if not exists readable BOOLEAN;

alter table marts.coverage add column if not exists items NUMBER(19,0);

alter table marts.coverage add column if not exists reason VARCHAR;

create transient table if not exists marts.chart_movement (
    snapshot_date DATE,
    market VARCHAR,
    track_id VARCHAR,
    track_name VARCHAR,
    artist_names VARCHAR,
    rank NUMBER(10,0),
    movement VARCHAR,
    previous_date DATE,
    previous_rank NUMBER(10,0),
    rank_change NUMBER(10,0),
    peak_rank NUMBER(10,0),
    days_on_chart NUMBER(19,0),
    consecutive_days NUMBER(19,0),
    after_gap BOOLEAN,
    reason VARCHAR,
    history_from DATE,
    coverage FLOAT,
    confidence VARCHAR
);

alter table marts.chart_movement add column if not exists snapshot_date DATE;

alter table marts.chart_movement add column if not exists market VARCHAR;

alter table marts.chart_movement add column if not exists track_id VARCHAR;

alter table marts.chart_movement add column if not exists track_name VARCHAR;

alter table marts.chart_movement add column if not exists artist_names VARCHAR;

alter table marts.chart_movement add column if not exists rank NUMBER(10,0);

alter table marts.chart_movement add column if not exists movement VARCHAR;

alter table marts.chart_movement add column if not exists previous_date DATE;

alter table marts.chart_movement add column if not exists previous_rank NUMBER(10,0);

alter table marts.chart_movement add column if not exists rank_change NUMBER(10,0);

alter table marts.chart_movement add column if not exists peak_rank NUMBER(10,0);

alter table marts.chart_movement add column if not exists days_on_chart NUMBER(19,0);

alter table marts.chart_movement add column if not exists consecutive_days NUMBER(19,0);

alter table marts.chart_movement add column if not exists after_gap BOOLEAN;

alter table marts.chart_movement add column if not exists reason VARCHAR;

alter table marts.chart_movement add column if not exists history_from DATE;

alter table marts.chart_movement add column if not exists coverage FLOAT;

alter table marts.chart_movement add column if not exists confidence VARCHAR;

create transient table if not exists marts.trending_artists_daily (
    snapshot_date DATE,
    market VARCHAR,
    artist_key VARCHAR,
    artist_id VARCHAR,
    artist_name VARCHAR,
    points_7d FLOAT,
    points_28d FLOAT,
    trend FLOAT,
    rank_in_market NUMBER(19,0),
    rank_global NUMBER(19,0),
    best_rank NUMBER(10,0),
    charted_tracks NUMBER(19,0),
    observed_days NUMBER(19,0),
    reason VARCHAR,
    history_from DATE,
    coverage FLOAT,
    confidence VARCHAR
);

alter table marts.trending_artists_daily add column if not exists snapshot_date DATE;

alter table marts.trending_artists_daily add column if not exists market VARCHAR;

alter table marts.trending_artists_daily add column if not exists artist_key VARCHAR;

alter table marts.trending_artists_daily add column if not exists artist_id VARCHAR;

alter table marts.trending_artists_daily add column if not exists artist_name VARCHAR;

alter table marts.trending_artists_daily add column if not exists points_7d FLOAT;

alter table marts.trending_artists_daily add column if not exists points_28d FLOAT;

alter table marts.trending_artists_daily add column if not exists trend FLOAT;

alter table marts.trending_artists_daily add column if not exists rank_in_market NUMBER(19,0);

alter table marts.trending_artists_daily add column if not exists rank_global NUMBER(19,0);

alter table marts.trending_artists_daily add column if not exists best_rank NUMBER(10,0);

alter table marts.trending_artists_daily add column if not exists charted_tracks NUMBER(19,0);

alter table marts.trending_artists_daily add column if not exists observed_days NUMBER(19,0);

alter table marts.trending_artists_daily add column if not exists reason VARCHAR;

alter table marts.trending_artists_daily add column if not exists history_from DATE;

alter table marts.trending_artists_daily add column if not exists coverage FLOAT;

alter table marts.trending_artists_daily add column if not exists confidence VARCHAR;

create transient table if not exists marts.market_performance (
    snapshot_date DATE,
    market VARCHAR,
    entries NUMBER(19,0),
    artists NUMBER(19,0),
    top_track VARCHAR,
    top_artists VARCHAR,
    top_genres VARCHAR,
    genre_known_share FLOAT,
    new_entries NUMBER(19,0),
    turnover FLOAT,
    mean_track_age_days FLOAT,
    age_known_share FLOAT,
    reason VARCHAR,
    history_from DATE,
    coverage FLOAT,
    confidence VARCHAR
);

alter table marts.market_performance add column if not exists snapshot_date DATE;

alter table marts.market_performance add column if not exists market VARCHAR;

alter table marts.market_performance add column if not exists entries NUMBER(19,0);

alter table marts.market_performance add column if not exists artists NUMBER(19,0);

alter table marts.market_performance add column if not exists top_track VARCHAR;

alter table marts.market_performance add column if not exists top_artists VARCHAR;

alter table marts.market_performance add column if not exists top_genres VARCHAR;

alter table marts.market_performance add column if not exists genre_known_share FLOAT;

alter table marts.market_performance add column if not exists new_entries NUMBER(19,0);

alter table marts.market_performance add column if not exists turnover FLOAT;

alter table marts.market_performance add column if not exists mean_track_age_days FLOAT;

alter table marts.market_performance add column if not exists age_known_share FLOAT;

alter table marts.market_performance add column if not exists reason VARCHAR;

alter table marts.market_performance add column if not exists history_from DATE;

alter table marts.market_performance add column if not exists coverage FLOAT;

alter table marts.market_performance add column if not exists confidence VARCHAR;
