"""The table of operations: what the platform costs. It is about the platform and not about music, so no mart."""

from spotify_platform.contracts.table import Column, Table, date, decimal, string

_AS_A_WHOLE = "it is not about one"

PLATFORM_COST = Table(
    name="platform_cost",
    meaning="What the platform used on a day, and what that cost by the prices of `spotify_platform/cost/prices.yaml`. "
    "The sum of a day's rows is what the day cost; where a provider's bill is known, it is that bill.",
    grain="one row per day, service, usage type, asset, partition, run and method",
    key=(),
    columns=(
        Column("usage_date", date, "the day (UTC) on which it was used"),
        Column("service", string, "who gives it: s3, lambda, glue, snowflake, spotify, local, or as AWS names it"),
        Column("usage_type", string, "what was used of the service; `bill` is what a bill has beyond the other rows"),
        Column(
            "asset",
            string,
            "the asset that it was used for; `curated/*` is the step that makes all assets of a zone together, "
            "`__idle__` what ran and nothing used, `__unattributed__` what the provider tells beyond our own rows",
        ),
        Column("partition", string, "the snapshot date, or `first...last` of a range", null=_AS_A_WHOLE),
        Column("run", string, "Dagster's run", null=_AS_A_WHOLE),
        Column("quantity", decimal, "how much was used"),
        Column("unit", string, "the quantity's unit"),
        Column("price", decimal, "price of one unit", "USD", null="`prices.yaml` has none: the check `prices` fails"),
        Column("cost", decimal, "quantity × price", "USD", null="there is no price"),
        Column(
            "method",
            string,
            "how the quantity is known: what local parts would have used in the cloud, counted by the platform "
            "itself, measured by the provider, or on the provider's bill",
            values=("simulated", "estimated", "metered", "billed"),
        ),
    ),
)

OPERATIONS = (PLATFORM_COST,)
