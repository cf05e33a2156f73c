"""The fingerprint of contract and code: what, beside the captures, decides which rows a batch has."""

import hashlib
from functools import cache
from importlib import resources


@cache
def fingerprint() -> str:
    """A short hash of the sources of `contracts` and `curate`: another one means that rows may differ."""
    digest = hashlib.sha256()
    for package in ("spotify_platform.contracts", "spotify_platform.curate"):
        modules = [entry for entry in resources.files(package).iterdir() if entry.name.endswith(".py")]
        for module in sorted(modules, key=lambda entry: entry.name):
            digest.update(module.name.encode() + b"\0" + module.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
