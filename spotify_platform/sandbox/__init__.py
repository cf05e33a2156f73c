"""An offline Spotify: an invented catalogue, its charts, and a server that speaks the Web API.

Nothing here knows the platform; the platform talks to it through HTTP and files, as it does to the real one.
"""

from spotify_platform.sandbox.app import create_app
from spotify_platform.sandbox.behaviour import FAMILIES, Behaviour, Faults
from spotify_platform.sandbox.catalogue import Catalogue, ChartRow, UnknownDayError
from spotify_platform.sandbox.charts import write_chart_files
from spotify_platform.sandbox.log import LoggedRequest
from spotify_platform.sandbox.scores import GLOBAL, MARKETS
from spotify_platform.sandbox.server import Sandbox, run_forever, serve
from spotify_platform.sandbox.stories import Stories, stories

__all__ = [
    "FAMILIES",
    "GLOBAL",
    "MARKETS",
    "Behaviour",
    "Catalogue",
    "ChartRow",
    "Faults",
    "LoggedRequest",
    "Sandbox",
    "Stories",
    "UnknownDayError",
    "create_app",
    "run_forever",
    "serve",
    "stories",
    "write_chart_files",
]
