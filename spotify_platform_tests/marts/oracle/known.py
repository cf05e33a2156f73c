"""What is known of artists, albums and tracks: each attribute as the newest date tells it."""

from collections import defaultdict
from datetime import date
from typing import Any, NamedTuple

from .basis import Curated, rows_of


class Artist(NamedTuple):
    """Whom the points of an entry go to; without an id it is the chart's credit."""

    key: str
    id: str | None


class Credit(NamedTuple):
    """An artist's place in the credits of a track or an album."""

    position: int
    artist_id: str


def newest(curated: Curated, table: str, thing: str, column: str) -> dict[str, Any]:
    """A column of each thing, as the newest date that tells it has it."""
    told = [row for row in rows_of(curated, table, "snapshot_date", thing, column) if row[2] is not None]
    return {key: value for _, key, value in sorted(told, key=lambda row: row[0])}


def seen(curated: Curated, table: str, thing: str) -> dict[str, list[date]]:
    """The dates with a row of each thing, in order."""
    dates: dict[str, list[date]] = defaultdict(list)
    for day, key in sorted(rows_of(curated, table, "snapshot_date", thing)):
        dates[key].append(day)
    return dict(dates)


def wholly_seen(curated: Curated, table: str, thing: str) -> set[str]:
    """The things of which a full object was captured on any date."""
    return {key for key, detail in rows_of(curated, table, thing, "detail") if detail == "full"}


def names(curated: Curated) -> dict[str, str]:
    """The name of each artist that ever had one."""
    return newest(curated, "artists", "artist_id", "name")


def credits(curated: Curated, table: str, thing: str) -> dict[str, list[Credit]]:
    """The credits of each track or album that ever had any, in order: those of the newest date that states any."""
    stated: dict[str, dict[date, list[Credit]]] = defaultdict(lambda: defaultdict(list))
    for day, key, position, artist in rows_of(curated, table, "snapshot_date", thing, "position", "artist_id"):
        stated[key][day].append(Credit(position, artist))
    return {key: sorted(of_day[max(of_day)]) for key, of_day in stated.items()}


def artists_of_tracks(curated: Curated) -> dict[str, tuple[Artist, ...]]:
    """The artists of each track that any date tells."""
    stated = credits(curated, "track_artists", "track_id")
    return {track: tuple(Artist(one.artist_id, one.artist_id) for one in by) for track, by in stated.items()}


def genres(curated: Curated) -> dict[str, set[str]]:
    """Each artist's genres at the newest date with the full object; none then is none, whatever was said before."""
    artists = rows_of(curated, "artists", "snapshot_date", "artist_id", "detail")
    last = {artist: day for day, artist, detail in sorted(artists) if detail == "full"}
    found: dict[str, set[str]] = defaultdict(set)
    for day, artist, genre in rows_of(curated, "artist_genres", "snapshot_date", "artist_id", "genre"):
        if last.get(artist) == day:
            found[artist].add(genre)
    return dict(found)


def genres_of_tracks(curated: Curated) -> dict[str, set[str]]:
    """The different genres of all artists of each track that has any."""
    of_artist = genres(curated)
    of_track = {
        track: {genre for artist in artists for genre in of_artist.get(artist.key, ())}
        for track, artists in artists_of_tracks(curated).items()
    }
    return {track: own for track, own in of_track.items() if own}


def release_days(curated: Curated) -> dict[str, date]:
    """Each track's release day: of its newest album that has one, the newest that was stated."""
    albums = rows_of(curated, "albums", "snapshot_date", "album_id", "release_date", "release_date_precision")
    precise = sorted((day, album, released) for day, album, released, precision in albums if precision == "day")
    of_album = {album: released for _, album, released in precise}
    tracks = rows_of(curated, "tracks", "snapshot_date", "track_id", "album_id")
    placed = sorted((day, track, album) for day, track, album in tracks if album in of_album)
    return {track: of_album[album] for _, track, album in placed}


def stated_releases(curated: Curated) -> dict[str, tuple[date, str]]:
    """Each album's release date and how exact it is: those of the newest date that has a release date."""
    albums = rows_of(curated, "albums", "snapshot_date", "album_id", "release_date", "release_date_precision")
    dated = sorted((row for row in albums if row[2] is not None), key=lambda row: row[0])
    return {album: (released, precision) for _, album, released, precision in dated}
