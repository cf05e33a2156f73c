"""Expectations: the contracts' checks as native Great Expectations suites, a second opinion beside the audit.

A suite a table, an expectation a check, judged over pandas frames of one date. Where the frames come from is
`second_opinion`'s business, how the judgement looks as pages `data_docs`'. Great Expectations takes seconds to import
(4 s warm, 12 s cold), so only functions import it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spotify_platform.contracts.curated import CURATED
from spotify_platform.contracts.errors import InputError, PermanentError
from spotify_platform.contracts.table import Table
from spotify_platform.quality.checks import Check, Finding, checks_of

if TYPE_CHECKING:
    import pandas as pd
    from great_expectations.core.expectation_suite import ExpectationSuite
    from great_expectations.core.expectation_validation_result import ExpectationValidationResult
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

# Every bad value, since the surplus of a key is counted from them; the query that would find them again is left out.
_COMPLETE = {"result_format": "COMPLETE", "return_unexpected_index_query": False}


@dataclass(frozen=True)
class Verdict:
    """What Great Expectations says of one check: how many rows break it."""

    check: Check
    rows: int

    @property
    def holds(self) -> bool:
        """Whether no row breaks it."""
        return not self.rows

    @property
    def finding(self) -> Finding:
        """A verdict that does not hold, as the audit would tell it."""
        return Finding(self.check.table, self.check.name, self.rows, self.check.severity)


def checked_columns(table: Table) -> list[str]:
    """The columns that a table's checks look at: what its frame must hold."""
    return list(dict.fromkeys(column for check in checks_of(table) for column in check.columns))


def suite_of(table: Table) -> "ExpectationSuite":
    """A table's suite."""
    from great_expectations.core.expectation_suite import ExpectationSuite

    expectations = [expectation_of(check) for check in checks_of(table)]
    return ExpectationSuite(table.name, expectations=expectations, notes=f"{table.meaning} Grain: {table.grain}.")


def expectation_of(check: Check) -> "ExpectationConfiguration":
    """A check as an expectation; its meta names the check."""
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
    from great_expectations.expectations.metadata_types import FailureSeverity

    kind, arguments = _expectation(check)
    return ExpectationConfiguration(
        type=kind,
        kwargs=arguments,
        meta={"table": check.table, "check": check.name},
        description=check.name,
        severity=FailureSeverity.CRITICAL if check.severity == "error" else FailureSeverity.WARNING,
    )


def judge(frames: Mapping[str, "pd.DataFrame"], name: str = "", docs: Path | None = None) -> list[Verdict]:
    """The verdict on every check of every curated table, in the contracts' order.

    `frames` are one date's rows by table, with the `checked_columns` as Python objects; a table without a frame has no
    rows. With `docs`, a folder, the judgement is written there as pages titled `name`. Raises `InputError` where Great
    Expectations is not installed, and `PermanentError` for what it could not judge: that is no finding.
    """
    try:
        import great_expectations
    except ImportError:
        raise InputError('Great Expectations is not installed: pip install "spotify-platform[quality]".') from None
    import pandas as pd
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    from spotify_platform.quality.data_docs import write_docs

    # All in memory, and nothing told to anybody.
    config = DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(),
        progress_bars=ProgressBarsConfig(globally=False),
        analytics_enabled=False,
    )
    context = great_expectations.get_context(mode="ephemeral", project_config=config)
    source = context.data_sources.add_pandas("published")
    verdicts, results = [], {}
    for table in CURATED:
        frame = frames.get(table.name, pd.DataFrame(columns=checked_columns(table), dtype=object))
        suite = context.suites.add(suite_of(table))
        batch = source.add_dataframe_asset(table.name).add_batch_definition_whole_dataframe(name or "rows")
        looked_up = _with_references(frame, checks_of(table), frames)
        result = batch.get_batch({"dataframe": looked_up}).validate(suite, result_format=_COMPLETE)
        verdicts += _verdicts(checks_of(table), result.results)
        results[table.name] = result
    if docs:
        write_docs(context, results, name, docs)
    return verdicts


def _expectation(check: Check) -> tuple[str, dict[str, Any]]:
    """The type of a check's expectation, and its arguments. NULLs hold in all but `not_null` and `unique`."""
    match check.kind:
        case "unique":
            # Every key has two columns at least. `never`: a NULL in one is a value like any other.
            return "expect_compound_columns_to_be_unique", {"column_list": check.columns, "ignore_row_if": "never"}
        case "not_null":
            return "expect_column_values_to_not_be_null", {"column": check.columns[0]}
        case "between":
            assert check.between
            low, high = check.between
            return "expect_column_values_to_be_between", {
                "column": check.columns[0],
                "min_value": low,
                "max_value": high,
            }
        case "values":
            return "expect_column_values_to_be_in_set", {"column": check.columns[0], "value_set": list(check.values)}
        case "references":
            # Not a set of the referenced keys: Great Expectations copies a set 116 times (27 s for 300,000 ids, 0.6 s
            # so), and writes every id into the pages.
            return "expect_column_pair_values_to_be_equal", {
                "column_A": check.columns[0],
                "column_B": _looked_up(check),
                "ignore_row_if": "both_values_are_missing",
            }


def _looked_up(check: Check) -> str:
    """The column that holds what the referenced table has for a reference."""
    return f"{check.references}.{check.columns[0]}"


def _with_references(
    frame: "pd.DataFrame", checks: Iterable[Check], frames: Mapping[str, "pd.DataFrame"]
) -> "pd.DataFrame":
    """The frame joined with the tables that it references: the same id where it stands there, else NULL."""
    import pandas as pd

    columns = {}
    for check in checks:
        if check.kind == "references":
            (column,) = check.columns
            known = _ids(frames[check.references], column) if check.references in frames else set()
            rows = zip(frame["snapshot_date"], frame[column], strict=True)
            found = [value if (day, value) in known else None for day, value in rows]
            columns[_looked_up(check)] = pd.Series(found, index=frame.index, dtype=object)
    return frame.assign(**columns)


def _ids(frame: "pd.DataFrame", column: str) -> set[tuple[Any, Any]]:
    """The ids of a table by date; a row without a date stands for none."""
    dated = frame[frame["snapshot_date"].notna()]
    return set(zip(dated["snapshot_date"], dated[column], strict=True))


def _verdicts(checks: Iterable[Check], results: Iterable["ExpectationValidationResult"]) -> list[Verdict]:
    """Results in the order of the checks; they come in another one."""
    told = {_meta(result)["check"]: result for result in results}
    return [Verdict(check, _broken(check, told[check.name])) for check in checks]


def _meta(result: "ExpectationValidationResult") -> dict[str, Any]:
    assert result.expectation_config
    return result.expectation_config.meta or {}


def _broken(check: Check, result: "ExpectationValidationResult") -> int:
    """How many rows break a check. Raises `PermanentError` when the expectation itself came to grief."""
    # One exception, or several by what they were computing.
    told: dict[str, Any] = result.exception_info or {}
    for one in [told] if "raised_exception" in told else told.values():
        if one["raised_exception"]:
            said = f"{check.table}: Great Expectations could not judge whether {check.name}: {one['exception_message']}"
            raise PermanentError(said.strip())
    if check.kind == "unique":
        # It counts every row of a key that stands twice; the audit counts those that are too many.
        keys = [tuple(row.values()) for row in result.result["unexpected_list"]]
        rows = len(keys) - len(set(keys))
    else:
        rows = int(result.result["unexpected_count"])
    if bool(rows) == bool(result.success):
        raise PermanentError(f"{check.table}: Great Expectations contradicts itself on whether {check.name}.")
    return rows
