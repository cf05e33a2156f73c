"""The jobs: the whole graph for a day's capture, and everything after the capture for data that is already there."""

import dagster as dg

_AFTER_CAPTURE = (
    dg.AssetSelection.groups("curated", "warehouse", "marts", "reports")
    | dg.AssetSelection.groups("powerbi").materializable()
)

daily = dg.define_asset_job(
    "daily",
    selection=dg.AssetSelection.groups("raw").materializable() | _AFTER_CAPTURE,
    description="Capture a day and bring it to the marts and the report.",
)
publish = dg.define_asset_job(
    "publish",
    selection=_AFTER_CAPTURE,
    description="Bring captured days to the marts and the report: curate, audit, publish, load, build.",
)
