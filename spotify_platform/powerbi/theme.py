"""Colours and letters of the report: the dashboard's light palette, which colour-blind readers tell apart."""

from typing import Any

NAME = "SpotifyPlatform"

PAGE, INK, MUTED, RULE = "#FFFFFF", "#1A1C23", "#555A66", "#E3E5EA"
# Each stands out from the page, three to one, and from every other for people with any kind of sight.
SERIES = ("#157FB1", "#D1480C", "#084751", "#8C28DE", "#4F0100", "#976344", "#270652")
OTHER = "#808080"


def theme() -> dict[str, Any]:
    """The theme file, as report.json names it."""
    # Not green and red: the first two colours of the palette.
    more, less = SERIES[:2]
    return {
        "name": NAME,
        "dataColors": [*SERIES, OTHER],
        "background": PAGE,
        "foreground": INK,
        "tableAccent": more,
        "good": more,
        "neutral": OTHER,
        "bad": less,
        "maximum": more,
        "center": PAGE,
        "minimum": less,
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
                    "subTitle": [{"show": True, "titleWrap": True, "fontColor": {"solid": {"color": MUTED}}}],
                    "border": [{"show": True, "color": {"solid": {"color": RULE}}, "radius": 4}],
                    "background": [{"show": True, "color": {"solid": {"color": PAGE}}, "transparency": 0}],
                }
            }
        },
    }
