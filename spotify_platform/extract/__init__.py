"""Extraction: Spotify, the sandbox or a file that a person gives → a capture in the lake.

`capture` and `client` ask the Web API, `charts` and `playlists` read files, `watchlist` and `markets` say what a person
may name. What a capture is on disk is `lake`'s business, what its lines mean `curate`'s. No Dagster here.
"""
