"""What real answers carry and tidy ones do not: nulls, empty lists, vague dates, local files, one recording twice.

Every oddity is drawn from the seed and an id, for the vanished ones also from the day, so that a day answers the
same however often it is asked. The planted stories' artists keep their names, genres and dates and never vanish: what
was planted must be found all the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from spotify_platform.sandbox import ids
from spotify_platform.sandbox.catalogue import Album, Artist, Catalogue, PlaylistItem, Track
from spotify_platform.sandbox.objects import Json, Objects
from spotify_platform.sandbox.scores import Scores

# Greek, Arabic, Han, emoji, accents that are characters of their own.
_NAMES = ("Σκιά και Φως", "ضوء البحر", "夜の灯台", "🎧🔥", "Zoe\u0308 Cafe\u0301")


@dataclass(frozen=True, slots=True)
class Hole(PlaylistItem):
    """An entry that is null."""


@dataclass(frozen=True, slots=True)
class Episode(PlaylistItem):
    """A podcast's episode between the tracks."""

    number: int = 0


class OddCatalogue(Catalogue):
    """A catalogue with the same ids, releases and scores, and with oddities in what is said about them."""

    @cached_property
    def scores(self) -> Scores:
        """Those of the tidy catalogue: no oddity moves a chart."""
        return Scores(Catalogue(self.seed, self.artists, self.anchor))

    def find_artist(self, identifier: str, offset: int) -> int | None:
        """The artist's index; one in sixty has vanished for a day."""
        index = super().find_artist(identifier, offset)
        return index if index is not None and self._here(index, identifier, offset) else None

    def find_album(self, identifier: str, offset: int) -> int | None:
        """The album's index; one in sixty has vanished for a day."""
        index = super().find_album(identifier, offset)
        return index if index is not None and self._here(self.album(index).artist, identifier, offset) else None

    def find_track(self, identifier: str, offset: int) -> int | None:
        """The track's index; one in sixty has vanished for a day."""
        index = super().find_track(identifier, offset)
        return index if index is not None and self._here(self.track(index).artists[0], identifier, offset) else None

    def older_recording(self, track: Track) -> int | None:
        """The track that this one repeats under an id of its own: same name, same ISRC. Usually None."""
        album = self.album(track.album)
        single = self.leading_tracks(album.artist)
        if track.index in single or self._tidy(album.artist) or self._draw("repeated", track.index) >= 0.2:
            return None
        return single[0] if self.album(self.track(single[0]).album).release <= album.release else None

    def _tidy(self, artist: int) -> bool:
        return artist in self.plan.artists

    def _here(self, artist: int, identifier: str, offset: int) -> bool:
        return self._tidy(artist) or self._draw("vanished", identifier, offset) >= 1 / 60

    @cached_property
    def _oddest(self) -> tuple[int, int]:
        """The album of the year 0000 and the album without a name: the first ones of two strong artists."""
        dateless, nameless = [artist for artist in range(self.artists) if not self._tidy(artist)][:2]
        return self._album_indexes(dateless)[0], self._album_indexes(nameless)[0]

    def _artist(self, index: int) -> Artist:
        artist = super()._artist(index)
        if self._tidy(index):
            return artist
        genres = () if self._draw("no genres", index) < 0.15 else artist.genres
        return replace(artist, name=self._name("artist", index, artist.name), genres=genres)

    def _album(self, index: int) -> Album:
        album = super()._album(index)
        if self._tidy(album.artist):
            return album
        date, precision = album.release_date, album.release_date_precision
        vague = self._draw("vague", index)
        if vague < 0.2:
            date, precision = (date[:4], "year") if vague < 0.1 or precision == "year" else (date[:7], "month")
        dateless, nameless = self._oddest
        return replace(
            album,
            name="" if index == nameless else self._name("album", index, album.name),
            release_date="0000" if index == dateless else date,
            release_date_precision="year" if index == dateless else precision,
            upc="" if self._draw("no upc", index) < 0.1 else album.upc,
            markets=() if self._draw("no markets", index) < 0.1 else album.markets,
        )

    def _track(self, index: int) -> Track:
        track = super()._track(index)
        if self._tidy(track.artists[0]):
            return track
        older = self.older_recording(track)
        if older is not None:
            known = self.track(older)
            return replace(track, name=known.name, isrc=known.isrc, duration_ms=known.duration_ms)
        isrc = "" if self._draw("no isrc", index) < 0.05 else track.isrc
        return replace(track, name=self._name("track", index, track.name), isrc=isrc)

    def _name(self, kind: str, index: int, plain: str) -> str:
        """Some names get words of another script; their own stay, so that no two things become alike."""
        script = ids.number(self.seed, "script", kind, index) % (4 * len(_NAMES))
        return f"{_NAMES[script]} {plain}" if script < len(_NAMES) else plain

    def _playlist_items(self, index: int, offset: int) -> list[PlaylistItem]:
        items = super()._playlist_items(index, offset)
        added = f"{self.first_day}T08:00:00Z"
        # Put between the tracks, never in a track's place: nothing of the tidy playlist is lost.
        items.insert(5, Hole(None, added))
        items.insert(11, Episode(None, added, number=2 * index))
        items.insert(23, PlaylistItem(None, added, local=True))
        items.insert(31, PlaylistItem(None, added))
        items.insert(47, Episode(None, added, number=2 * index + 1))
        items.insert(53, Hole(None, added))
        return items


