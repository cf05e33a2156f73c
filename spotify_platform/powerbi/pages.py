"""The report's five pages: what stands where, and which question it answers. How it is written down is `pbir`'s.

A field is a measure in brackets, `[Artist trend]`, or a column, `dim_market.market`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

WIDTH, HEIGHT = 1280, 720
_EDGE, _GAP = 16, 16


@dataclass(frozen=True)
class Box:
    """Where a visual lies on the page, in pixels."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True)
class Visual:
    """A chart, table, card or slicer. `note` is its second line: definition, window, what to look out for.

    `top` keeps the first few values of a column by a measure, `only` some values of a column; `sort` is a field, with a
    minus in front from the greatest down. `starts_with` is what a slicer is set to at first.
    """

    kind: str
    title: str
    note: str
    box: Box
    roles: Mapping[str, tuple[str, ...]]
    sort: str = ""
    top: tuple[str, int, str] | None = None
    only: tuple[str, tuple[str, ...]] | None = None
    starts_with: str = ""


@dataclass(frozen=True)
class Page:
    """A page: the question on top of it, and what answers it. `questions` are titles of docs/questions.md."""

    name: str
    title: str
    lead: str
    questions: tuple[str, ...]
    visuals: tuple[Visual, ...] = field(repr=False)


def _market() -> Visual:
    return Visual(
        "slicer", "Market", "", Box(700, 12, 160, 68), {"Values": ("dim_market.market",)}, starts_with="GLOBAL"
    )


def _days() -> Visual:
    return Visual("slicer", "Days", "", Box(876, 12, 388, 68), {"Values": ("dim_date.snapshot_date",)})


def _cards(*measures: tuple[str, str]) -> tuple[Visual, ...]:
    """A row of four figures under the head: which measure, and what to know of it."""
    width = (WIDTH - 2 * _EDGE - 3 * _GAP) // 4
    return tuple(
        Visual("card", name, note, Box(_EDGE + n * (width + _GAP), 92, width, 88), {"Values": (f"[{name}]",)})
        for n, (name, note) in enumerate(measures)
    )


_DAY = ("Newest chart day", "Figures of a day are of this one")
_WEEK = ("Newest full week", "Figures of a week are of this one, by its Friday")
_COVERAGE = ("Chart coverage", "Charts that are there, of the chosen days")
_CONFIDENCE = ("Confidence", "High from 80 % on, medium from 50 %")

# Under the cards: a column on the left and two rows on the right, or two rows of two.
_LEFT = Box(16, 192, 412, 512)
_RIGHT_ABOVE, _RIGHT_BELOW = Box(444, 192, 820, 248), Box(444, 456, 820, 248)
_HALF_LEFT_ABOVE, _HALF_RIGHT_ABOVE = Box(16, 192, 616, 248), Box(648, 192, 616, 248)
_HALF_LEFT_BELOW, _HALF_RIGHT_BELOW = Box(16, 456, 616, 248), Box(648, 456, 616, 248)
_BELOW = Box(16, 456, 1248, 248)

