"""Where people look at a mart: the pages of the local dashboard."""

DASHBOARD = "http://127.0.0.1:8501"

# A mart that is not here has no page of its own.
PAGES = {
    "artist_consistency_virality": "artists",
    "chart_movement": "today",
    "coverage": "data_health",
    "genre_growth": "genres",
    "market_performance": "markets",
    "new_release_performance": "new_releases",
    "trending_artists_daily": "trending",
    "trending_artists_weekly": "trending",
}


def links(mart: str) -> dict[str, str]:
    """The addresses of what shows a mart, by what it is."""
    return {"dashboard": f"{DASHBOARD}/{PAGES[mart]}"} if mart in PAGES else {}
