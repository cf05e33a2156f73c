"""Invented names of artists, albums, tracks and labels. Words only; who gets which is decided by a number."""

from __future__ import annotations

from spotify_platform.sandbox.ids import number

GENRES = (
    "pop", "hip hop", "rock", "latin", "k-pop", "country", "electronic", "r&b", "indie folk",
    "afrobeats", "metal", "jazz", "reggaeton", "amapiano",
)  # fmt: skip

LABELS = (
    "Lantern Hill Records", "Northquay Music", "Blue Ferry", "Casa Marea", "Ninth Floor Recordings",
    "Kitsune Bay", "Orchard Lane", "Static Garden", "Salt & Copper", "Independent", "Polar Tape",
    "Monsoon Works",
)  # fmt: skip

_FIRST = (
    "Amber", "Ashen", "Bright", "Broken", "Cobalt", "Coral", "Crystal", "Distant", "Electric", "Fading",
    "Feral", "Floating", "Gentle", "Ghost", "Gilded", "Golden", "Hidden", "Hollow", "Indigo", "Iron",
    "Ivory", "Jade", "Lonely", "Lucid", "Lunar", "Marble", "Midnight", "Mellow", "Neon", "Northern",
    "Opal", "Paper", "Pale", "Quiet", "Rapid", "Restless", "Rusty", "Sable", "Scarlet", "Secret",
    "Silent", "Silver", "Slow", "Solar", "Southern", "Sudden", "Summer", "Tender", "Tidal", "Topaz",
    "Velvet", "Violet", "Wandering", "Western", "Wicked", "Wild", "Winter", "Wooden", "Yellow", "Young",
)  # fmt: skip
_SECOND = (
    "Alley", "Anchor", "Arcade", "Arrow", "Atlas", "Avenue", "Beacon", "Bloom", "Bridge", "Canyon",
    "Cascade", "Circuit", "Comet", "Compass", "Coast", "Crown", "Delta", "Dune", "Echo", "Ember",
    "Engine", "Feather", "Field", "Fire", "Fox", "Garden", "Glacier", "Harbor", "Heart", "Horizon",
    "Island", "Kite", "Lagoon", "Lantern", "Letter", "Lion", "Meadow", "Mirror", "Monsoon", "Moth",
    "Ocean", "Orbit", "Orchid", "Palace", "Parade", "Pilot", "Planet", "Raven", "River", "Rocket",
    "Shadow", "Signal", "Sparrow", "Station", "Street", "Sunset", "Temple", "Tiger", "Valley", "Wave",
)  # fmt: skip
_OTHER_SCRIPTS = (
    (
        ("夜の", "青い", "白い", "風の", "遠い", "雨の", "星の"),
        ("灯台", "電車", "猫", "手紙", "海", "庭", "街"),
    ),
    (("Северный ", "Тихий ", "Белый ", "Поздний ", "Новый "), ("Свет", "Берег", "Город", "Снег", "Голос")),
    (("푸른 ", "작은 ", "먼 ", "새벽 ", "하얀 "), ("바다", "거리", "노래", "기차", "별")),
    (("ليل ", "نجم ", "صوت ", "ضوء "), ("المدينة", "البحر", "الشرق", "الصيف")),
    (("Niña ", "Señor ", "São ", "Último ", "Corazón "), ("Ceniza", "Niebla", "João", "Otoño", "Ámbar")),
    (("नीला ", "धीमा ", "पुराना "), ("आसमान", "शहर", "सफ़र")),
)
_OTHER_NAMES = tuple(one + two for first, second in _OTHER_SCRIPTS for one in first for two in second)
_COMBINATIONS = len(_FIRST) * len(_SECOND)


def artist_name(seed: int, index: int) -> str:
    """One name per artist; no two of the first thousand are alike."""
    place = (index * 1009 + number(seed, "artist names")) % _COMBINATIONS
    draw = number(seed, "artist name", index)
    turn, other_script = divmod(index + seed, 7)
    if other_script == 0 and index < 7 * len(_OTHER_NAMES):
        return _OTHER_NAMES[turn * 53 % len(_OTHER_NAMES)]
    plain = f"{_FIRST[place // len(_SECOND)]} {_SECOND[place % len(_SECOND)]}"
    shape = ("{}", "The {}s", "{}", "{} Club", "{}", "DJ {}")[draw // 1000 % 6].format(plain)
    return shape if index < _COMBINATIONS else f"{shape} {index // _COMBINATIONS + 1}"


def title(seed: int, kind: str, index: int) -> str:
    """The title of an album or a track."""
    draw = number(seed, kind, "title", index)
    first, second = _FIRST[draw % len(_FIRST)], _SECOND[draw // 64 % len(_SECOND)]
    if draw // 4096 % 100 < 8:
        return _OTHER_NAMES[draw // 500_000 % len(_OTHER_NAMES)]
    shape = ("{0} {1}", "{1}", "{0} {1}, Pt. 2", "Another {1}", "{0}", "{1} & {0}", "No More {1}s")
    return shape[draw // 500_000 % len(shape)].format(first, second)
