"""An offline Spotify: an invented catalogue, its charts, and a server that speaks the Web API.

Nothing here knows the platform; the platform talks to it through HTTP and files, as it does to the real one.
"""

from spotify_platform.sandbox.catalogue import Catalogue, ChartRow, UnknownDayError
from spotify_platform.sandbox.charts import write_chart_files
from spotify_platform.sandbox.scores import GLOBAL, MARKETS
from spotify_platform.sandbox.server import Sandbox, create_app, run_forever, serve
from spotify_platform.sandbox.stories import Stories, stories

__all__ = [
    "GLOBAL",
    "MARKETS",
    "Catalogue",
    "ChartRow",
    "Sandbox",
    "Stories",
    "UnknownDayError",
    "create_app",
    "run_forever",
    "serve",
    "stories",
    "write_chart_files",
]
