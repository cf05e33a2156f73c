"""Today: what the newest day says, first in words."""

from html import escape

import filters
import streamlit as st
from frame import needs_charts, show
from source import query

from spotify_platform.charts.figure import Filters
from spotify_platform.charts.findings import findings

needs_charts()
left, right = st.columns(2)
with left:
    market = filters.market()
with right:
    day = filters.day(market)
chosen: Filters = {"market": market, "day": day}
told = findings(query, chosen, ("trending_today", "movers", "entries", "missing_today"))
st.html(f"<ul>{''.join(f'<li>{escape(finding.text)}</li>' for finding in told)}</ul>")
left, right = st.columns(2)
with left:
    show("trending_today", chosen)
    show("missing_today", chosen)
with right:
    show("movers", chosen)
    show("entries", chosen)
