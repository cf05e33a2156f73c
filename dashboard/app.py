"""The dashboard: `make dashboard`, or `spotify-platform dashboard`. Here is only which pages there are.

A page is a file in `views/`: the filters it offers and the figures it shows. What a figure asks and how it is drawn is
in `spotify_platform/charts`; where rows come from, in `source`; what stands around a chart, in `frame`.
"""

import streamlit as st
from frame import around

PAGES = {
    "today": "Today",
    "trending": "Trending",
    "genres": "Genres",
    "markets": "Markets",
    "artists": "Artists",
    "releases": "New releases",
    "health": "Data health",
    "cost": "Cost",
}

st.set_page_config(page_title="spotify_platform", layout="wide", initial_sidebar_state="collapsed")
page = st.navigation(
    [st.Page(f"views/{name}.py", title=title, url_path=name, default=name == "today") for name, title in PAGES.items()],
    position="top",
)
around(page)
