"""Chart files: what chart() says, in the shape of charts.spotify.com, the same every time."""

import csv
import datetime

from spotify_platform.sandbox import GLOBAL, MARKETS, Catalogue, write_chart_files

ANCHOR = datetime.date(2026, 11, 20)
CATALOGUE = Catalogue(7, 40, ANCHOR)


def test_files_hold_the_charts(tmp_path):
    first = ANCHOR - datetime.timedelta(days=2)
    paths = write_chart_files(CATALOGUE, tmp_path / "new", first, ANCHOR)
    assert len(paths) == 13 * 3
    assert sorted(paths) == sorted((tmp_path / "new").iterdir())
    for market in (GLOBAL, *MARKETS):
        for day in (first, first + datetime.timedelta(days=1), ANCHOR):
            path = tmp_path / "new" / f"regional-{market.lower()}-daily-{day}.csv"
            with path.open(encoding="utf-8", newline="") as file:
                lines = list(csv.DictReader(file))
            assert [
                (int(line["rank"]), line["uri"], line["artist_names"], line["track_name"], line["source"])
                for line in lines
            ] == [
                (
                    row.rank,
                    f"spotify:track:{row.track_id}",
                    ", ".join(row.artist_names),
                    row.track_name,
                    row.label,
                )
                for row in CATALOGUE.chart(market, day)
            ]
            assert [int(line["streams"]) for line in lines] == [row.streams for row in CATALOGUE.chart(market, day)]


def test_looking_back_agrees_with_the_charts_before(tmp_path):
    (path,) = write_chart_files(CATALOGUE, tmp_path, ANCHOR, ANCHOR, markets=["SE"])
    assert path.read_text(encoding="utf-8").splitlines()[0] == (
        "rank,uri,artist_names,track_name,source,peak_rank,previous_rank,days_on_chart,streams"
    )
    past = [
        {f"spotify:track:{row.track_id}": row.rank for row in CATALOGUE.chart("SE", CATALOGUE.day(offset))}
        for offset in range(-30, 1)
    ]
    with path.open(encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            ranks = [chart[line["uri"]] for chart in past if line["uri"] in chart]
            assert int(line["peak_rank"]) == min(ranks)
            assert int(line["days_on_chart"]) == len(ranks)
            assert int(line["previous_rank"]) == past[-2].get(line["uri"], -1)


def test_writing_again_changes_neither_bytes_nor_times(tmp_path):
    def written() -> list[tuple[str, bytes, float]]:
        paths = write_chart_files(CATALOGUE, tmp_path, ANCHOR, ANCHOR, markets=["US", GLOBAL], size=10)
        return [(path.name, path.read_bytes(), path.stat().st_mtime) for path in paths]

    once = written()
    assert written() == once
    assert len(list(tmp_path.iterdir())) == 2
    assert once[0][2] == datetime.datetime(2026, 11, 21, tzinfo=datetime.UTC).timestamp()
