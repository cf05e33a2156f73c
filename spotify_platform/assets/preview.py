"""How the first rows of a mart look in Dagster: a table and a picture, both Markdown.

Dagster's UI shows Markdown in place up to 1,000 characters and hides a longer one behind a button (1.13.27), so both
are kept under that: columns, or bars, that do not fit are left out. It shows images from `data:` addresses.
"""

from __future__ import annotations  # neither DuckDB nor obstore loads with the definitions

import base64
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from html import escape
from typing import TYPE_CHECKING, Any

import dagster as dg

if TYPE_CHECKING:
    from spotify_platform.lake.origin import Origin
    from spotify_platform.load.preview import Preview

_LONGEST = 999
_WIDTH = 53  # letters of a line: what a window of 1,300 pixels shows of a table; the rest would be cut off
_CELL, _LABEL = 36, 16  # letters of a text that are shown
_MARKUP = re.compile(r"([\\`*_\[\]<>|~&!#])")  # a name is Spotify's text: no letter of it may be read as Markdown
_BAR, _LEFT, _BARS = 18, 130, 230  # height of a bar's line, room for the labels, room for the bars


def may_be_shown(origin: Origin | None, instance: dg.DagsterInstance) -> bool:
    """Whether rows may go into Dagster's history: Spotify's content is handed on to nobody, Dagster+ neither."""
    return (origin is not None and origin.origin == "sandbox") or "dagster_cloud" not in type(instance).__module__


def plain(text: str) -> str:
    """A text as Markdown in which no letter of it is markup."""
    return _MARKUP.sub(r"\\\1", text)


def metadata(preview: Preview) -> dict[str, dg.MarkdownMetadataValue]:
    """The entries `preview` and, where the mart has a figure to draw, `chart`."""
    shown = {"preview": dg.MetadataValue.md(table(preview))}
    if preview.headline:
        shown["chart"] = dg.MetadataValue.md(chart(preview, preview.headline))
    return shown


def table(preview: Preview) -> str:
    """The rows as a table, in as many columns as fit."""
    if not preview.rows:
        return "No rows of a day that is over yet."
    columns: dict[str, list[str]] = {}
    for name in preview.columns:
        values = [preview.named(row) if name == preview.label else row[name] for row in preview.rows]
        more = columns | {name.replace("_", " "): [_cell(value) for value in values]}
        if not columns or (sum(_width(*column) for column in more.items()) <= _WIDTH and _fits(_table(preview, more))):
            columns = more
    return _table(preview, columns)


def _table(preview: Preview, columns: Mapping[str, Sequence[str]]) -> str:
    lines = [" | ".join(cells) for cells in (columns, "-" * len(columns), *zip(*columns.values(), strict=True))]
    count = f"{_about(preview)}{len(preview.rows)} of {preview.total:,} rows"
    return "\n".join([count, "", *(f"|{line}|" for line in lines)])


def _width(title: str, cells: Iterable[str]) -> float:
    """The least width of a column, in letters of its cells: of the longest word, and the space around."""
    longest = max(len(word) for cell in cells for word in re.split(r"[\s-]", cell.replace("\\", "")))
    return max(longest, 0.75 * max(map(len, title.split()))) + 2.5  # a title's letters are smaller


def chart(preview: Preview, figure: str) -> str:
    """A figure of the rows as bars, in as many as fit."""
    rows = [row for row in preview.rows if row[figure] is not None]
    while not _fits(drawn := _chart(preview, figure, rows)):
        rows.pop()
    return drawn


def _chart(preview: Preview, figure: str, rows: Sequence[Mapping[str, Any]]) -> str:
    unit = next(column.unit for column in preview.table.columns if column.name == figure)
    title = f"{_about(preview)}{figure.replace('_', ' ')}{f' ({unit})' if unit else ''}"
    picture = _svg([(_short(str(preview.named(row)), _LABEL), row[figure]) for row in rows])
    return f"{title}\n\n![bars](data:image/svg+xml;base64,{base64.b64encode(picture.encode()).decode()})"


def _svg(bars: Sequence[tuple[str, float]]) -> str:
    """Bars from zero to the right, negative ones to the left; on white, which suits both of the UI's themes."""
    least, greatest = min(0, *(value for _, value in bars)), max(0, *(value for _, value in bars))
    scale = _BARS / ((greatest - least) or 1)
    zero = round(_LEFT - least * scale)
    lines = "".join(f"M{zero} {_BAR * n + 10}h{round(value * scale)}" for n, (_, value) in enumerate(bars))
    labels = "".join(
        f'<text x="124" y="{_BAR * n + 14}">{escape(name, quote=False)}</text>' for n, (name, _) in enumerate(bars)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="370" height="{_BAR * len(bars) + 2}" '
        f'style="background:#fff;font:12px sans-serif;text-anchor:end">'
        f'<path stroke="#1b7f5c" stroke-width="12" d="{lines}"/>{labels}</svg>'
    )


def _about(preview: Preview) -> str:
    """Day and market, as far as all rows are of the same."""
    parts = [str(part) for part in (preview.day, preview.market) if part]
    return f"{', '.join(parts)}: " if parts else ""


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.3f}".rstrip("0").rstrip(".")
    if isinstance(value, int):
        return f"{value:,}" if abs(value) >= 10_000 else str(value)  # a year has no comma
    return value.isoformat() if isinstance(value, date) else plain(_short(str(value), _CELL))


def _short(text: str, letters: int) -> str:
    # No control characters: XML has none, and a line's end would end the row.
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    return text if len(text) <= letters else f"{text[: letters - 1]}…"


def _fits(markdown: str) -> bool:
    """Whether it is shown in place; JavaScript counts letters in UTF-16."""
    return len(markdown.encode("utf-16-le")) // 2 <= _LONGEST
