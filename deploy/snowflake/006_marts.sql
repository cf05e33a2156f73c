-- The coverage ledger that the marts count days by, what a build notes, and the marts.

create transient table if not exists ops.days_to_build (mart varchar, snapshot_date date);

create transient table if not exists ops.last_build (build_id varchar);

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

create transient table if not exists marts.dim_artist (
    artist_id VARCHAR,
    artist_name VARCHAR,
    genres VARCHAR,
    popularity NUMBER(10,0),
    followers NUMBER(19,0),
    first_seen DATE,
    last_seen DATE,
    reason VARCHAR
);

alter table marts.dim_artist add column if not exists artist_id VARCHAR;

alter table marts.dim_artist add column if not exists artist_name VARCHAR;

alter table marts.dim_artist add column if not exists genres VARCHAR;

alter table marts.dim_artist add column if not exists popularity NUMBER(10,0);

alter table marts.dim_artist add column if not exists followers NUMBER(19,0);

alter table marts.dim_artist add column if not exists first_seen DATE;

alter table marts.dim_artist add column if not exists last_seen DATE;

alter table marts.dim_artist add column if not exists reason VARCHAR;

create transient table if not exists marts.dim_album (
    album_id VARCHAR,
    album_name VARCHAR,
    artist_names VARCHAR,
    album_type VARCHAR,
    release_date DATE,
    release_date_precision VARCHAR,
    total_tracks NUMBER(10,0),
    label VARCHAR,
    popularity NUMBER(10,0),
    first_seen DATE,
    last_seen DATE,
    reason VARCHAR
);

alter table marts.dim_album add column if not exists album_id VARCHAR;

alter table marts.dim_album add column if not exists album_name VARCHAR;

alter table marts.dim_album add column if not exists artist_names VARCHAR;

alter table marts.dim_album add column if not exists album_type VARCHAR;

alter table marts.dim_album add column if not exists release_date DATE;

alter table marts.dim_album add column if not exists release_date_precision VARCHAR;

alter table marts.dim_album add column if not exists total_tracks NUMBER(10,0);

alter table marts.dim_album add column if not exists label VARCHAR;

alter table marts.dim_album add column if not exists popularity NUMBER(10,0);

alter table marts.dim_album add column if not exists first_seen DATE;

alter table marts.dim_album add column if not exists last_seen DATE;

alter table marts.dim_album add column if not exists reason VARCHAR;

create transient table if not exists marts.dim_track (
    track_id VARCHAR,
    track_name VARCHAR,
    artist_names VARCHAR,
    album_id VARCHAR,
    release_date DATE,
    duration_ms NUMBER(19,0),
    explicit BOOLEAN,
    isrc VARCHAR,
    popularity NUMBER(10,0),
    first_seen DATE,
    last_seen DATE,
    reason VARCHAR
);

alter table marts.dim_track add column if not exists track_id VARCHAR;

alter table marts.dim_track add column if not exists track_name VARCHAR;

alter table marts.dim_track add column if not exists artist_names VARCHAR;

alter table marts.dim_track add column if not exists album_id VARCHAR;

alter table marts.dim_track add column if not exists release_date DATE;

alter table marts.dim_track add column if not exists duration_ms NUMBER(19,0);

alter table marts.dim_track add column if not exists explicit BOOLEAN;

alter table marts.dim_track add column if not exists isrc VARCHAR;

alter table marts.dim_track add column if not exists popularity NUMBER(10,0);

alter table marts.dim_track add column if not exists first_seen DATE;

alter table marts.dim_track add column if not exists last_seen DATE;

alter table marts.dim_track add column if not exists reason VARCHAR;

create transient table if not exists marts.dim_market (
    market VARCHAR,
    chart_size NUMBER(10,0),
    charts NUMBER(19,0),
    first_seen DATE,
    last_seen DATE,
    coverage FLOAT
);

alter table marts.dim_market add column if not exists market VARCHAR;

alter table marts.dim_market add column if not exists chart_size NUMBER(10,0);

alter table marts.dim_market add column if not exists charts NUMBER(19,0);

