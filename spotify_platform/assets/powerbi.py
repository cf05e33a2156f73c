"""Power BI: its semantic model and report at the end of the lineage; the model is refreshed where one is deployed."""

from collections.abc import Iterator, Sequence

import dagster as dg

from spotify_platform.assets.specs import OWNER
from spotify_platform.contracts.errors import PlatformError, TransientError
from spotify_platform.powerbi.model import TABLES, source_of
from spotify_platform.powerbi.pages import PAGES
from spotify_platform.settings import read_powerbi_settings, read_settings

_MODEL = dg.AssetSpec(
    ["powerbi", "semantic_model"],
    deps=[["marts", name] for name in sorted({source_of(table) for table in TABLES})],
    description="Power BI's semantic model of the marts: a star with measures in DAX (docs/powerbi.md).",
    group_name="powerbi",
    kinds={"powerbi", "semanticmodel"},
    owners=[OWNER],
)
_REPORT = dg.AssetSpec(
    ["powerbi", "report"],
    deps=[_MODEL.key],
    description=f"Power BI's report: {', '.join(page.title for page in PAGES)}. It asks the model when it is opened.",
    group_name="powerbi",
    kinds={"powerbi", "report"},
    owners=[OWNER],
)


def powerbi_assets() -> Sequence[dg.AssetSpec | dg.AssetsDefinition]:
    """Model and report; the model has a body where one is deployed that reads Snowflake, else both are external."""
    settings = read_settings()
    # A branch deployment builds marts of its own, which no model reads.
    deployed = read_powerbi_settings().dataset_id and settings.warehouse == "snowflake" and settings.branch is None
    return [semantic_model if deployed else _MODEL, _REPORT]


@dg.multi_asset(name="refresh_powerbi", specs=[_MODEL.replace_attributes(skippable=True)])
def semantic_model(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
    """The marts' rows → the deployed model, by one refresh."""
    from spotify_platform.home import active_home
    from spotify_platform.powerbi.refresh import refresh_model

    if active_home().name == "demo":
        context.log.info("The demo's data never goes to Snowflake: there is nothing to refresh.")
        return
    try:
        done = refresh_model(read_powerbi_settings(), context.log.info)
    except PlatformError as error:
        raise dg.Failure(str(error), allow_retries=isinstance(error, TransientError)) from error
    yield dg.MaterializeResult(
        metadata={"request_id": done.request_id, "started_at": done.started_at, "ended_at": done.ended_at}
    )