class OddObjects(Objects):
    """Shapes with oddities. With a market, tracks and albums tell whether they can be played there, not where else."""

    def __init__(self, catalogue: OddCatalogue, offset: int, url: str, market: str | None) -> None:
        """Objects of `catalogue` on a day, as they are told to somebody in `market`."""
        super().__init__(catalogue, offset, url)
        self._odd, self._market = catalogue, market

    def simple_track(self, index: int) -> Json:
        """A simplified track; unplayable where its album is not sold, and seldom elsewhere."""
        track = self.catalogue.track(index)
        reason = "product" if self._drawn("unplayable", track.id, 0.03) else None
        return self._told_in_market(super().simple_track(index), track.album, reason)

    def track(self, index: int) -> Json:
        """A full track; asked for in a market, a repeated recording is answered with the older one."""
        asked = self.catalogue.track(index)
        older = self._odd.older_recording(asked) if self._market else None
        if older is None:
            return super().track(index)
        return {**super().track(older), "linked_from": self._reference("track", asked)}

    def playlist_item(self, item: PlaylistItem) -> Json | None:
        """One entry of a playlist: null, an episode, or a track that somebody added, who may be unknown."""
        if isinstance(item, Hole):
            return None
        entry = super().playlist_item(item)
        assert entry is not None
        if isinstance(item, Episode):
            entry["track"] = self._episode(item)
        if item.track is not None and self._drawn("added by", self.catalogue.track(item.track).id, 0.1):
            entry["added_by"] = None
        return entry

    def _embedded_album(self, index: int) -> Json:
        return self._told_in_market(super()._embedded_album(index), index, None)

    def _images(self, thing: Artist | Album, sizes: tuple[int, ...]) -> list[Json]:
        return [] if self._drawn("no images", thing.id, 0.1) else super()._images(thing, sizes)

    def _drawn(self, what: str, identifier: str, share: float) -> bool:
        return ids.fraction(self.catalogue.seed, what, identifier) < share

    def _told_in_market(self, thing: Json, album: int, reason: str | None) -> Json:
        """A track or album as told in the market asked for. `reason`: why it cannot be played though it is sold."""
        if self._market is None:
            return thing
        if self._market not in self.catalogue.album(album).markets:
            reason = "market"
        del thing["available_markets"]
        thing["is_playable"] = reason is None
        if reason:
            thing["restrictions"] = {"reason": reason}
        return thing

    def _episode(self, item: Episode) -> Json:
        show = {
            **self._named("show", 0, "The Sandbox Hour"),
            "available_markets": [],
            "copyrights": [],
            "media_type": "audio",
            "publisher": "Sandbox",
            "total_episodes": 40,
        }
        return {
            **self._named("episode", item.number, f"Episode {item.number + 1}"),
            "audio_preview_url": None,
            "duration_ms": 1_800_000,
            "episode": True,
            "is_playable": True,
            "release_date": item.added_at[:10],
            "release_date_precision": "day",
            "show": show,
            "track": False,
        }

    def _named(self, kind: str, number: int, name: str) -> Json:
        """What shows and episodes have in common."""
        identifier = ids.encode(self.catalogue.seed, kind, number)
        return {
            "description": "",
            "explicit": False,
            "external_urls": {"spotify": f"https://open.spotify.com/{kind}/{identifier}"},
            "href": f"{self.url}/{kind}s/{identifier}",
            "html_description": "",
            "id": identifier,
            "images": [],
            "is_externally_hosted": False,
            "languages": ["en"],
            "name": name,
            "type": kind,
            "uri": f"spotify:{kind}:{identifier}",
        }
