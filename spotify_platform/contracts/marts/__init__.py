"""The marts: what music teams ask. Each is computed in `marts/<name>.sql`; docs/metrics.md says what its words mean.

A figure whose input is missing is NULL and `reason` says why; it is never 0. `coverage` is days observed over days in
the window that the figures look at; `confidence` is high from 0.8 on, medium from 0.5 on, else low.
"""

from spotify_platform.contracts.marts.dimensions import DIMENSIONS
from spotify_platform.contracts.marts.facts import FACTS
from spotify_platform.contracts.marts.questions import QUESTIONS

MARTS = (*DIMENSIONS, *FACTS, *QUESTIONS)
MARTS_BY_NAME = {table.name: table for table in MARTS}

__all__ = ["MARTS", "MARTS_BY_NAME"]
