"""Makes the table of a month in docs/cost.md, from prices.yaml and what an artist amounts to.

`python docs/cost.py docs/cost.md` writes it (`make docs`); a test fails when it is stale.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from spotify_platform.cost.prices import prices
from spotify_platform.cost.recommend import FIRST_GUESS

SIZES = (1_000, 10_000, 100_000)
DAYS = 30

# An artist a day, in extended quota mode with everything asked for daily: 12 albums of 8 tracks, as the sandbox has.
REQUESTS, RAW_BYTES, CURATED_BYTES = Decimal("3.5"), 16_000, 6_000
REQUESTS_WEEKLY = 1 + Decimal("2.5") / 7  # artists daily, their albums and tracks once a week
RATE = 20  # requests a second; Spotify publishes none
# Work that is assumed, by size: Glue's workers and seconds a day, minutes a day of Snowflake's XS.
GLUE = {1_000: (2, 90), 10_000: (4, 120), 100_000: (10, 300)}
SNOWFLAKE_MINUTES = {1_000: 6, 10_000: 10, 100_000: 30}
CHUNK = 1_000_000  # bytes of a compressed raw file
FILES = 44  # of a day beside raw chunks: 9 curated, 19 marts, manifests, records, wake-ups
STARTS = 75  # calls of the Lambda function a day that find nothing to do, 0.4 s each
SENSOR = 2_880  # LISTs a day, one each 30 s


@dataclass(frozen=True)
class Line:
    """One line of the month: what is used, in words and as a number, and its price."""

    name: str
    words: str
    quantity: Decimal
    service: str
    usage_type: str

    @property
    def cost(self) -> Decimal:
        """US dollars."""
        return self.quantity * prices()[self.service, self.usage_type].price


def month(artists: int) -> Iterator[Line]:
    """What a month of so many artists uses."""
    seconds = artists * REQUESTS / RATE
    workers, busy = GLUE[artists]
    minutes = SNOWFLAKE_MINUTES[artists]
    chunks = max(9, artists * RAW_BYTES // CHUNK)
    stored = Decimal(artists * (RAW_BYTES + CURATED_BYTES) * DAYS) / 10**9
    yield Line(
        "Lambda, 1 GB",
        f"({artists:,} × {REQUESTS} requests ÷ {RATE} a second + {STARTS} × 0.4 s) × {DAYS} days",
        (seconds + STARTS * Decimal("0.4")) * DAYS,
        "lambda",
        "gb_seconds",
    )
    yield Line(
        "S3, storage at its end",
        f"{artists:,} × ({RAW_BYTES // 1000} + {CURATED_BYTES // 1000}) kB × {DAYS}",
        stored,
        "s3",
        "gb_months",
    )
    yield Line("S3, LIST", f"{SENSOR:,} × {DAYS}, the sensor's", Decimal(SENSOR * DAYS), "s3", "requests_list")
    yield Line(
        "S3, PUT", f"({chunks:,} raw files + {FILES}) × {DAYS}", Decimal((chunks + FILES) * DAYS), "s3", "requests_put"
    )
    yield Line(
        "S3, GET",
        f"(3 × {chunks:,} + 5 × {FILES}) × {DAYS}",
        Decimal((3 * chunks + 5 * FILES) * DAYS),
        "s3",
        "requests_get",
    )
    yield Line("Glue", f"{workers} DPU × {busy} s × {DAYS}", Decimal(workers * busy * DAYS), "glue", "dpu_seconds")
    yield Line("Secrets Manager", "1 secret", Decimal(1), "secretsmanager", "secret_months")
    yield Line("Snowflake", f"{minutes} min of XS × {DAYS}", Decimal(minutes * DAYS) / 60, "snowflake", "credits")
    yield Line(
        "Snowpipe",
        f"{artists:,} × {CURATED_BYTES // 1000} kB × {DAYS}",
        Decimal(artists * CURATED_BYTES * DAYS),
        "snowflake",
        "pipe_bytes",
    )


def levers(artists: int) -> Iterator[tuple[str, str, Decimal]]:
    """What changes a month's sum: a lever, its arithmetic, and what it saves (below zero: what leaving it costs)."""
    lines = {line.name: line.cost for line in month(artists)}
    known = prices()
    local = (
        Decimal(artists * RAW_BYTES * FIRST_GUESS.used / FIRST_GUESS.raw_bytes) * known["local", "seconds"].price * DAYS
    )
    yield "DuckDB instead of Glue", f"its seconds in Dagster's process cost ${local:.2f}", lines["Glue"] - local
    flex = known["glue", "dpu_seconds_flex"].price / known["glue", "dpu_seconds"].price
    yield "FLEX for Glue", f"{1 - flex:.0%} of Glue; it may wait, so for backfills", lines["Glue"] * (1 - flex)
    asked = REQUESTS_WEEKLY / REQUESTS
    yield "albums weekly", f"{1 - asked:.0%} of the requests", lines["Lambda, 1 GB"] * (1 - asked)
    idle = Decimal((600 - 60) * DAYS) / 3600 * known["snowflake", "credits"].price
    yield "a warehouse that sleeps after 60 s", "Snowflake's own default is 600 s: 540 s a day", idle
    yield "DuckDB as warehouse", "where one machine runs Dagster", lines["Snowflake"] + lines["Snowpipe"]


def table() -> str:
    """The month at three sizes, and the levers, in Markdown."""
    months = {artists: list(month(artists)) for artists in SIZES}
    head = " | ".join(f"{artists:,} artists | $" for artists in SIZES)
    out = [f"| | {head} |", "|---|" + "---|---:|" * len(SIZES)]
    for number, line in enumerate(months[SIZES[0]]):
        cells = [f"{months[size][number].words} | {_money(months[size][number].cost)}" for size in SIZES]
        out.append(f"| {line.name} | {' | '.join(cells)} |")
    sums = [f"**{sum(line.cost for line in months[size]):.2f}**" for size in SIZES]
    out += [f"| **a month** | | {' | | '.join(sums)} |", ""]
    out += [f"| lever | why | {' | '.join(f'{size:,}, $' for size in SIZES)} |", "|---|---|" + "---:|" * len(SIZES)]
    by_size = {size: list(levers(size)) for size in SIZES}
    for number, (name, _, _) in enumerate(by_size[SIZES[0]]):
        words = by_size[SIZES[-1]][number][1]
        out.append(f"| {name} | {words} | {' | '.join(_money(by_size[size][number][2]) for size in SIZES)} |")
    return "\n".join(out)


def _money(amount: Decimal) -> str:
    return f"{amount:,.2f}" if amount >= Decimal("0.01") else f"{amount:.4f}"


def made(page: str) -> str:
    """The page with the tables as they are now, between their marks."""
    return re.sub(r"(?s)(<!-- month -->\n).*(\n<!-- end -->)", lambda found: f"{found[1]}\n{table()}\n{found[2]}", page)


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(made(path.read_text("utf-8")), "utf-8")