alter table marts.dim_market add column if not exists first_seen DATE;

alter table marts.dim_market add column if not exists last_seen DATE;

alter table marts.dim_market add column if not exists coverage FLOAT;

create transient table if not exists marts.dim_date (
    snapshot_date DATE,
    year NUMBER(10,0),
    month NUMBER(10,0),
    day NUMBER(10,0),
    weekday NUMBER(10,0),
    chart_week DATE,
    charts NUMBER(19,0)
);

alter table marts.dim_date add column if not exists snapshot_date DATE;

alter table marts.dim_date add column if not exists year NUMBER(10,0);

alter table marts.dim_date add column if not exists month NUMBER(10,0);

alter table marts.dim_date add column if not exists day NUMBER(10,0);

alter table marts.dim_date add column if not exists weekday NUMBER(10,0);

alter table marts.dim_date add column if not exists chart_week DATE;

alter table marts.dim_date add column if not exists charts NUMBER(19,0);

create transient table if not exists marts.bridge_track_artist (
    track_id VARCHAR,
    artist_id VARCHAR,
    position NUMBER(10,0)
);

alter table marts.bridge_track_artist add column if not exists track_id VARCHAR;

alter table marts.bridge_track_artist add column if not exists artist_id VARCHAR;

alter table marts.bridge_track_artist add column if not exists position NUMBER(10,0);

create transient table if not exists marts.bridge_artist_genre (
    artist_id VARCHAR,
    genre VARCHAR
);

alter table marts.bridge_artist_genre add column if not exists artist_id VARCHAR;

alter table marts.bridge_artist_genre add column if not exists genre VARCHAR;

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

create transient table if not exists marts.fct_chart_daily (
    snapshot_date DATE,
    market VARCHAR,
    track_id VARCHAR,
    rank NUMBER(10,0),
    chart_size NUMBER(10,0),
    points NUMBER(10,0),
    streams NUMBER(19,0)
);

alter table marts.fct_chart_daily add column if not exists snapshot_date DATE;

alter table marts.fct_chart_daily add column if not exists market VARCHAR;

alter table marts.fct_chart_daily add column if not exists track_id VARCHAR;

alter table marts.fct_chart_daily add column if not exists rank NUMBER(10,0);

alter table marts.fct_chart_daily add column if not exists chart_size NUMBER(10,0);

alter table marts.fct_chart_daily add column if not exists points NUMBER(10,0);

alter table marts.fct_chart_daily add column if not exists streams NUMBER(19,0);

create transient table if not exists marts.fct_artist_chart_daily (
    snapshot_date DATE,
    market VARCHAR,
    artist_key VARCHAR,
    artist_id VARCHAR,
    credited_as VARCHAR,
    points NUMBER(19,0),
    best_rank NUMBER(10,0),
    charted_tracks NUMBER(19,0),
    chart_size NUMBER(10,0)
);

alter table marts.fct_artist_chart_daily add column if not exists snapshot_date DATE;

alter table marts.fct_artist_chart_daily add column if not exists market VARCHAR;

alter table marts.fct_artist_chart_daily add column if not exists artist_key VARCHAR;

alter table marts.fct_artist_chart_daily add column if not exists artist_id VARCHAR;

alter table marts.fct_artist_chart_daily add column if not exists credited_as VARCHAR;

alter table marts.fct_artist_chart_daily add column if not exists points NUMBER(19,0);

alter table marts.fct_artist_chart_daily add column if not exists best_rank NUMBER(10,0);

alter table marts.fct_artist_chart_daily add column if not exists charted_tracks NUMBER(19,0);

alter table marts.fct_artist_chart_daily add column if not exists chart_size NUMBER(10,0);

create transient table if not exists marts.fct_track_daily (
    snapshot_date DATE,
    track_id VARCHAR,
    popularity NUMBER(10,0),
    markets NUMBER(19,0),
    global_rank NUMBER(10,0),
    best_rank NUMBER(10,0),
    points NUMBER(19,0),
    reason VARCHAR
);

