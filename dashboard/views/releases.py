"""New releases: how they do, by days since their release."""

import filters
from frame import needs_charts, show

from spotify_platform.charts.figure import Filters

needs_charts()
chosen: Filters = {"since": filters.since()}
show("release_curves", chosen)
show("releases", chosen)
