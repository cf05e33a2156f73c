"""Stable numbers and identifiers: the same inputs give the same bits on every machine.

Nothing here knows what an artist or a track is. Never `hash()`: it changes from process to process.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
ID_LENGTH = 22
_TAIL = 8  # characters that carry the index; the other 14 are the check
_SPACE = 62**_TAIL


def number(*parts: object) -> int:
    """A 64-bit number drawn from `parts` alone."""
    text = "\x1f".join(map(str, parts))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def fraction(*parts: object) -> float:
    """A number in [0, 1) drawn from `parts` alone."""
    return number(*parts) / 2**64


def base62(value: int, length: int) -> str:
    """`value` in base 62, cut or padded to `length` characters."""
    characters = []
    for _ in range(length):
        value, digit = divmod(value, 62)
        characters.append(ALPHABET[digit])
    return "".join(reversed(characters))


@lru_cache(maxsize=64)
def _scramble(seed: int, kind: str) -> tuple[int, int, int]:
    """Multiplier, shift and inverse multiplier: neighbours of a kind get unlike ids, without a table."""
    multiplier = number(seed, kind, "multiplier") % _SPACE | 1
    while multiplier % 31 == 0:  # must have no factor in common with 62
        multiplier += 2
    return multiplier, number(seed, kind, "shift") % _SPACE, pow(multiplier, -1, _SPACE)


def _check(seed: int, kind: str, tail: str) -> str:
    digest = hashlib.blake2b(f"{seed}/{kind}/{tail}".encode(), digest_size=16).digest()
    return base62(int.from_bytes(digest, "big"), ID_LENGTH - _TAIL)


def encode(seed: int, kind: str, index: int) -> str:
    """The 22-character id of the `index`-th thing of a kind."""
    multiplier, shift, _ = _scramble(seed, kind)
    tail = base62((index * multiplier + shift) % _SPACE, _TAIL)
    return _check(seed, kind, tail) + tail


def decode(seed: int, kind: str, identifier: str) -> int | None:
    """The index inside an id, or None when the id was not made by `encode` with this seed and kind."""
    if len(identifier) != ID_LENGTH or _check(seed, kind, identifier[-_TAIL:]) != identifier[:-_TAIL]:
        return None
    value = 0
    for character in identifier[-_TAIL:]:
        value = value * 62 + ALPHABET.index(character)
    _, shift, inverse = _scramble(seed, kind)
    return int((value - shift) * inverse % _SPACE)
