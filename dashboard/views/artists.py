"""Artists: who is consistent and who is viral; then one artist's places, streaks and spikes."""

import filters
import streamlit as st
from frame import needs_charts, show

from spotify_platform.charts.figure import Filters

needs_charts()
boxes = st.columns(3)
with boxes[0]:
    market = filters.market()
with boxes[1]:
    week = filters.week(market)
with boxes[2]:
    artist = filters.artist(market, week)
chosen: Filters = {"market": market, "week": week, "artist": artist}
show("artist_map", chosen)
left, right = st.columns(2)
with left:
    show("artist_ranks", chosen)
    show("artist_figures", chosen)
with right:
    show("artist_spikes", chosen)
    show("artist_popularity", chosen)
