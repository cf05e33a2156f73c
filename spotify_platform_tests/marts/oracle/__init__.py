"""The marts a second time, in plain Python, from their definitions alone.

Whoever changes a mart's SQL does not change this package; whoever changes a definition changes both. It was written
without a look at the SQL: where the two differ, the definition decides. Slow and obvious is right here.

Each function takes the curated tables by name, their dates as `datetime.date`, and gives a mart with its contract's
columns, None for NULL, sorted by its key. Every curated chart counts as one that is there.
"""

from collections.abc import Callable

import pandas as pd

from .basis import Curated
from .consistency import artist_consistency_virality
from .dimensions import bridge_artist_genre, bridge_track_artist, dim_album, dim_artist, dim_date, dim_market, dim_track
from .facts import fct_artist_chart_daily, fct_artist_daily, fct_chart_daily, fct_track_daily
from .genres import genre_growth
from .markets import chart_movement, market_performance
from .releases import new_release_performance
from .trends import trending_artists_daily, trending_artists_weekly

ORACLE: dict[str, Callable[[Curated], pd.DataFrame]] = {
    "dim_artist": dim_artist,
    "dim_album": dim_album,
    "dim_track": dim_track,
    "dim_market": dim_market,
    "dim_date": dim_date,
    "bridge_track_artist": bridge_track_artist,
    "bridge_artist_genre": bridge_artist_genre,
    "fct_chart_daily": fct_chart_daily,
    "fct_artist_chart_daily": fct_artist_chart_daily,
    "fct_track_daily": fct_track_daily,
    "fct_artist_daily": fct_artist_daily,
    "chart_movement": chart_movement,
    "trending_artists_daily": trending_artists_daily,
    "trending_artists_weekly": trending_artists_weekly,
    "genre_growth": genre_growth,
    "market_performance": market_performance,
    "artist_consistency_virality": artist_consistency_virality,
    "new_release_performance": new_release_performance,
}

__all__ = ["ORACLE", "Curated"]
