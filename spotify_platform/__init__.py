"""Spotify's artists, albums, tracks, charts and popularity, from the Web API to tables people can trust.

The rooms, in the order in which data passes: `extract` → `lake` → `curate` → `load` → `marts`.
`assets` and `automation` show them to Dagster; `definitions` puts everything together.
"""

__version__ = "0.1.0"
