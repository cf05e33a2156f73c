"""Trending: a market by day and by charting week, and who leads the others."""

import filters
import streamlit as st
from frame import needs_charts, show

from spotify_platform.charts.figure import Filters

needs_charts()
boxes = st.columns(3)
with boxes[0]:
    market = filters.market()
with boxes[1]:
    day = filters.day(market)
with boxes[2]:
    week = filters.week(market)
chosen: Filters = {"market": market, "day": day, "week": week}
left, right = st.columns(2)
with left:
    show("trending_today", chosen)
    show("trending_markets", chosen)
with right:
    show("trending_course", chosen)
    show("trending_week", chosen)
