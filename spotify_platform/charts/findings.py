"""Findings: what the marts say of a day, in sentences. Each names the date it holds for; unknown is said to be unknown.

The rows are those of the figures, so a sentence and the chart beside it cannot disagree.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from math import exp
from typing import Any

from spotify_platform.charts.figure import Answer, Ask, Filters, ask, choices, figures


@dataclass(frozen=True)
class Finding:
    """A sentence, and the figure whose rows it is about."""

    figure: str
    text: str


def defaults(question: Ask, market: str | None = None) -> dict[str, str | date]:
    """The filters that a page begins with: the newest day and the newest whole week of a market; empty without charts.

    The market is GLOBAL where there is one, else the first; the week is the newest one where none is whole.
    """
    markets = [name for (name,) in choices(question, "markets")]
    if not markets:
        return {}
    chosen: dict[str, str | date] = {"market": market or markets[0]}
    chosen["day"] = choices(question, "days", chosen)[0][0]
    weeks = choices(question, "whole_weeks", chosen) or choices(question, "weeks", chosen)
    chosen["week"] = weeks[0][0]
    return chosen


def findings(question: Ask, filters: Filters, names: Collection[str] | None = None) -> Iterator[Finding]:
    """What there is to say of `filters`' market, day and week, and of releases since `since`; or of some figures."""
    for name, say in _SAY.items():
        if names is not None and name not in names:
            continue
        answer = ask(question, figures()[name], filters)
        yield Finding(name, say(answer))


def said(day: Any) -> str:
    """A date as sentences have it."""
    return f"{day.day} {day:%B %Y}"


def _trend(answer: Answer) -> str:
    day, market = said(answer.filters["day"]), answer.filters["market"]
    rows = answer.records
    known = [row for row in rows if row["trend"] is not None]
    if not known:
        return f"Who trends in {market} on {day} is not known. {_why(answer)}"
    first = known[0]
    then = f", before {known[1]['artist_name']} ({known[1]['trend']:+.2f})" if len(known) > 1 else ""
    return (
        f"{first['artist_name']} trends most in {market} on {day}: {first['points_7d']:,.1f} points a day in the last "
        f"7 days, {first['points_28d']:,.1f} in the 28 before, {_times(first['trend'])}{then}. "
        f"Confidence {first['confidence']}."
    )


def _times(trend: float) -> str:
    return f"a trend of {trend:+.2f}, about {exp(trend):,.1f} times as many"


def _week(answer: Answer) -> str:
    week, market = said(answer.filters["week"]), answer.filters["market"]
    known = [row for row in answer.records if row["trend"] is not None]
    if not known:
        return f"Who trended in {market} in the charting week from {week} is not known. {_why(answer)}"
    first = known[0]
    days = "" if first["week_days"] == 7 else f" (of which {first['week_days']} charts are there)"
    name, trend = first["artist_name"], first["trend"]
    return f"In the charting week from {week}{days}, {name} trended most in {market} ({trend:+.2f})."


def _moves(answer: Answer) -> str:
    day, market = said(answer.filters["day"]), answer.filters["market"]
    rows = answer.records
    if not rows:
        return f"On {day}, no move in {market} is known. {answer.figure.empty}"
    up, down = rows[0], rows[-1]
    told = []
    if up["rank_change"] > 0:
        told.append(f"{up['track']} rose most, from {up['previous_rank']} to {up['rank']}")
    if down["rank_change"] < 0:
        told.append(f"{down['track']} fell most, from {down['previous_rank']} to {down['rank']}")
    return f"On {day} in {market}: {'; '.join(told)}."


def _entries(answer: Answer) -> str:
    day, market, rows = said(answer.filters["day"]), answer.filters["market"], answer.records
    if not rows:
        return f"On {day} in {market}: {answer.figure.empty}"
    best = rows[0]
    what = "new" if best["movement"] == "NEW" else "back"
    most = " or more" if len(rows) == 15 else ""
    count = f"{len(rows)}{most} {'track' if len(rows) == 1 else 'tracks'}"
    return (
        f"{count} entered or came back on {day} in {market}; highest is {best['track_name']} by "
        f"{best['artist_names']}, {what} at {best['rank']}."
    )


def _genres(answer: Answer) -> str:
    week, market = said(answer.filters["week"]), answer.filters["market"]
    known = [row for row in answer.records if row["growth"] is not None]
    if not known:
        return f"Which genres grow in {market} up to the week from {week} is not known. {_why(answer)}"
    first = known[0]
    return (
        f"Up to the charting week from {week}, {first['genre']} grew most in {market}: from "
        f"{first['share_before']:.1%} to {first['share_4w']:.1%} of the chart's weight ({first['growth']:+.0%}). "
        f"Confidence {first['confidence']}."
    )


def _markets(answer: Answer) -> str:
    day = said(answer.filters["day"])
    known = [row for row in answer.records if row["mean_turnover"] is not None]
    if not known:
        return f"How fast charts changed up to {day} is not known. {_why(answer)}"
    first, last = known[0], known[-1]
    repeated = [row["market"] for row in answer.records if row["repeated_charts"]]
    more = f" Charts that only repeat the one before were seen in {', '.join(repeated)}." if repeated else ""
    if first is last:
        share = f"{first['mean_turnover']:.1%}"
        return f"In the 28 days up to {day}, {share} of {first['market']}'s chart were new each day.{more}"
    return (
        f"In the 28 days up to {day}, {first['market']} changed fastest ({first['mean_turnover']:.1%} of the chart a "
        f"day), {last['market']} slowest of those shown ({last['mean_turnover']:.1%}).{more}"
    )


def _releases(answer: Answer) -> str:
    since, rows = said(answer.filters["since"]), answer.records
    if not rows:
        return f"Of releases since {since}: {answer.figure.empty}"
    best = max(rows, key=lambda row: row["points"])
    return (
        f"Of the releases since {since}, {best['album']} by {best['artist_names']} (out on "
        f"{said(best['release_date'])}) had the best day: {best['points']:,} points over all charts, "
        f"{best['days_since_release']} days after its release."
    )


def _missing(answer: Answer) -> str:
    day, rows = said(answer.filters["day"]), answer.records
    if not rows:
        return f"Nothing of {day} is missing."
    what = ", ".join(dict.fromkeys(f"{row['entity']} ({row['state']}: {row['reason']})" for row in rows[:4]))
    return f"Not complete on {day}: {what}{', and more' if len(rows) > 4 else ''}."


def _why(answer: Answer) -> str:
    words = answer.words
    return words.get("Unknown") or words.get("No rows", "")


_SAY = {
    "trending_today": _trend,
    "trending_week": _week,
    "movers": _moves,
    "entries": _entries,
    "genre_growth": _genres,
    "market_turnover": _markets,
    "release_curves": _releases,
    "missing_today": _missing,
}
TOLD = tuple(_SAY)
