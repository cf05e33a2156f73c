"""Makes docs/pictures/rooms.svg: the rooms of the package, and which imports which, as the code has it.

`python docs/rooms.py docs/pictures/rooms.svg` (`make docs`); a test fails when it is stale. An arrow that follows
from others is left out: of a → b → c and a → c the last one is not drawn.
"""

import ast
import sys
from collections import defaultdict
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "spotify_platform"
WIDTH, ROW, BOX, HIGH = 1000, 78, 108, 34


def imports() -> dict[str, set[str]]:
    """Room → the rooms that its files import when they are loaded or run."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in sorted(PACKAGE.rglob("*.py")):
        room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if room == "__init__":
            continue
        found[room] |= set()
        if path.stem == "foreground":
            continue  # executes the definitions, which put its room together: the one arrow that points back
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("spotify_platform"):
                parts = f"{node.module}.".split(".")
                named = [parts[1]] if parts[1] else [alias.name for alias in node.names]
                found[room] |= {name for name in named if name != room and not name.startswith("_")}
    return dict(found)


def levels(rooms: dict[str, set[str]]) -> dict[str, int]:
    """Room → how many imports lie below it."""
    level: dict[str, int] = dict.fromkeys(rooms, 0)
    for _ in rooms:
        for room, needs in rooms.items():
            below = [level[one] for one in needs if one in rooms]
            level[room] = max([level[room], *(one + 1 for one in below)])
    return level


def drawn(rooms: dict[str, set[str]]) -> dict[str, set[str]]:
    """The arrows that do not follow from others."""

    def reached(start: str) -> set[str]:
        seen: set[str] = set()
        todo = list(rooms[start])
        while todo:
            one = todo.pop()
            if one not in seen and one in rooms:
                seen.add(one)
                todo += rooms[one]
        return seen

    below = {room: reached(room) for room in rooms}
    return {
        room: {one for one in needs if one in rooms and not any(one in below[other] for other in needs - {one, room})}
        for room, needs in rooms.items()
    }


def svg() -> str:
    """The picture."""
    rooms = imports()
    level = levels(rooms)
    rows: dict[int, list[str]] = defaultdict(list)
    for room in sorted(rooms):
        rows[level[room]].append(room)
    top = max(rows)
    places = {}
    for number, names in rows.items():
        for place, name in enumerate(names):
            places[name] = (WIDTH * (place + 0.5) / len(names), (top - number) * ROW + 30)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {(top + 1) * ROW}" role="img" '
        'aria-label="Rooms of the package; an arrow points at what a room imports">',
        "<style>text{font:13px sans-serif;text-anchor:middle;fill:#1c2b33}"
        "rect{fill:#e8f1f2;stroke:#3d6b73}path{fill:none;stroke:#7b8f96;stroke-width:1.1}</style>",
        '<defs><marker id="to" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0L8 4L0 8z" style="fill:#7b8f96"/></marker></defs>',
        '<rect width="100%" height="100%" style="fill:#fff;stroke:none"/>',
    ]
    for room, needs in sorted(drawn(rooms).items()):
        x, y = places[room]
        for one in sorted(needs):
            to_x, to_y = places[one]
            start, end = y + HIGH / 2, to_y - HIGH / 2
            middle = (start + end) / 2
            lines.append(
                f'<path d="M{x:.0f} {start:.0f}C{x:.0f} {middle:.0f} {to_x:.0f} {middle:.0f} {to_x:.0f} {end:.0f}" '
                'marker-end="url(#to)"/>'
            )
    for room, (x, y) in sorted(places.items()):
        lines.append(f'<rect x="{x - BOX / 2:.0f}" y="{y - HIGH / 2:.0f}" width="{BOX}" height="{HIGH}" rx="5"/>')
        lines.append(f'<text x="{x:.0f}" y="{y + 5:.0f}">{room}</text>')
    return "\n".join([*lines, "</svg>", ""])


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(svg(), "utf-8")
