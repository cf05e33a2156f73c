"""The report: one HTML file with what the newest day says, in words and pictures.

It is whole in itself: no script, no request, pictures as SVG; light and dark by the reader's setting, and fit for
paper. Figures, sentences and colours are `charts`', and are the dashboard's own.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from html import escape
from pathlib import Path

from spotify_platform.charts.figure import Answer, Ask, Filters, ask, figures
from spotify_platform.charts.findings import TOLD, defaults, findings, said
from spotify_platform.charts.palette import DARK, LIGHT, Palette
from spotify_platform.charts.table import html
from spotify_platform.marts.sql import references

SHOWN = (
    "trending_today",
    "trending_course",
    "movers",
    "entries",
    "trending_week",
    "genre_shares",
    "genre_growth",
    "market_turnover",
    "market_taste",
    "artist_map",
    "release_curves",
    "coverage_calendar",
)
_RELEASES_OF = timedelta(days=90)
_WIDTH = 520


@dataclass(frozen=True)
class Report:
    """The page, and what it is about."""

    html: str
    day: date | None  # None: there are no charts yet
    findings: list[str]


def make(question: Ask, *, invented: bool, now: datetime | None = None) -> Report:
    """The report on the newest day that the marts have. `invented`: it is the sandbox's data, which the page says."""
    chosen = defaults(question)
    about = "Invented data of the sandbox." if invented else ""
    if not chosen:
        text = (
            "No chart is in the marts yet, so there is nothing to report. Import charts and run the platform: "
            "spotify-platform import charts FILE, then spotify-platform run."
        )
        return Report(_page("Nothing to report yet", about, [text], "", now), None, [text])
    day = chosen["day"]
    assert isinstance(day, date)
    filters = chosen | {"since": day - _RELEASES_OF}
    sentences = [finding.text for finding in findings(question, filters)]
    sections = "\n".join(_section(ask(question, figures()[name], filters)) for name in SHOWN)
    title = f"Charts on {said(day)}"
    return Report(_page(title, f"{about} {_scope(filters)}".strip(), sentences, sections, now), day, sentences)


def reads() -> set[str]:
    """The marts that the report's figures read."""
    names = {*SHOWN, *TOLD}
    return {ref for name in names for ref in references(figures()[name].select) if ref.startswith("marts.")}


def write(report: Report, path: Path) -> None:
    """Put the page where readers find it; they see the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(f".{os.getpid()}.tmp")
    fresh.write_text(report.html, "utf-8")
    fresh.replace(path)


def _scope(filters: Filters) -> str:
    week = filters["week"]
    return f"Market {filters['market']}; charting week from {said(week)}; all days are UTC."


def _section(answer: Answer) -> str:
    """A figure with its words."""
    words = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in answer.words.items())
    title = escape(answer.figure.title)
    if answer.figure.kind == "table":
        wide = ' class="wide"' if len(answer.columns) > 9 else ""
        return f"<section{wide}><h2>{title}</h2>{html(answer)}<dl>{words}</dl></section>"
    shown = picture(answer)
    return f"<section><h2>{title}</h2><figure>{shown}</figure><dl>{words}</dl></section>"


def picture(answer: Answer) -> str:
    """The drawing of an answer as SVG whose colours are the page's; what is not known is said instead."""
    import vl_convert

    from spotify_platform.charts.draw import draw

    drawn = draw(answer, LIGHT)
    if not drawn:
        return "<p>Not known; the reason stands below.</p>" if answer.rows else "<p>Nothing to draw.</p>"
    return "".join(themed(vl_convert.vegalite_to_svg(one.spec(_WIDTH)), answer.figure.title) for one in drawn)


def themed(svg: str, title: str) -> str:
    """An SVG in which each colour of the light palette is a variable of the page's, so that dark readers see theirs."""
    names = {colour: name for name, colour in _variables(LIGHT)}
    svg = re.sub(
        r'\b(fill|stroke)="(#[0-9a-f]{6})"',
        lambda found: f'{found[1]}="var(--{names[found[2]]})"' if found[2] in names else found[0],
        svg,
    )
    # As wide as its place, and no wider than it was drawn.
    svg = re.sub(r'width="([\d.]+)" height="[\d.]+"', r'width="100%" style="max-width:\1px"', svg, count=1)
    return svg.replace("<svg ", f'<svg role="img" aria-label="{escape(title)}" ', 1)


def _variables(palette: Palette) -> Iterator[tuple[str, str]]:
    yield from {name: getattr(palette, name) for name in ("page", "ink", "muted", "rule", "other")}.items()
    yield from ((f"series-{n}", colour) for n, colour in enumerate(palette.series))


def _page(title: str, about: str, sentences: list[str], sections: str, now: datetime | None) -> str:
    made = f"{now or datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    listed = "".join(f"<li>{escape(text)}</li>" for text in sentences)
    light, dark = (";".join(f"--{name}:{colour}" for name, colour in _variables(p)) for p in (LIGHT, DARK))
    style = _STYLE.replace("LIGHT_COLOURS", light).replace("DARK_COLOURS", dark)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{escape(title)}</title>
<style>{style}</style>
</head>
<body>
<header><h1>{escape(title)}</h1><p>{escape(about)}</p></header>
<main>
<section class="wide"><h2>Findings</h2><ul>{listed}</ul></section>
{sections}
</main>
<footer><p>Made {made} by spotify_platform from its marts. What the figures mean is in docs/metrics.md.</p></footer>
</body>
</html>
"""


_STYLE = """
:root{LIGHT_COLOURS;color-scheme:light dark}
@media (prefers-color-scheme:dark){:root{DARK_COLOURS}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:1180px;padding:16px;background:var(--page);color:var(--ink);
 font:16px/1.5 "Segoe UI",Helvetica,Arial,sans-serif}
h1{font-size:1.7rem;line-height:1.2;margin:.6rem 0}h2{font-size:1.15rem;margin:0 0 .5rem}
header p,footer p,dl{color:var(--muted)}
main{columns:2 440px;column-gap:24px}
section{border:1px solid var(--rule);border-radius:8px;padding:16px;margin:0 0 24px;break-inside:avoid}
section.wide{column-span:all}
figure{margin:0}figure svg{display:block;height:auto}
li{margin:.3rem 0}
dl{font-size:.85rem;margin:.8rem 0 0;display:grid;grid-template-columns:max-content 1fr;gap:2px 12px}
dt{font-weight:600}dd{margin:0}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.88rem}
th,td{text-align:left;padding:4px 10px 4px 0;border-bottom:1px solid var(--rule);vertical-align:top}
th.number,.number{text-align:right}.date{white-space:nowrap}.reason{min-width:15rem}.unknown{color:var(--muted);font-style:italic}
@media (max-width:480px){dl{grid-template-columns:1fr}dd{margin-bottom:6px}}
@media print{:root{LIGHT_COLOURS}body{max-width:none;font-size:11pt}main{columns:1}section{margin-bottom:12pt}}
"""
