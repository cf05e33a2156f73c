"""Markets: from what people and chart files call a country to one code.

Which markets a chart or a track has is data, and no business of this module.
"""

from functools import cache, lru_cache

import pycountry

from spotify_platform.contracts.errors import InputError

# What chart files and people write, where it is neither a code nor a name that ISO 3166 knows.
_ALIASES = {
    "global": "GLOBAL",
    "worldwide": "GLOBAL",
    "usa": "US",
    "u.s.": "US",
    "u.s.a.": "US",
    "united states of america": "US",
    "uk": "GB",
    "u.k.": "GB",
    "great britain": "GB",
    "uae": "AE",
    "russia": "RU",
    "turkey": "TR",
    "turkiye": "TR",
    "south korea": "KR",
    "korea": "KR",
    "vietnam": "VN",
    "taiwan": "TW",
    "bolivia": "BO",
    "venezuela": "VE",
    "moldova": "MD",
    "tanzania": "TZ",
    "laos": "LA",
    "brunei": "BN",
    "macau": "MO",
    "palestine": "PS",
    "ivory coast": "CI",
    "cape verde": "CV",
    "swaziland": "SZ",
    "macedonia": "MK",
    "holland": "NL",
    "czech republic": "CZ",
    # Not in ISO 3166; the code that Spotify uses.
    "kosovo": "XK",
    "xk": "XK",
}


@lru_cache(maxsize=4096)  # called for every row of a chart file
def market_code(text: str) -> str:
    """The ISO 3166-1 alpha-2 code, or GLOBAL, of a code or an English country name in any case.

    Nothing is guessed: raises `InputError` for a name that is not exactly known.
    """
    try:
        return _codes()[text.strip().casefold()]
    except KeyError:
        shown = repr(text if len(text) <= 60 else text[:60] + "…")
        raise InputError(
            f"{shown} is no market. Give a code of ISO 3166 (US), an English country name, or Global."
        ) from None


@cache
def _codes() -> dict[str, str]:
    codes = {}
    for country in pycountry.countries:
        for field in ("alpha_2", "name", "official_name", "common_name"):
            name = getattr(country, field, None)
            if name:
                codes[name.casefold()] = str(country.alpha_2)
    return codes | _ALIASES
