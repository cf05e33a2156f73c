"""New releases: how they do, by days since their release."""

import filters
from frame import needs_charts, show

needs_charts()
chosen = {"since": filters.since()}
show("release_curves", chosen)
show("releases", chosen)
