"""The measures of the semantic model, by display folder; docs/metrics.md says what their words mean."""

from spotify_platform.powerbi.measures.artists import ARTISTS
from spotify_platform.powerbi.measures.charts import CHARTS
from spotify_platform.powerbi.measures.coverage import COVERAGE
from spotify_platform.powerbi.measures.genres import GENRES
from spotify_platform.powerbi.measures.markets import MARKETS
from spotify_platform.powerbi.measures.measure import Measure
from spotify_platform.powerbi.measures.releases import RELEASES
from spotify_platform.powerbi.measures.trends import TRENDS

MEASURES = (*COVERAGE, *CHARTS, *TRENDS, *GENRES, *MARKETS, *ARTISTS, *RELEASES)
MEASURES_BY_NAME = {measure.name: measure for measure in MEASURES}

__all__ = ["MEASURES", "MEASURES_BY_NAME", "Measure"]
