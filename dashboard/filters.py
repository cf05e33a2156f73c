"""Filters: each is a box whose choice stands in the URL, so that a page can be sent to somebody as it is seen.

A choice that is the default is left out of the URL: such a link goes on showing the newest day.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import streamlit as st
from source import query

from spotify_platform.charts.figure import choices

SPANS = {"30 days": 30, "90 days": 90, "365 days": 365, "all": 36_500}


def _box(name: str, label: str, options: Sequence[str], **more: Any) -> str:
    chosen: str = st.selectbox(label, options, key=name, bind="query-params", **more)
    return chosen


def market() -> str:
    """One of the markets that have charts."""
    return _box("market", "Market", [name for (name,) in choices(query, "markets")])


def day(market: str) -> date:
    """One of the market's days, the newest first."""
    days = [str(day) for (day,) in choices(query, "days", {"market": market})]
    return date.fromisoformat(_box("day", "Day (UTC)", days))


def week(market: str) -> date:
    """One of the market's charting weeks; at first the newest whole one."""
    weeks = [str(week) for (week,) in choices(query, "weeks", {"market": market})]
    whole = [str(week) for (week,) in choices(query, "whole_weeks", {"market": market})]
    first = weeks.index(whole[0]) if whole else 0
    return date.fromisoformat(_box("week", "Charting week from (Friday)", weeks, index=first))


def artist(market: str, week: date) -> str:
    """One of the artists on the market's charts up to the week, by key."""
    found = choices(query, "artists", {"market": market, "week": week})
    names = dict(found)
    return _box("artist", "Artist", list(names), format_func=lambda key: names.get(key, key))


def since() -> date:
    """The first day of a span that ends with the newest day."""
    span = _box("span", "Span up to the newest day", list(SPANS), index=1)
    ((newest, _),) = choices(query, "newest")
    first: date = newest - timedelta(days=SPANS[span] - 1)
    return first
