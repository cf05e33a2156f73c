"""`make beginner`: the four steps against the offline Spotify, which is started for them and stopped after.

This file belongs to the platform's side: with credentials of your own you do not need it.
"""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from spotify_platform.sandbox import Catalogue, serve, write_chart_files

HERE = Path(__file__).parent


def run(folder: Path) -> None:
    """All four steps; raw lines, tables and the picture are in `folder` afterwards."""
    today = datetime.now(UTC).date()
    catalogue = Catalogue(anchor=today)
    names = [catalogue.artist(index).name for index in range(8)]
    write_chart_files(catalogue, folder / "charts", today, today, ["GLOBAL", "US", "DE"])
    raw, tables = str(folder / "raw"), str(folder / "tables")
    with serve(catalogue) as spotify:
        address = spotify.token_url.removesuffix("/api/token")
        offline = {"SPOTIFY_API_URL": address, "SPOTIPY_CLIENT_ID": "any", "SPOTIPY_CLIENT_SECRET": "any"}
        playlist = ["--playlist", catalogue.playlist_ids[0], "--charts", str(folder / "charts")]
        for words in (
            ["extract", raw, *names, *playlist],
            ["transform", raw],
            ["load", raw, tables],
            ["analyse", tables],
        ):
            print(f"\n$ python examples/beginner/{words[0]}.py …", flush=True)
            subprocess.run(
                [sys.executable, str(HERE / f"{words[0]}.py"), *words[1:]], env=os.environ | offline, check=True
            )


if __name__ == "__main__":
    run(Path(sys.argv[1]))
