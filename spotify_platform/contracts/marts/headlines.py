"""The figures that a person looks at first, mart by mart: a preview is ordered by them and draws one.

The greatest stands first, a rank's smallest. The next one in the row decides where the one before is the same, or not
known. A mart that is not here has no such figure.
"""

HEADLINES: dict[str, tuple[str, ...]] = {
    "artist_consistency_virality": ("consistency", "virality"),
    "chart_movement": ("rank_change", "rank"),
    "coverage": ("items",),
    "dim_album": ("popularity",),
    "dim_artist": ("popularity", "followers"),
    "dim_date": ("charts",),
    "dim_market": ("charts", "coverage"),
    "dim_track": ("popularity",),
    "fct_artist_chart_daily": ("points",),
    "fct_artist_daily": ("popularity", "points"),
    "fct_chart_daily": ("points",),
    "fct_track_daily": ("popularity", "points"),
    "genre_growth": ("growth", "share_4w"),
    "market_performance": ("turnover", "artists"),
    "new_release_performance": ("points",),
    "trending_artists_daily": ("trend", "points_7d"),
    "trending_artists_weekly": ("trend", "points_week"),
}
