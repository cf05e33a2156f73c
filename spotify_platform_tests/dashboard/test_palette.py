"""Colours: contrast by WCAG, and differences that colour-blind readers see."""

import math
from itertools import combinations

import pytest

from spotify_platform.charts.palette import DARK, LIGHT, SHAPES, Palette

# How linear RGB looks to people with protanopia, deuteranopia and tritanopia: Machado, Oliveira, Fernandes 2009.
SIGHT = {
    "normal": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.01182, 0.04294, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.3039)),
}


def linear(colour: str) -> list[float]:
    values = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    return [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in values]


def contrast(one: str, other: str) -> float:
    low, high = sorted(0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b in (linear(one), linear(other)))
    return (high + 0.05) / (low + 0.05)


def lab(colour: str, sight: str) -> tuple[float, float, float]:
    seen = [min(1, max(0, sum(map(math.prod, zip(row, linear(colour), strict=True))))) for row in SIGHT[sight]]
    r, g, b = seen
    x, y, z = (
        0.4124 * r + 0.3576 * g + 0.1805 * b,
        0.2126 * r + 0.7152 * g + 0.0722 * b,
        0.0193 * r + 0.1192 * g + 0.9505 * b,
    )
    x, y, z = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in (x / 0.9505, y, z / 1.089))
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=lambda palette: palette.name)
def test_every_colour_stands_out_from_the_page(palette: Palette) -> None:
    assert min(contrast(colour, palette.page) for colour in (*palette.series, palette.other)) >= 3
    assert min(contrast(text, palette.page) for text in (palette.ink, palette.muted)) >= 4.5


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=lambda palette: palette.name)
def test_no_two_series_look_alike_to_anybody(palette: Palette, sight: str) -> None:
    colours = (*palette.series, palette.other)
    assert min(math.dist(lab(one, sight), lab(other, sight)) for one, other in combinations(colours, 2)) >= 20


def test_a_series_has_a_colour_and_a_shape_of_its_own_in_both_palettes() -> None:
    assert len(LIGHT.series) == len(DARK.series) == len(set(SHAPES)) - 1  # the last one is for what is summed up
