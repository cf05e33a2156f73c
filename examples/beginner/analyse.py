"""Step 4, analyse: who leads the charts, which genres they play, and a picture of it.

python analyse.py tables
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd


def top_artists(tables: Path) -> pd.DataFrame:
    """Points by artist and market's chart: of 50 places the first has 50 points, the last has 1, for each artist."""
    charts = pd.read_csv(tables / "chart_entries.csv")
    by, artists = pd.read_csv(tables / "track_artists.csv"), pd.read_csv(tables / "artists.csv")
    charts["points"] = charts.groupby("market")["rank"].transform("max") + 1 - charts["rank"]
    # A merge with several artists a track makes several rows of one: right here, wrong wherever tracks are counted.
    rows = charts.merge(by, on="track_id").merge(artists[["artist_id", "name"]], on="artist_id")
    unknown = ~charts["track_id"].isin(by["track_id"])  # never extracted: a merge drops them without a word
    print(f"{unknown.sum()} of {len(charts)} chart entries are not counted: nothing says who made them")
    return rows.groupby(["name", "artist_id"])["points"].sum().sort_values(ascending=False, kind="stable").reset_index()


def analyse(tables: Path) -> Path:
    """Print the answers, and draw one; returns where the picture is."""
    artists = top_artists(tables)
    genres = artists.merge(pd.read_csv(tables / "artist_genres.csv"), on="artist_id")
    print("Top artists", artists[["name", "points"]].head(10).to_string(index=False), sep="\n")
    print("Top genres", genres.groupby("genre")["points"].sum().nlargest(5).to_string(), sep="\n")
    axes = plt.figure(figsize=(8, 4.5), layout="constrained").subplots()
    axes.barh(artists["name"].head(10), artists["points"].head(10))
    axes.set(title="Who leads the charts", ylim=(9.5, -0.5), xlabel="points over all charts (first of 50 places: 50)")
    plt.savefig(path := tables / "top_artists.png")
    return path


if __name__ == "__main__":
    print(f"Picture: {analyse(Path(sys.argv[1]))}")
