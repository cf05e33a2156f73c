"""Where people look at a mart: the pages of the local dashboard, and the report."""

import dagster as dg

DASHBOARD = "http://127.0.0.1:8501"
REPORT = dg.AssetKey(["reports", "daily"])

# A mart that is not here has no page of its own. The page of today is the first one, and has no name.
PAGES = {
    "artist_consistency_virality": "artists",
    "chart_movement": "",
    "coverage": "health",
    "genre_growth": "genres",
    "market_performance": "markets",
    "new_release_performance": "releases",
    "trending_artists_daily": "trending",
    "trending_artists_weekly": "trending",
}


def links(mart: str) -> dict[str, dg.MetadataValue]:
    """What shows a mart, as metadata."""
    if mart not in PAGES:
        return {}
    return {"dashboard": dg.MetadataValue.url(f"{DASHBOARD}/{PAGES[mart]}"), "report": dg.MetadataValue.asset(REPORT)}
