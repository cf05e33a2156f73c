"""Data Docs: a judgement as Great Expectations' own pages, for people who know them.

They load their styles from public addresses when they are looked at, so they are an artifact and not the report.
"""

import html
import shutil
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from great_expectations.core.expectation_validation_result import ExpectationSuiteValidationResult
    from great_expectations.data_context.data_context.ephemeral_data_context import EphemeralDataContext

INDEX = "index.html"


def write_docs(
    context: "EphemeralDataContext", results: Mapping[str, "ExpectationSuiteValidationResult"], name: str, folder: Path
) -> None:
    """Write pages for the results, by suite, below `folder`, in place of what is there; `index.html` is the first."""
    from great_expectations.core.run_identifier import RunIdentifier
    from great_expectations.data_context.types.resource_identifiers import (
        ExpectationSuiteIdentifier,
        ValidationResultIdentifier,
    )

    run = RunIdentifier(run_name=name, run_time=datetime.now(UTC))
    for suite, result in results.items():
        for one in result.results:
            one.result = _told(one.result)
        result.meta["run_id"] = run
        key = ValidationResultIdentifier(ExpectationSuiteIdentifier(suite), run, batch_identifier=suite)
        context.validation_results_store.set(key, result)
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Made beside the pages that are there, so that nobody sees half of a site.
    with tempfile.TemporaryDirectory(prefix=".docs-", dir=folder.parent) as scratch:
        made = Path(scratch, folder.name)
        store = {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(made)}
        site: Any = {"class_name": "SiteBuilder", "show_how_to_buttons": False, "store_backend": store}
        context.add_data_docs_site("docs", site)
        context.build_data_docs(site_names=["docs"])
        for film in (made / "static" / "images").glob("*.gif"):
            film.unlink()  # how to use the product: 3.3 of 4.1 MB, and on no page without how-to buttons
        shutil.rmtree(folder, ignore_errors=True)
        made.rename(folder)


def _told(result: dict[str, Any]) -> dict[str, Any]:
    """What a page shows of a result: examples, not every bad row, and made harmless.

    The pages do not escape values (1.24): a title in a chart file could bring a script.
    """
    whole = ("unexpected_list", "unexpected_index_list")
    return {key: _harmless(value) for key, value in result.items() if key not in whole}


def _harmless(value: Any) -> Any:
    if isinstance(value, str):
        return html.escape(value)
    if isinstance(value, dict):
        return {key: _harmless(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_harmless(one) for one in value]
    return value
