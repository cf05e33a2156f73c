"""The lake: where captures and tables lie, as files under keys, on a folder, S3 or in memory.

What is in a row is not known here; Dagster is not known here either.
"""

from spotify_platform.lake.store import Lake

__all__ = ["Lake"]