alter table marts.fct_track_daily add column if not exists snapshot_date DATE;

alter table marts.fct_track_daily add column if not exists track_id VARCHAR;

alter table marts.fct_track_daily add column if not exists popularity NUMBER(10,0);

alter table marts.fct_track_daily add column if not exists markets NUMBER(19,0);

alter table marts.fct_track_daily add column if not exists global_rank NUMBER(10,0);

alter table marts.fct_track_daily add column if not exists best_rank NUMBER(10,0);

alter table marts.fct_track_daily add column if not exists points NUMBER(19,0);

alter table marts.fct_track_daily add column if not exists reason VARCHAR;

create transient table if not exists marts.fct_artist_daily (
    snapshot_date DATE,
    artist_id VARCHAR,
    popularity NUMBER(10,0),
    followers NUMBER(19,0),
    markets NUMBER(19,0),
    global_rank NUMBER(10,0),
    best_rank NUMBER(10,0),
    points NUMBER(19,0),
    reason VARCHAR
);

alter table marts.fct_artist_daily add column if not exists snapshot_date DATE;

alter table marts.fct_artist_daily add column if not exists artist_id VARCHAR;

alter table marts.fct_artist_daily add column if not exists popularity NUMBER(10,0);

alter table marts.fct_artist_daily add column if not exists followers NUMBER(19,0);

alter table marts.fct_artist_daily add column if not exists markets NUMBER(19,0);

alter table marts.fct_artist_daily add column if not exists global_rank NUMBER(10,0);

alter table marts.fct_artist_daily add column if not exists best_rank NUMBER(10,0);

alter table marts.fct_artist_daily add column if not exists points NUMBER(19,0);

alter table marts.fct_artist_daily add column if not exists reason VARCHAR;

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

create transient table if not exists marts.trending_artists_weekly (
    chart_week DATE,
    market VARCHAR,
    artist_key VARCHAR,
    artist_id VARCHAR,
    artist_name VARCHAR,
    points_week FLOAT,
    points_4w FLOAT,
    trend FLOAT,
    rank_in_market NUMBER(19,0),
    rank_global NUMBER(19,0),
    best_rank NUMBER(10,0),
    charted_days NUMBER(19,0),
    week_days NUMBER(19,0),
    observed_days NUMBER(19,0),
    reason VARCHAR,
    history_from DATE,
    coverage FLOAT,
    confidence VARCHAR
);

alter table marts.trending_artists_weekly add column if not exists chart_week DATE;

alter table marts.trending_artists_weekly add column if not exists market VARCHAR;

alter table marts.trending_artists_weekly add column if not exists artist_key VARCHAR;

alter table marts.trending_artists_weekly add column if not exists artist_id VARCHAR;

alter table marts.trending_artists_weekly add column if not exists artist_name VARCHAR;

alter table marts.trending_artists_weekly add column if not exists points_week FLOAT;

alter table marts.trending_artists_weekly add column if not exists points_4w FLOAT;

alter table marts.trending_artists_weekly add column if not exists trend FLOAT;

alter table marts.trending_artists_weekly add column if not exists rank_in_market NUMBER(19,0);

alter table marts.trending_artists_weekly add column if not exists rank_global NUMBER(19,0);

alter table marts.trending_artists_weekly add column if not exists best_rank NUMBER(10,0);

alter table marts.trending_artists_weekly add column if not exists charted_days NUMBER(19,0);

alter table marts.trending_artists_weekly add column if not exists week_days NUMBER(19,0);

alter table marts.trending_artists_weekly add column if not exists observed_days NUMBER(19,0);

alter table marts.trending_artists_weekly add column if not exists reason VARCHAR;

alter table marts.trending_artists_weekly add column if not exists history_from DATE;

alter table marts.trending_artists_weekly add column if not exists coverage FLOAT;

alter table marts.trending_artists_weekly add column if not exists confidence VARCHAR;

