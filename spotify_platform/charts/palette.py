"""Colours: two palettes, for light and dark pages, that colour-blind readers can tell apart.

Every colour of a series has a contrast of at least 3 to its page, every text at least 4.5 (WCAG 2.2 AA), and no two
series are closer than 20 in CIE Lab to people with normal sight, protanopia, deuteranopia or tritanopia. They were
found by a search for that, and a test holds it. A series also has a shape of its own, so that no figure rests on
colour alone.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Palette:
    """The colours of a page."""

    name: str
    page: str  # behind everything
    ink: str  # text
    muted: str  # axes and their titles
    rule: str  # lines that only guide the eye
    series: tuple[str, ...]  # in this order; the same place in both palettes is the same series
    other: str  # what is summed up as other, or is not there


LIGHT = Palette(
    name="light",
    page="#ffffff",
    ink="#1a1c23",
    muted="#555a66",
    rule="#e3e5ea",
    series=("#157fb1", "#d1480c", "#084751", "#8c28de", "#4f0100", "#976344", "#270652"),
    other="#808080",
)
DARK = Palette(
    name="dark",
    page="#0e1117",
    ink="#f5f6f8",
    muted="#b3b8c2",
    rule="#2c313c",
    series=("#5077c0", "#eea42c", "#7acd91", "#ab4aff", "#ffff9f", "#f8b5fc", "#ba4630"),
    other="#8a8f98",
)
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right", "stroke")
