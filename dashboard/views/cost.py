"""Cost: what the platform used, what that cost by day and asset, and what the month will come to."""

import filters
import streamlit as st
from frame import needs_days, show
from source import ledger

from spotify_platform.charts.figure import Filters

needs_days()
chosen: Filters = {"since": filters.since()}
with st.container(border=True, key="figure-month"):
    st.subheader("This month")
    told = ledger()
    st.write(
        f"{told.today:%B %Y}: ${told.month.so_far:,.4f} so far, and ${told.month.whole:,.2f} at its end if each day "
        f"that is left costs what a usual one does, ${told.month.usual_day:,.4f}. A day may cost ${told.budget:,.2f}."
    )
    if told.simulated:
        st.info("Nobody is billed for this: it is what the same work would have cost in the cloud, by list prices.")
    st.write(f"Engine for a usual day: {told.engine.engine}. {told.engine.why}")
    st.code("spotify-platform cost", language=None)
left, right = st.columns(2)
with left:
    show("cost_by_day", chosen)
with right:
    show("cost_by_asset", chosen)
show("cost_by_use", chosen)
