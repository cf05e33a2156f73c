"""Tables: the rows of an answer as HTML, which screen readers can walk through and narrow pages scroll; and as CSV."""

import csv
import io
from collections.abc import Sequence
from datetime import date
from html import escape
from typing import Any

from spotify_platform.charts.figure import Answer, Row

_BESIDE = ("coverage", "confidence")  # the words below the table tell them


def html(answer: Answer, most: int = 15) -> str:
    """The first rows of an answer."""
    if not answer.rows:
        return f"<p>{escape(answer.words['No rows'])}</p>"
    columns = [name for name in answer.columns if name not in _BESIDE]
    return rows_html(answer.figure.title, columns, answer.records, most)


def rows_html(title: str, columns: Sequence[str], records: Sequence[Row], most: int = 15) -> str:
    """The first rows of any. What is NULL reads as unknown, and `reason` is shown where a row has one."""
    columns = [name for name in columns if name != "reason" or any(row[name] for row in records)]
    head = "".join(_head(name, [row[name] for row in records]) for name in columns)
    body = "".join(f"<tr>{''.join(_cell(row[name], name) for name in columns)}</tr>" for row in records[:most])
    more = f"<p>The first {most} of {len(records)} rows.</p>" if len(records) > most else ""
    region = f'class="scroll" tabindex="0" role="region" aria-label="{escape(title)}"'
    return f"<div {region}><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{more}"


def to_csv(answer: Answer) -> str:
    """All rows, as `spotify-platform query --format csv` prints them."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(answer.columns)
    writer.writerows(answer.rows)
    return out.getvalue()


def _head(name: str, values: Sequence[Any]) -> str:
    kind = ' class="number"' if any(_is_number(value) for value in values) else ""
    return f'<th scope="col"{kind}>{escape(name.replace("_", " "))}</th>'


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _cell(value: Any, name: str) -> str:
    if value is None:
        return '<td class="reason"></td>' if name == "reason" else '<td class="unknown">unknown</td>'
    if not _is_number(value):
        kind = ' class="reason"' if name == "reason" else ' class="date"' if isinstance(value, date) else ""
        return f"<td{kind}>{escape(value.isoformat() if isinstance(value, date) else str(value))}</td>"
    if name == "usd":  # a request of S3's costs less than a millionth
        return f'<td class="number">{value:,.6f}</td>'
    return f'<td class="number">{value:,.2f}</td>' if isinstance(value, float) else f'<td class="number">{value:,}</td>'
