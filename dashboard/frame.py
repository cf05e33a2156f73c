"""What stands around charts: the head of a page, a figure with its words, its rows as CSV, and what went wrong."""

import shlex
from html import escape

import streamlit as st
from source import home, query, version

from spotify_platform.charts.draw import draw
from spotify_platform.charts.figure import Answer, Filters, ask, choices, figures
from spotify_platform.charts.palette import DARK, LIGHT, Palette
from spotify_platform.charts.table import html, to_csv
from spotify_platform.contracts.errors import PlatformError

_EMPTY = """
### Nothing is here yet

The marts of `{home}` hold no chart. Bring some in, then come back and reload this page:

- `make demo` fills a platform of its own with 60 days of invented data, without any account;
- `spotify-platform import charts FILE…` and `spotify-platform run` bring in chart files of yours;
- `spotify-platform capture` and `spotify-platform run` bring in what you watch on Spotify. It serves no charts:
  a capture fills the tables of artists, tracks and albums; charts have to be imported.

What is there of each day is on the page *Data health*, and by `spotify-platform coverage`.
"""

_STYLE = """<style>
.block-container {padding-top: 4.5rem; padding-bottom: 3rem;}
[data-testid="stCaptionContainer"] {opacity: 1 !important;}
[data-testid="stCaptionContainer"] p {color: MUTED !important; opacity: 1 !important;}
.scroll {overflow-x: auto; max-width: 100%;}
.scroll table {border-collapse: collapse; width: 100%; font-size: .88rem;}
.scroll th, .scroll td {text-align: left; padding: 4px 12px 4px 0; border-bottom: 1px solid RULE; vertical-align: top;}
.scroll .number {text-align: right !important; font-variant-numeric: tabular-nums;}
.scroll .reason {min-width: 18rem;} .scroll .date {white-space: nowrap;}
.scroll .unknown {color: MUTED; font-style: italic;}
dl.words {color: MUTED; font-size: .85rem; line-height: 1.45; margin: 0 !important; padding: 0 !important;}
.words dt {font-weight: 600; float: left; margin: 0 .4rem 0 0;}
.words dd {margin: 0 0 .15rem !important; padding: 0 !important;}
</style>"""


def palette() -> Palette:
    """The palette of the theme that the reader sees."""
    return DARK if st.context.theme.type == "dark" else LIGHT


def around(page: "st.Page") -> None:
    """Run a page; an error of the platform is told, with what to do, instead of a trace."""
    colours = palette()
    st.html(_STYLE.replace("MUTED", colours.muted).replace("RULE", colours.rule))
    try:
        st.title(page.title)
        page.run()
        st.caption(f"Shown: {home().path}, build {version() or 'none yet'}.")
    except PlatformError as error:
        st.error(str(error))


def needs_charts() -> None:
    """Say what to do where there are no charts, and end the page there."""
    if not choices(query, "markets"):
        st.markdown(_EMPTY.format(home=home().path))
        st.stop()
    if home().name == "demo":
        st.caption("Invented data of the sandbox.")


def needs_days() -> None:
    """As `needs_charts`, for a page that has something to say as soon as any day was captured."""
    if choices(query, "newest") == [(None, None)]:
        st.markdown(_EMPTY.format(home=home().path))
        st.stop()


def show(name: str, filters: Filters) -> Answer:
    """A figure: title, chart or table, words, and its rows with the question that gives them."""
    answer = ask(query, figures()[name], filters)
    with st.container(border=True, key=f"figure-{name}"):
        st.subheader(answer.figure.title)
        _drawn(answer)
        words = "".join(f"<dt>{escape(term)}</dt><dd>{escape(text)}</dd>" for term, text in answer.words.items())
        st.html(f'<dl class="words">{words}</dl>')
        _rows(answer)
    return answer


def _quoted(sql: str) -> str:
    """A question as a shell takes it; in double quotes, which are easier to read, unless a name would not bear it."""
    return shlex.quote(sql) if set('"$`\\!') & set(sql) else f'"{sql}"'


def _drawn(answer: Answer) -> None:
    if answer.figure.kind == "table" or not answer.rows:
        st.html(html(answer))
        return
    charts = draw(answer, palette())
    if not charts:
        st.info("Not known; the reason stands below.")
        return
    places = [st.container()] if len(charts) == 1 else st.columns(min(4, len(charts))) * len(charts)
    for chart, place in zip(charts, places, strict=False):
        place.vega_lite_chart(chart.spec(), theme=None, width="stretch")


def _rows(answer: Answer) -> None:
    """The rows for other programs, and how to ask for them without this page."""
    name = answer.figure.name
    st.download_button(
        f"{len(answer.rows):,} {'row' if len(answer.rows) == 1 else 'rows'} as CSV",
        data=to_csv(answer),
        file_name=f"{name}.csv",
        mime="text/csv",
        key=f"csv-{name}",
        disabled=not answer.rows,
        on_click="ignore",
    )
    with st.expander("Rows and SQL"):
        if answer.figure.kind != "table":
            st.html(html(answer))
        st.code(f"spotify-platform query {_quoted(answer.sql)}", language="sql", wrap_lines=True)