create transient table if not exists marts.genre_growth (
    chart_week DATE,
    market VARCHAR,
    genre VARCHAR,
    share FLOAT,
    share_4w FLOAT,
    share_before FLOAT,
    growth FLOAT,
    tracks NUMBER(19,0),
    rank_by_share NUMBER(19,0),
    rank_by_growth NUMBER(19,0),
    genre_known_share FLOAT,
    observed_days NUMBER(19,0),
    reason VARCHAR,
    history_from DATE,
    coverage FLOAT,
    confidence VARCHAR
);

alter table marts.genre_growth add column if not exists chart_week DATE;

alter table marts.genre_growth add column if not exists market VARCHAR;

alter table marts.genre_growth add column if not exists genre VARCHAR;

alter table marts.genre_growth add column if not exists share FLOAT;

alter table marts.genre_growth add column if not exists share_4w FLOAT;

alter table marts.genre_growth add column if not exists share_before FLOAT;

alter table marts.genre_growth add column if not exists growth FLOAT;

alter table marts.genre_growth add column if not exists tracks NUMBER(19,0);

alter table marts.genre_growth add column if not exists rank_by_share NUMBER(19,0);

alter table marts.genre_growth add column if not exists rank_by_growth NUMBER(19,0);

alter table marts.genre_growth add column if not exists genre_known_share FLOAT;

alter table marts.genre_growth add column if not exists observed_days NUMBER(19,0);

alter table marts.genre_growth add column if not exists reason VARCHAR;

alter table marts.genre_growth add column if not exists history_from DATE;

alter table marts.genre_growth add column if not exists coverage FLOAT;

alter table marts.genre_growth add column if not exists confidence VARCHAR;

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
    stale_source BOOLEAN,
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

alter table marts.market_performance add column if not exists stale_source BOOLEAN;

alter table marts.market_performance add column if not exists mean_track_age_days FLOAT;

alter table marts.market_performance add column if not exists age_known_share FLOAT;

alter table marts.market_performance add column if not exists reason VARCHAR;

alter table marts.market_performance add column if not exists history_from DATE;

alter table marts.market_performance add column if not exists coverage FLOAT;

alter table marts.market_performance add column if not exists confidence VARCHAR;

create transient table if not exists marts.artist_consistency_virality (
    chart_week DATE,
    market VARCHAR,
    artist_key VARCHAR,
    artist_id VARCHAR,
    artist_name VARCHAR,
    charted_days NUMBER(19,0),
    observed_days NUMBER(19,0),
    presence_rate FLOAT,
    rank_mad FLOAT,
    consistency FLOAT,
    current_streak NUMBER(19,0),
    longest_streak NUMBER(19,0),
    days_on_chart NUMBER(19,0),
    peak_rank NUMBER(10,0),
    days_at_peak NUMBER(19,0),
    spike_days NUMBER(19,0),
    rank_gain NUMBER(19,0),
    new_entries NUMBER(19,0),
    popularity_change FLOAT,
    virality FLOAT,
    stage VARCHAR,
    growth_score FLOAT,
    growth_class VARCHAR,
    reason VARCHAR,
    history_from DATE,
    coverage FLOAT,
    confidence VARCHAR
);

alter table marts.artist_consistency_virality add column if not exists chart_week DATE;

alter table marts.artist_consistency_virality add column if not exists market VARCHAR;

alter table marts.artist_consistency_virality add column if not exists artist_key VARCHAR;

alter table marts.artist_consistency_virality add column if not exists artist_id VARCHAR;

alter table marts.artist_consistency_virality add column if not exists artist_name VARCHAR;

alter table marts.artist_consistency_virality add column if not exists charted_days NUMBER(19,0);

alter table marts.artist_consistency_virality add column if not exists observed_days NUMBER(19,0);

alter table marts.artist_consistency_virality add column if not exists presence_rate FLOAT;

alter table marts.artist_consistency_virality add column if not exists rank_mad FLOAT;

alter table marts.artist_consistency_virality add column if not exists consistency FLOAT;

alter table marts.artist_consistency_virality add column if not exists current_streak NUMBER(19,0);

alter table marts.artist_consistency_virality add column if not exists longest_streak NUMBER(19,0);

