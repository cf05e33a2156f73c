"""Markets: how fast charts change, and what each market listens to."""

import filters
import streamlit as st
from frame import needs_charts, show
from source import query

from spotify_platform.charts.figure import Filters, choices

needs_charts()
# All markets are shown; the days offered are those of the first one, GLOBAL where it is there.
first = choices(query, "markets")[0][0]
day = filters.day(first)
chosen: Filters = {"day": day}
show("market_course", chosen)
left, right = st.columns(2)
with left:
    show("market_turnover", chosen)
with right:
    show("market_taste", chosen)
