"""Genres: their shares of a market's charts, and which of them grow."""

import filters
import streamlit as st
from frame import needs_charts, show

from spotify_platform.charts.figure import Filters

needs_charts()
left, right = st.columns(2)
with left:
    market = filters.market()
with right:
    week = filters.week(market)
chosen: Filters = {"market": market, "week": week}
left, right = st.columns(2)
with left:
    show("genre_shares", chosen)
with right:
    show("genre_growth", chosen)
