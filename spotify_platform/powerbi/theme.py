"""Colours and letters of the report: Okabe and Ito's palette, which colour-blind readers tell apart."""

from typing import Any

NAME = "SpotifyPlatform"

BLUE, ORANGE, GREEN, PURPLE = "#0072B2", "#E69F00", "#009E73", "#CC79A7"
SKY, VERMILION, YELLOW, BLACK = "#56B4E9", "#D55E00", "#F0E442", "#000000"
INK, FAINT, PAPER, LINE = "#1F2328", "#57606A", "#FFFFFF", "#D0D7DE"


def theme() -> dict[str, Any]:
    """The theme file, as report.json names it."""
    return {
        "name": NAME,
        "dataColors": [BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILION, YELLOW, BLACK],
        "background": PAPER,
        "foreground": INK,
        "tableAccent": BLUE,
        # Not green and red: blue is more, vermilion less.
        "good": BLUE,
        "neutral": YELLOW,
        "bad": VERMILION,
        "maximum": BLUE,
        "center": PAPER,
        "minimum": VERMILION,
        "textClasses": {
            "title": {"fontFace": "Segoe UI Semibold", "fontSize": 12, "color": INK},
            "label": {"fontFace": "Segoe UI", "fontSize": 10, "color": INK},
            "callout": {"fontFace": "Segoe UI Semibold", "fontSize": 20, "color": INK},
            "header": {"fontFace": "Segoe UI Semibold", "fontSize": 11, "color": INK},
        },
        "visualStyles": {
            "*": {
                "*": {
                    "title": [{"show": True, "titleWrap": True}],
                    "subTitle": [{"show": True, "titleWrap": True, "fontColor": {"solid": {"color": FAINT}}}],
                    "border": [{"show": True, "color": {"solid": {"color": LINE}}, "radius": 4}],
                    "background": [{"show": True, "color": {"solid": {"color": PAPER}}, "transparency": 0}],
                }
            }
        },
    }
