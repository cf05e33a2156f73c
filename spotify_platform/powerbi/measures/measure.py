"""What a measure is. The measures are in the modules beside, one for each display folder."""

from dataclasses import dataclass
from textwrap import dedent

WHOLE, DECIMAL, SHARE, DAY = "#,0", "0.000", "0.0%", "yyyy-mm-dd"
TEXT = ""  # words have no format


@dataclass(frozen=True)
class Measure:
    """A measure in DAX, and the same in SQL for one choice of filters, by which its figure can be checked.

    `shown_for` are filters as a reader of the report would set them; `sql` computes the figure for them in another way
    than the DAX does wherever the DAX computes anything, if possible from the curated tables.
    """

    name: str
    table: str
    folder: str
    meaning: str
    format: str
    dax: str
    shown_for: str
    sql: str

    def __post_init__(self) -> None:
        """Take the indentation of the source code away."""
        object.__setattr__(self, "dax", dedent(self.dax).strip())
        object.__setattr__(self, "sql", dedent(self.sql).strip())
