"""Usage: a quantity of something that has a price, by day and, where it is known, by asset, partition and run.

Where usage comes from is told by who makes it (Dagster's events, Glue, Lambda, Snowflake, Cost Explorer); what it costs
is the ledger's business.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

Method = Literal["simulated", "estimated", "metered", "billed"]
"""How a quantity is known: what local parts would have used in the cloud; reckoned from what the platform itself
counted; measured by the provider; on the provider's bill."""

IDLE = "__idle__"
"""Stands for an asset where something ran and nothing used it: a warehouse that had not gone to sleep yet."""

UNATTRIBUTED = "__unattributed__"
"""Stands for an asset where the provider tells more than any asset accounts for."""


def step(zone: str) -> str:
    """Stands for the assets of a zone that one step makes together, whose usage cannot be told apart: `curated/*`."""
    return f"{zone}/*"


def stands_for(asset: str, key: str) -> bool:
    """Whether a ledger's asset is, or holds, the asset with this key."""
    return asset == key or asset == step(key.split("/")[0])


@dataclass(frozen=True)
class Usage:
    """One line of the ledger before it has a price.

    `billed` is the provider's own amount in US dollars, where the provider tells one; such a line is not priced again.
    """

    usage_date: date  # UTC
    service: str  # s3, lambda, glue, snowflake, spotify, local
    usage_type: str  # a key of prices.yaml within the service: dpu_seconds, gb_seconds, requests_put, credits, …
    quantity: Decimal
    unit: str
    method: Method
    asset: str = UNATTRIBUTED  # a Dagster asset key as "warehouse/tracks", a step as "raw/*", or IDLE
    partition: str | None = None  # the snapshot date it worked on, or "first...last" of a range
    run: str | None = None
    billed: Decimal | None = None
