"""Rejects: a line that cannot be curated is kept, and comes back as a row when the code can read it."""

from typing import Any

import pytest

from spotify_platform.contracts.curated import REJECTS
from spotify_platform.curate import cast, flat
from spotify_platform.lake import Lake
from spotify_platform.lake.captures import CaptureWriter
from spotify_platform.lake.publishing import head
from spotify_platform.publish import publish_dates

from .lake.helpers import DAY, EVERYTHING, Item, artist, capture, charted, played, seen, track, whole_batches, written

BAD: list[tuple[str, Item, str, str | None, bool]] = [
    # entity, item, reason, fields, whether no row is made
    ("artists", artist("ann", popularity="57 %"), "bad_value", "popularity", False),
    ("artists", Item("artists", {"id": "", "name": "no id"}), "no_identity", None, True),
    ("artists", Item("artists", None), "null_item", None, True),
    ("artists", artist("cy", genres="pop"), "wrong_shape", None, True),
    ("albums", Item("albums", {"id": "al", "release_date": "soon", "total_tracks": 1.5}), "bad_value", None, False),
    ("tracks", track("t9", explicit="maybe"), "bad_value", "explicit", False),
    ("playlist_items", Item("playlist_items", {"item": {"id": "t1"}}), "no_identity", None, True),
    ("chart_entries", charted("US", "first", "t1"), "bad_rank", None, True),
    ("chart_entries", Item("chart_entries", {"rank": 1, "uri": "spotify:track:t1"}), "no_market", None, True),
    ("chart_entries", charted("US", 9, ""), "no_identity", None, True),
]


def rejects(lake: Lake) -> list[dict[str, Any]]:
    """What readers see of the rejects."""
    return [dict(zip(REJECTS.names, row, strict=True)) for row in seen(lake)["rejects"]]


def lines_of(writer: CaptureWriter) -> dict[str, list[bytes]]:
    """The lines that a writer has not put yet."""
    return {entity: list(lines) for entity, lines in writer._lines.items()}


def test_every_bad_line_is_kept_verbatim_with_entity_reason_and_capture(lake: Lake) -> None:
    more = [one for n in range(1, 9) for one in (artist(f"a{n}"), played("x", n, "t"), charted("DE", n, f"c{n}"))]
    capture(lake, DAY, "good", *EVERYTHING, *more)
    writer = written(lake, DAY, "bad", [item for _, item, *_ in BAD], hour=6)
    lines = lines_of(writer)
    writer.commit(source="import")
    assert publish_dates(lake, [DAY]).published[DAY].captures == ["bad", "good"]
    found = {(row["entity"], row["line"].encode()): row for row in rejects(lake) if row["capture_id"] == "bad"}
    assert len(found) == len(BAD)
    for entity, _, reason, fields, dropped in BAD:
        row = found[entity, lines[entity].pop(0)]
        assert (row["reason"], row["dropped"], row["snapshot_date"]) == (reason, dropped, DAY)
        assert fields is None or row["fields"] == fields
        assert (row["fields"] is None) == dropped
        assert row["captured_at"] or reason == "wrong_shape"


def mend(monkeypatch: pytest.MonkeyPatch, name: str, entity: str, form: flat.Form) -> None:
    """Another version of the code: how an entity is read, and the fingerprint that says so."""
    monkeypatch.setitem(flat._FORMS, entity, form)
    monkeypatch.setattr("spotify_platform.publish.fingerprint", lambda: name)


def test_a_value_that_mended_code_can_read_comes_back_without_a_new_capture(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    capture(lake, DAY, "c1", artist("ann", popularity="57 %"), artist("bob", popularity=12))
    publish_dates(lake, [DAY])
    assert {row[1]: row[3] for row in seen(lake)["artists"]} == {"ann": None, "bob": 12}
    assert [(row["reason"], row["fields"], row["dropped"]) for row in rejects(lake)] == [
        ("bad_value", "popularity", False)
    ]

    form = flat._FORMS["artists"]
    popularity = form.values["popularity"]
    mended = flat.Value(popularity.text.str.replace_all(" %", "", literal=True), cast.integer, popularity.called)
    read_better = flat.Form(form.plain, form.values | {"popularity": mended}, form.faults)
    assert list(publish_dates(lake, [DAY]).unchanged) == [DAY]  # by the same code nothing is to be done
    mend(monkeypatch, "mended", "artists", read_better)
    record = publish_dates(lake, [DAY]).published[DAY]
    assert (record.seq, record.captures, record.fingerprint) == (2, ["c1"], "mended")
    assert {row[1]: row[3] for row in seen(lake)["artists"]} == {"ann": 57, "bob": 12}
    assert rejects(lake) == []
    whole_batches(lake)
    assert list(publish_dates(lake, [DAY]).unchanged) == [DAY]


def test_a_line_that_mended_code_can_take_comes_back_and_so_does_a_withheld_date(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All lines were rejected, so the date was withheld: the mended code publishes it."""
    capture(lake, DAY, "c1", *(Item("artists", {"id": "", "name": f"A{number}"}) for number in range(12)))
    [reason] = publish_dates(lake, [DAY]).withheld[DAY]
    assert "raw/artists" in reason and "rejected" in reason
    assert head(lake, DAY) is None

    form = flat._FORMS["artists"]
    by_name = flat.Form({**form.plain, "artist_id": form.plain["name"]}, form.values, form.faults)
    mend(monkeypatch, "mended", "artists", by_name)
    assert publish_dates(lake, [DAY]).published[DAY].rows == {"artists": 12}
    assert rejects(lake) == []
