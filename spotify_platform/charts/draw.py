"""Drawing: the rows of an answer in, an Altair chart out. Every kind of figure has its function.

A legend has at most eight entries, an axis a title with its unit, a text enough contrast. What is unknown is not drawn:
the words beside the chart tell it. Nothing here knows how large the page is; a chart fills the width that it gets.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import altair as alt
from altair.utils.schemapi import debug_mode

from spotify_platform.charts.figure import Answer, Figure, Row
from spotify_platform.charts.palette import SHAPES, Palette

MOST_SERIES = 8  # of a legend; more is for small multiples, or is summed up as `other`
_ROWS = "rows"
_ROW = 40  # pixels of a bar with its name above it
_HEIGHT = 340
_AXIS = 48  # of the axis below and its title
_ENTRIES = 20  # of a line of the legend
_Made = tuple[Any, list[Row]]  # a chart over the named data, and the rows
_STATES = ("complete", "partial", "unpublished", "withheld", "purged", "missing")


@dataclass(frozen=True)
class Drawn:
    """A chart, and the rows that it draws."""

    chart: Any  # of Altair's, over the named data `rows`
    rows: Sequence[Row]

    def spec(self, width: int | str = "container") -> dict[str, Any]:
        """The chart as Vega-Lite, `width` pixels wide or as wide as its place."""
        # Unvalidated, and the rows put in afterwards: Altair's walk over both takes ten times as long as all else.
        made = dict(self.chart.properties(width=width).to_dict(validate=False))
        return made | {"datasets": {_ROWS: [{k: _plain(v) for k, v in row.items()} for row in self.rows]}}


def draw(answer: Answer, palette: Palette) -> list[Drawn]:
    """The charts of an answer: one, or one each of small multiples; none where nothing is known, and for tables."""
    value = answer.figure.value
    known = [row for row in answer.records if not value or row[value] is not None]
    if not known or answer.figure.kind == "table":
        return []
    # Altair checks each part of a chart when it is made; ours are checked by the tests, and a page has twenty.
    with debug_mode(False):
        made = _KINDS[answer.figure.kind](answer.figure, known, palette)
        return [Drawn(_finished(chart, palette), rows) for chart, rows in made]


def _finished(chart: Any, palette: Palette) -> Any:
    """The look of a chart; the same in all of them."""
    font = {"font": "Source Sans, Source Sans Pro, Segoe UI, Helvetica, Arial, sans-serif"}
    axis: dict[str, Any] = {
        "labelColor": palette.muted,
        "titleColor": palette.muted,
        "gridColor": palette.rule,
        "domainColor": palette.muted,
        "tickColor": palette.muted,
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "labelSeparation": 10,
    }
    legend: dict[str, Any] = {
        "labelColor": palette.ink,
        "orient": "bottom",
        "direction": "horizontal",
        "columns": 2,
        "labelLimit": 140,
        "labelFontSize": 12,
        "symbolSize": 90,
    }
    configured = chart.configure(
        background="transparent", padding=2, autosize={"type": "fit", "contains": "padding"}, **font
    )
    return configured.configure_axis(**axis).configure_legend(**legend).configure_view(stroke=None)


def _base() -> alt.Chart:
    return alt.Chart(alt.NamedData(name=_ROWS))


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value


def _number(figure: Figure) -> str:
    if figure.form == "percent":
        return "+.0%" if figure.column.name == "growth" else ".1%"
    if figure.form == "dollars":
        return "$,.4f"
    if figure.form == "places" or figure.column.type.value in ("INTEGER", "BIGINT"):
        return "+,d" if figure.column.name.endswith("change") else ",d"
    return "+.2f" if figure.column.name in ("trend", "virality") else ",.1f"


def _tooltip(figure: Figure, rows: Sequence[Row]) -> list[alt.Tooltip]:
    numbers = {name for name in rows[0] if any(isinstance(row[name], float) for row in rows)}
    return [
        alt.Tooltip(f"{name}:Q", title=name.replace("_", " "), format="$,.6f" if name == "usd" else ",.3~f")
        if name in numbers
        else alt.Tooltip(f"{name}:N", title=name.replace("_", " "))
        for name in rows[0]
        if name not in ("reason",)
    ]


def _bars(figure: Figure, rows: list[Row], palette: Palette) -> list[_Made]:
    """One bar a row, each with its name above and its value beside it, which is legible at any width."""
    value, label = figure.fields
    rows = [row | {"_place": place} for place, row in enumerate(rows)]
    y = alt.Y("_place:O", axis=None, scale=alt.Scale(paddingInner=0, paddingOuter=0))
    base = _base().encode(y=y, tooltip=_tooltip(figure, [_without(row, "_place") for row in rows]))
    number = alt.Axis(
        format="%" if figure.form == "percent" else "~g", tickCount=5, tickMinStep=1 if _whole(rows, value) else 0.01
    )
    bar = base.mark_bar(height=14, yOffset=9).encode(
        x=alt.X(f"{value}:Q", title=figure.axes[0], axis=number),
        color=alt.condition(f"datum.{value} < 0", alt.value(palette.series[1]), alt.value(palette.series[0])),
    )
    name = base.mark_text(align="left", baseline="middle", dy=-9, fontSize=13, limit=255, color=palette.ink)
    told = base.mark_text(align="right", baseline="middle", dy=-9, fontSize=13, color=palette.ink)
    layers = [
        bar,
        name.encode(x=alt.value(0), text=f"{label}:N"),
        told.encode(x=alt.value("width"), text=alt.Text(f"{value}:Q", format=_number(figure))),
    ]
    return [(alt.layer(*layers).properties(height=_ROW * len(rows) + _AXIS, description=figure.title), rows)]


def _lines(figure: Figure, rows: list[Row], palette: Palette) -> list[_Made]:
    """A line a series; a day without a value is a gap in its line."""
    across, _, series = figure.fields
    names = list(dict.fromkeys(row[series] for row in rows))
    if len(names) > MOST_SERIES:
        raise ValueError(f"{figure.name}: {len(names)} series are more than a legend can have; sum the rest up")
    shown = [name for name in names if name != "other"] + [name for name in names if name == "other"]
    colours = [palette.other if name == "other" else palette.series[n % 7] for n, name in enumerate(shown)]
    if len(shown) == MOST_SERIES and "other" not in shown:
        colours[-1] = palette.other
    colour = alt.Color(
        f"{series}:N",
        title=None,
        scale=alt.Scale(domain=shown, range=colours),
        legend=alt.Legend() if len(shown) > 1 else None,
    )
    shape = alt.Shape(
        f"{series}:N", title=None, scale=alt.Scale(domain=shown, range=list(SHAPES[: len(shown)])), legend=None
    )
    if len(shown) > 1:
        shape = alt.Shape(f"{series}:N", title=None, scale=alt.Scale(domain=shown, range=list(SHAPES[: len(shown)])))
    base = _base().encode(
        x=_across(figure, rows),
        y=_up(figure, rows),
        color=colour,
    )
    points = base.mark_point(filled=True, size=28, opacity=1).encode(shape=shape, tooltip=_tooltip(figure, rows))
    line = base.mark_line(strokeWidth=2, invalid="break-paths-show-path-domains")
    legend = _ENTRIES * -(-len(shown) // 2) if len(shown) > 1 else 0
    made = alt.layer(line, points).properties(height=_HEIGHT + legend, description=figure.title)
    return [(made, _with_gaps(rows, across, series))]


def _across(figure: Figure, rows: Sequence[Row]) -> alt.X:
    field = figure.fields[0]
    if isinstance(rows[0][field], date):
        many = len({row[field] for row in rows}) > 1
        axis = alt.Axis(format="%d %b", tickCount=5 if many else 1, labelOverlap=True, labelFlush=True)
        return alt.X(f"{field}:T", title=figure.axes[0], axis=axis, scale=alt.Scale(type="utc"))
    return alt.X(f"{field}:Q", title=figure.axes[0], axis=alt.Axis(tickCount=6, tickMinStep=1, format="d"))


def _up(figure: Figure, rows: Sequence[Row]) -> alt.Y:
    field = figure.fields[1]
    if figure.form == "places":
        scale = alt.Scale(reverse=True, domainMin=1, nice=False)
        return alt.Y(f"{field}:Q", title=figure.axes[1], scale=scale, axis=alt.Axis(tickMinStep=1, format="d"))
    if figure.form == "dollars":  # "10m" would read as ten millions
        axis = alt.Axis(format="$,~g", tickCount=5)
        return alt.Y(f"{field}:Q", title=figure.axes[1], axis=axis)
    step = 1 if _whole(rows, field) else 0.01
    axis = alt.Axis(format="%" if figure.form == "percent" else "~s", tickCount=5, tickMinStep=step)
    return alt.Y(f"{field}:Q", title=figure.axes[1], axis=axis)


def _whole(rows: Sequence[Row], field: str) -> bool:
    return all(isinstance(row[field], int) for row in rows)


def _with_gaps(rows: Sequence[Row], across: str, series: str) -> list[Row]:
    """The rows with one without values for each step that a series lacks, so that its line is broken there."""
    by_series: dict[str, dict[Any, Row]] = defaultdict(dict)
    for row in rows:
        by_series[row[series]][row[across]] = row
    steps = sorted({row[across] for row in rows})
    if isinstance(steps[0], date):
        apart = timedelta(days=7 if across == "chart_week" else 1)
        steps = [steps[0] + apart * n for n in range((steps[-1] - steps[0]) // apart + 1)]
    else:
        steps = list(range(steps[0], steps[-1] + 1))
    filled = []
    for name, found in by_series.items():
        within = [step for step in steps if min(found) <= step <= max(found)]
        filled += [found.get(step, {across: step, series: name}) for step in within]
    return filled


def _multiples(figure: Figure, rows: list[Row], palette: Palette) -> list[_Made]:
    """A small picture each, all with the same axes, so that they can be compared."""
    across, value, series = figure.fields
    most = max(row[value] for row in rows)
    days = [min(row[across] for row in rows).isoformat(), max(row[across] for row in rows).isoformat()]
    charts = []
    for name in dict.fromkeys(row[series] for row in rows):
        own = [row for row in rows if row[series] == name]
        x = alt.X(
            f"{across}:T",
            title=figure.axes[0],
            scale=alt.Scale(type="utc", domain=days),
            axis=alt.Axis(format="%d %b", tickCount=2, labelOverlap=True, labelFlush=True, grid=False),
        )
        y = alt.Y(
            f"{value}:Q",
            title=figure.axes[1],
            scale=alt.Scale(domain=[0, most]),
            axis=alt.Axis(format=".0%" if figure.form == "percent" else "~s", tickCount=3),
        )
        base = _base().encode(x=x, y=y)
        line = base.mark_line(color=palette.series[0], strokeWidth=2, invalid="break-paths-show-path-domains")
        dots = base.mark_point(color=palette.series[0], filled=True, size=14, opacity=1).encode(
            tooltip=_tooltip(figure, own)
        )
        title = alt.TitleParams(name, anchor="start", fontSize=13, color=palette.ink)
        made = alt.layer(line, dots).properties(height=170, title=title, description=f"{figure.title}: {name}")
        charts.append((made, _with_gaps(own, across, series)))
    return charts


def _columns(figure: Figure, rows: list[Row], palette: Palette) -> list[_Made]:
    """A column a day or week."""
    base = _base().encode(x=_across(figure, rows), y=_up(figure, rows))
    columns = base.mark_bar(size=8, color=palette.series[0]).encode(tooltip=_tooltip(figure, rows))
    return [(alt.layer(columns).properties(height=_HEIGHT, description=figure.title), rows)]


def _scatter(figure: Figure, rows: list[Row], palette: Palette) -> list[_Made]:
    """A point a row; the names of those that stand out, as far as they have room."""
    x, y, label = figure.fields
    base = _base().encode(
        x=alt.X(f"{x}:Q", title=figure.axes[0], scale=alt.Scale(nice=False, zero=False, padding=14)),
        y=alt.Y(f"{y}:Q", title=figure.axes[1], scale=alt.Scale(nice=False, zero=False, padding=14)),
    )
    points = base.mark_point(filled=True, size=55, opacity=0.75, color=palette.series[0])
    layers = [points.encode(tooltip=_tooltip(figure, rows))]
    for align in ("left", "right"):
        text = base.mark_text(align=align, dx=8 if align == "left" else -8, fontSize=12, color=palette.ink, limit=150)
        layers.append(text.encode(text=f"_{align}:N"))
    named = _named(rows, x, y, label)
    for n, row in enumerate(rows):
        rows[n] = row | {f"_{side}": row[label] if named.get(n) == side else "" for side in ("left", "right")}
    return [(alt.layer(*layers).properties(height=420, description=figure.title), rows)]


def _named(rows: Sequence[Row], x: str, y: str, label: str) -> dict[int, str]:
    """The rows whose names are written, each with its alignment: the outermost first, none over another."""

    def between(field: str) -> Callable[[Row], float]:
        least, most = min(row[field] for row in rows), max(row[field] for row in rows)
        return lambda row: float((row[field] - least) / (most - least)) if most > least else 0.5

    across, up = between(x), between(y)
    found: dict[int, str] = {}
    taken: list[tuple[float, float]] = []
    outermost = sorted(rows, key=lambda row: -max(abs(across(row) - 0.5) + abs(up(row) - 0.5), up(row)))
    places = [(across(row), up(row)) for row in rows]
    for row in outermost:
        here = (across(row), up(row))
        side = 1 if here[0] < 0.5 else -1
        if any(0 < side * (x - here[0]) < 0.2 and abs(y - here[1]) < 0.02 for x, y in places):
            continue  # its name would stand over another point
        if all(abs(here[0] - there[0]) > 0.55 or abs(here[1] - there[1]) > 0.06 for there in taken) and row[label]:
            found[rows.index(row)] = "left" if here[0] < 0.5 else "right"
            taken.append(here)
        if len(taken) == 12:
            break
    return found


def _calendar(figure: Figure, rows: list[Row], palette: Palette) -> list[_Made]:
    """A cell a day and thing, coloured by its state."""
    across, up, state = figure.fields
    colours = {"complete": 0, "partial": 1, "unpublished": 5, "withheld": 4, "purged": 3}
    present = [name for name in _STATES if any(row[state] == name for row in rows)]
    painted = [palette.series[colours[name]] if name in colours else palette.other for name in present]
    cells = [row | {"_until": row[across] + timedelta(days=1)} for row in rows]
    chart = (
        _base()
        .mark_rect(stroke=palette.page, strokeWidth=0.5 if len({row[across] for row in rows}) < 120 else 0)
        .encode(
            x=alt.X(
                f"{across}:T",
                title=figure.axes[0],
                scale=alt.Scale(type="utc", nice=False),
                axis=alt.Axis(format="%d %b", tickCount=4, labelOverlap=True, labelFlush=True, grid=False),
            ),
            x2="_until:T",
            y=alt.Y(f"{up}:N", title=figure.axes[1], axis=alt.Axis(labelLimit=110)),
            color=alt.Color(f"{state}:N", title=None, scale=alt.Scale(domain=present, range=painted)),
            tooltip=_tooltip(figure, rows),
        )
    )
    height = 28 * len({row[up] for row in rows}) + _AXIS + _ENTRIES * -(-len(present) // 2)
    return [(alt.layer(chart).properties(height=height, description=figure.title), cells)]


def _without(row: Row, name: str) -> Row:
    return {key: value for key, value in row.items() if key != name}


_KINDS: dict[str, Callable[[Figure, list[Row], Palette], list[_Made]]] = {
    "bars": _bars,
    "lines": _lines,
    "columns": _columns,
    "multiples": _multiples,
    "scatter": _scatter,
    "calendar": _calendar,
}
