"""Data health: what is there, what was rejected, what the audit said, how fresh it is and what it cost to get."""

import filters
import streamlit as st
from frame import needs_days, show
from source import audit, captures

from spotify_platform.charts.figure import Filters
from spotify_platform.charts.table import rows_html

needs_days()
chosen: Filters = {"since": filters.since()}
show("coverage_calendar", chosen)
left, right = st.columns(2)
with left:
    show("coverage_gaps", chosen)
    show("rejects", chosen)
with right:
    show("freshness", chosen)
    show("lines_read", chosen)
with left, st.container(border=True, key="figure-checks"):
    st.subheader("What the audit said")
    found = audit()
    if found is None:
        st.write("No day is published yet, or the newest one waits for its audit.")
    else:
        broken = [one for one in found.results if one.broken]
        st.write(
            f"{found.day}: {len(found.results) - len(broken)} of {len(found.results)} checks hold"
            + (f"; withheld: {'; '.join(found.reasons)}." if not found.published else ".")
        )
        if broken:
            columns = ("table", "check", "severity", "broken", "example")
            st.html(rows_html("Checks that do not hold", columns, [vars(one) for one in broken]))
        st.code(f"spotify-platform audit {found.day}", language=None)
with right, st.container(border=True, key="figure-cost"):
    st.subheader("What captures took")
    days = captures()
    lacking = sorted({what for one in days for what in one.not_served})
    if lacking:
        st.info(f"Spotify's development mode does not serve: {', '.join(lacking)}. Those figures are unknown, not 0.")
    st.write("Requests to the Web API, lines kept, and bytes of raw answers. Money is on the page *Cost*.")
    fields = ("day", "sources", "modes", "requests", "lines", "raw_bytes")
    st.html(rows_html("What captures took", fields, [vars(one) for one in days]))