alter table marts.artist_consistency_virality add column if not exists days_on_chart NUMBER(19,0);

alter table marts.artist_consistency_virality add column if not exists peak_rank NUMBER(10,0);

alter table marts.artist_consistency_virality add column if not exists days_at_peak NUMBER(19,0);

alter table marts.artist_consistency_virality add column if not exists spike_days NUMBER(19,0);

alter table marts.artist_consistency_virality add column if not exists rank_gain NUMBER(19,0);

alter table marts.artist_consistency_virality add column if not exists new_entries NUMBER(19,0);

alter table marts.artist_consistency_virality add column if not exists popularity_change FLOAT;

alter table marts.artist_consistency_virality add column if not exists virality FLOAT;

alter table marts.artist_consistency_virality add column if not exists stage VARCHAR;

alter table marts.artist_consistency_virality add column if not exists growth_score FLOAT;

alter table marts.artist_consistency_virality add column if not exists growth_class VARCHAR;

alter table marts.artist_consistency_virality add column if not exists reason VARCHAR;

alter table marts.artist_consistency_virality add column if not exists history_from DATE;

alter table marts.artist_consistency_virality add column if not exists coverage FLOAT;

alter table marts.artist_consistency_virality add column if not exists confidence VARCHAR;

create transient table if not exists marts.new_release_performance (
    snapshot_date DATE,
    album_id VARCHAR,
    album_name VARCHAR,
    artist_names VARCHAR,
    release_date DATE,
    days_since_release NUMBER(19,0),
    charts NUMBER(19,0),
    markets NUMBER(19,0),
    charted_tracks NUMBER(19,0),
    best_rank NUMBER(10,0),
    points NUMBER(19,0),
    first_chart_day NUMBER(19,0),
    peak_rank NUMBER(10,0),
    peak_points NUMBER(19,0),
    peak_day NUMBER(19,0),
    markets_reached NUMBER(19,0),
    popularity_day_1 NUMBER(10,0),
    popularity_day_7 NUMBER(10,0),
    popularity_day_28 NUMBER(10,0),
    reason VARCHAR,
    history_from DATE,
    coverage FLOAT,
    confidence VARCHAR
);

alter table marts.new_release_performance add column if not exists snapshot_date DATE;

alter table marts.new_release_performance add column if not exists album_id VARCHAR;

alter table marts.new_release_performance add column if not exists album_name VARCHAR;

alter table marts.new_release_performance add column if not exists artist_names VARCHAR;

alter table marts.new_release_performance add column if not exists release_date DATE;

alter table marts.new_release_performance add column if not exists days_since_release NUMBER(19,0);

alter table marts.new_release_performance add column if not exists charts NUMBER(19,0);

alter table marts.new_release_performance add column if not exists markets NUMBER(19,0);

alter table marts.new_release_performance add column if not exists charted_tracks NUMBER(19,0);

alter table marts.new_release_performance add column if not exists best_rank NUMBER(10,0);

alter table marts.new_release_performance add column if not exists points NUMBER(19,0);

alter table marts.new_release_performance add column if not exists first_chart_day NUMBER(19,0);

alter table marts.new_release_performance add column if not exists peak_rank NUMBER(10,0);

alter table marts.new_release_performance add column if not exists peak_points NUMBER(19,0);

alter table marts.new_release_performance add column if not exists peak_day NUMBER(19,0);

alter table marts.new_release_performance add column if not exists markets_reached NUMBER(19,0);

alter table marts.new_release_performance add column if not exists popularity_day_1 NUMBER(10,0);

alter table marts.new_release_performance add column if not exists popularity_day_7 NUMBER(10,0);

alter table marts.new_release_performance add column if not exists popularity_day_28 NUMBER(10,0);

alter table marts.new_release_performance add column if not exists reason VARCHAR;

alter table marts.new_release_performance add column if not exists history_from DATE;

alter table marts.new_release_performance add column if not exists coverage FLOAT;

alter table marts.new_release_performance add column if not exists confidence VARCHAR;