_TRENDING = Page(
    "trending",
    "Trending",
    "Who is trending, today and in the last full week, and what moved on the chart?",
    (
        "Who is trending today?",
        "Who was trending in the last full charting week?",
        "Which tracks entered, came back, or climbed most today?",
    ),
    (
        _market(),
        _days(),
        *_cards(_DAY, _WEEK, _COVERAGE, _CONFIDENCE),
        Visual(
            "clusteredBarChart",
            "Trending artists of the day",
            "Growth of daily chart points, 7 days against the 28 before; 0.69 is twice as many",
            _LEFT,
            {"Category": ("trending_artists_daily.artist_name",), "Y": ("[Artist trend]",)},
            sort="-[Artist trend]",
            top=("trending_artists_daily.artist_name", 10, "[Artist trend]"),
        ),
        Visual(
            "tableEx",
            "Trending artists of the week",
            "The week, Friday to Thursday, against the four weeks before; mean points a day",
            _RIGHT_ABOVE,
            {
                "Values": (
                    "trending_artists_weekly.artist_name",
                    "[Weekly place]",
                    "[Weekly trend]",
                    "[Points of the week]",
                    "[Points of 4 weeks]",
                )
            },
            sort="-[Weekly trend]",
            top=("trending_artists_weekly.artist_name", 10, "[Weekly trend]"),
        ),
        Visual(
            "tableEx",
            "New, back, and climbing",
            "The day's chart against the one before; NEW was never on this market's chart",
            _RIGHT_BELOW,
            {
                "Values": (
                    "chart_movement.movement",
                    "chart_movement.track_name",
                    "chart_movement.artist_names",
                    "[Track rank]",
                    "[Places gained]",
                    "[Days on chart]",
                )
            },
            sort="-[Places gained]",
            only=("chart_movement.movement", ("NEW", "RE-ENTRY", "UP")),
        ),
    ),
)
_GENRES = Page(
    "genres",
    "Genres",
    "Which genres grow, and how did their shares develop?",
    ("Which genres grow?", "How did the shares of the leading genres develop?"),
    (
        _market(),
        _days(),
        *_cards(_WEEK, ("Genre known", "Places of the charts whose track has a known genre"), _COVERAGE, _CONFIDENCE),
        Visual(
            "clusteredBarChart",
            "Growth of genres",
            "Share of four weeks over that of the four before; none under 10 tracks",
            _LEFT,
            {"Category": ("genre_growth.genre",), "Y": ("[Genre growth]",)},
            sort="-[Genre growth]",
        ),
        Visual(
            "lineChart",
            "Shares of the five leading genres",
            "Share of the chart's weight in each charting week; a place weighs 1/rank",
            _RIGHT_ABOVE,
            {"Category": ("dim_week.chart_week",), "Series": ("genre_growth.genre",), "Y": ("[Genre share]",)},
            sort="dim_week.chart_week",
            top=("genre_growth.genre", 5, "[Genre share]"),
        ),
        Visual(
            "tableEx",
            "Shares and tracks",
            "As of the newest full week",
            _RIGHT_BELOW,
            {
                "Values": (
                    "genre_growth.genre",
                    "[Genre growth]",
                    "[Genre share of 4 weeks]",
                    "[Genre share before]",
                    "[Genre tracks]",
                )
            },
            sort="-[Genre share of 4 weeks]",
        ),
    ),
)
_MARKETS = Page(
    "markets",
    "Markets",
    "What does each market listen to, how fast does it move, and which market leads?",
    ("What does each region listen to, and how fast does it move?", "Which regions lead?"),
    (
        _days(),
        *_cards(_DAY, ("Stale days", "Charts equal to the one before"), _COVERAGE, _CONFIDENCE),
        Visual(
            "clusteredBarChart",
            "Turnover",
            "Share of a chart's tracks that are new to it since the day before, mean of 28 days",
            _HALF_LEFT_ABOVE,
            {"Category": ("dim_market.market",), "Y": ("[Mean turnover]",)},
            sort="-[Mean turnover]",
        ),
        Visual(
            "clusteredBarChart",
            "Tracks that a market charted first",
            "Of tracks on three markets' charts or more; ties are shared",
            _HALF_RIGHT_ABOVE,
            {"Category": ("dim_market.market",), "Y": ("[Tracks led]",)},
            sort="-[Tracks led]",
        ),
        Visual(
            "tableEx",
            "What is heard",
            "Genres and artists of the newest chart; turnover and age of tracks over 28 days",
            _BELOW,
            {
                "Values": (
                    "dim_market.market",
                    "[Top genres]",
                    "[Top artists]",
                    "[Mean turnover]",
                    "[Track age]",
                    "[Stale days]",
                )
            },
            sort="-[Mean turnover]",
        ),
    ),
)
_ARTISTS = Page(
    "artists",
    "Artists",
    "Who is consistent, who is viral, what holds on longest, and who wins followers?",
    (
        "Who is consistent, and who is viral?",
        "Which tracks hold on longest?",
        "Whose popularity and followers changed most in a week?",
    ),
    (
        _market(),
        _days(),
        *_cards(_DAY, _WEEK, _COVERAGE, _CONFIDENCE),
        Visual(
            "scatterChart",
            "Consistent or viral",
            "Right: charts steadily, four weeks. Up: rises against the market's others. Few are both",
            Box(16, 192, 520, 512),
            {
                "Category": ("artist_consistency_virality.artist_name",),
                "X": ("[Artist consistency]",),
                "Y": ("[Artist virality]",),
            },
        ),
        Visual(
            "tableEx",
            "Streaks and spikes",
            "Charts in a row with the artist; spike days of all weeks together",
            Box(552, 192, 712, 164),
            {
                "Values": (
                    "artist_consistency_virality.artist_name",
                    "[Artist virality]",
                    "[Current streak]",
                    "[Longest streak]",
                    "[Peak rank]",
                    "[Spike days]",
                )
            },
            sort="-[Artist virality]",
        ),
        Visual(
            "tableEx",
            "Tracks that hold on",
            "Charts in a row up to the newest one; a gap of over 3 days ends a row",
            Box(552, 368, 712, 164),
            {
                "Values": (
                    "chart_movement.track_name",
                    "chart_movement.artist_names",
                    "[Track rank]",
                    "[Charts in a row]",
                    "[Days on chart]",
                )
            },
            sort="-[Charts in a row]",
            top=("chart_movement.track_name", 10, "[Charts in a row]"),
        ),
        Visual(
            "tableEx",
            "Popularity and followers",
            "Spotify's own figures and their change in seven days, all markets; blank where it does not tell them",
            Box(552, 544, 712, 160),
            {
                "Values": (
                    "dim_artist.artist_name",
                    "[Artist popularity]",
                    "[Popularity change]",
                    "[Artist followers]",
                    "[New followers]",
                )
            },
            sort="-[New followers]",
            top=("dim_artist.artist_name", 10, "[New followers]"),
        ),
    ),
)
_RELEASES = Page(
    "releases",
    "Releases and gaps",
    "How do new releases do, and what is missing?",
    (
        "How do new releases do?",
        "Which new releases peaked where, and how popular were they after a day, a week, four weeks?",
        "What is missing?",
    ),
    (
        _days(),
        *_cards(_DAY, ("Days not complete", "Days of all captured entities together"), _COVERAGE, _CONFIDENCE),
        Visual(
            "lineChart",
            "Points by days since release",
            "All markets' charts; the five releases with most points",
            _HALF_LEFT_ABOVE,
            {
                "Category": ("new_release_performance.days_since_release",),
                "Series": ("new_release_performance.album_name",),
                "Y": ("[Release points]",),
            },
            sort="new_release_performance.days_since_release",
            top=("new_release_performance.album_name", 5, "[Release points]"),
        ),
        Visual(
            "tableEx",
            "Releases",
            "Peak over all charts; popularity so many days after release, blank where it was not captured",
            _HALF_RIGHT_ABOVE,
            {
                "Values": (
                    "new_release_performance.album_name",
                    "[Release peak rank]",
                    "[Release peak day]",
                    "[Markets reached]",
                    "[Popularity on day 1]",
                    "[Popularity on day 7]",
                    "[Popularity on day 28]",
                )
            },
            sort="[Release peak rank]",
        ),
        Visual(
            "lineChart",
            "Charts there, day by day",
            "Share of the markets whose chart of the day is there",
            _HALF_LEFT_BELOW,
            {"Category": ("dim_date.snapshot_date",), "Y": ("[Chart coverage]",)},
            sort="dim_date.snapshot_date",
        ),
        Visual(
            "tableEx",
            "What is missing",
            "Days on which an entity is not complete; nothing listed: nothing is missing",
            _HALF_RIGHT_BELOW,
            {"Values": ("coverage.entity", "coverage.state", "[Days not complete]", "[First day]", "[Last day]")},
            sort="-[Days not complete]",
        ),
    ),
)

PAGES = (_TRENDING, _GENRES, _MARKETS, _ARTISTS, _RELEASES)
