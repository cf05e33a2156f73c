"""Values on the wire: rows to the connector as arrow or as JSON, and bind variables from it.

The form is what snowflake-connector-python 4 reads; no page of Snowflake's describes it. Which rows there are is not
this module's business. NULL timestamps stay NULL (fakesnow 0.12.1 sends 1970-01-01).
"""

import base64
import binascii
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

DONE = "Statement executed successfully."

# The kinds of statements by which the connector knows what an answer is.
SELECT, INSERT, UPDATE, DELETE, MERGE, OTHER = 0x1000, 0x3100, 0x3200, 0x3300, 0x3400, 0x6000
DML = {INSERT, UPDATE, DELETE, MERGE}


def answer(columns: list[str], rows: list[tuple[Any, ...]]) -> pa.Table:
    """Rows of our own: texts, unless a column holds numbers, truth values or times only."""
    arrays = [_column([row[i] for row in rows]) for i in range(len(columns))]
    return pa.Table.from_arrays(arrays, names=columns)


def _column(values: list[Any]) -> pa.Array:
    known = [value for value in values if value is not None]
    if known and not isinstance(known[0], str):
        return pa.array(values, type=pa.timestamp("us", tz="UTC") if isinstance(known[0], datetime) else None)
    return pa.array(values, type=pa.string())


def status(text: str) -> pa.Table:
    """The one row that most statements answer with."""
    return answer(["status"], [(text,)])


def described(table: pa.Table) -> list[dict[str, Any]]:
    """The columns as the connector's `description` tells them."""
    return [_described(field) for field in table.schema]


def _described(field: pa.Field) -> dict[str, Any]:
    kind, precision, scale, length = _kind(field.type)
    return {
        "name": field.name,
        "type": kind,
        "precision": precision,
        "scale": scale,
        "length": length,
        "byteLength": length,
        "nullable": True,
        "database": "",
        "schema": "",
        "table": "",
        "collation": None,
    }


def _kind(kind: pa.DataType) -> tuple[str, int | None, int | None, int | None]:
    """Snowflake's type, precision, scale and length of one of arrow's types."""
    if pa.types.is_decimal(kind):
        return "fixed", kind.precision, kind.scale, None
    if pa.types.is_integer(kind):
        return "fixed", 38, 0, None
    if pa.types.is_floating(kind):
        return "real", None, None, None
    if pa.types.is_boolean(kind):
        return "boolean", None, None, None
    if pa.types.is_date(kind):
        return "date", None, None, None
    if pa.types.is_time(kind):
        return "time", 0, 9, None
    if pa.types.is_timestamp(kind):
        return ("timestamp_ltz" if kind.tz else "timestamp_ntz"), 0, 9, None
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return "binary", None, None, 8388608
    if isinstance(kind, pa.BaseExtensionType) or pa.types.is_nested(kind):
        return "variant", None, None, None
    return "text", None, None, 16777216


def as_json(table: pa.Table) -> dict[str, Any]:
    """The rows as texts."""
    columns = [[_text(value, field.type) for value in table.column(i).to_pylist()] for i, field in _fields(table)]
    return {"queryResultFormat": "json", "rowset": [list(row) for row in zip(*columns, strict=True)]}


def as_arrow(table: pa.Table) -> dict[str, Any]:
    """The rows as arrow's stream, in base 64."""
    arrays = [_converted(table.column(i).combine_chunks(), field.type) for i, field in _fields(table)]
    fields = []
    for array, (_, field) in zip(arrays, _fields(table), strict=True):
        kind, precision, scale, length = _kind(field.type)
        metadata = {
            "logicalType": kind.upper(),
            "precision": str(precision or 38),
            "scale": str(scale or 0),
            "charLength": str(length or 0),
        }
        fields.append(pa.field(field.name, array.type, metadata=metadata))
    schema = pa.schema(fields)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema) as writer:
        writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
    return {"queryResultFormat": "arrow", "rowsetBase64": base64.b64encode(sink.getvalue()).decode()}


def _fields(table: pa.Table) -> list[tuple[int, pa.Field]]:
    return list(enumerate(table.schema))


def _converted(array: pa.Array, kind: pa.DataType) -> pa.Array:
    if pa.types.is_timestamp(kind):
        return _timestamp(array)
    if pa.types.is_time(kind):
        return array.cast(pa.time64("ns")).cast(pa.int64())
    if pa.types.is_unsigned_integer(kind):
        return array.cast(pa.int64())
    if pa.types.is_null(kind) or isinstance(kind, pa.BaseExtensionType) or pa.types.is_nested(kind):
        return pa.array([_text(value, kind) for value in array.to_pylist()], type=pa.string())
    return array


def _timestamp(array: pa.Array) -> pa.Array:
    """Seconds and nanoseconds, as the connector reads a timestamp."""
    micros = array.cast(pa.timestamp("us", tz=array.type.tz)).cast(pa.int64())
    seconds = pc.floor(pc.divide(micros.cast(pa.float64()), 1_000_000.0)).cast(pa.int64())
    fraction = pc.multiply(pc.subtract(micros, pc.multiply(seconds, 1_000_000)), 1000).cast(pa.int32())
    # A NULL keeps its place in the mask; below the mask there must be some number.
    fields = [pa.field("epoch", pa.int64(), nullable=False), pa.field("fraction", pa.int32(), nullable=False)]
    return pa.StructArray.from_arrays(
        [pc.fill_null(seconds, 0), pc.fill_null(fraction, 0)], fields=fields, mask=pc.is_null(array)
    )


def _text(value: Any, kind: pa.DataType) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if pa.types.is_nested(kind) else str(int(value))
    if isinstance(value, datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=UTC)
        return f"{Decimal((moment - EPOCH) // timedelta(microseconds=1)).scaleb(-6):.9f}"
    if isinstance(value, date):
        return str((value - EPOCH.date()).days)
    if isinstance(value, time):
        return f"{value.hour * 3600 + value.minute * 60 + value.second}.{value.microsecond:06d}000"
    if isinstance(value, bytes):
        return value.hex().upper()
    if isinstance(value, list | dict):
        return json.dumps(value, default=str)
    return str(value)


def bound(bindings: dict[str, dict[str, Any]] | None) -> tuple[list[Any] | None, list[list[Any]] | None]:
    """The bind variables of a statement, or the rows of them when there are many. By position only."""
    if not bindings:
        return None, None
    ordered = [bindings[str(i)] for i in range(1, len(bindings) + 1)]
    if any(isinstance(one["value"], list) for one in ordered):
        columns = [[_value(one["type"], value) for value in one["value"]] for one in ordered]
        return None, [list(row) for row in zip(*columns, strict=True)]
    return [_value(one["type"], one["value"]) for one in ordered], None


def _value(kind: str, value: str | None) -> Any:
    return value if value is None else _FROM_TEXT.get(kind, str)(value)


def _offset(value: str) -> datetime:
    nanos, offset = value.split(" ")
    zone = timezone(timedelta(minutes=int(offset) - 1440))
    return (EPOCH + timedelta(microseconds=int(nanos) // 1000)).astimezone(zone)


_FROM_TEXT: dict[str, Callable[[str], Any]] = {
    "FIXED": lambda value: Decimal(value) if "." in value else int(value),
    "REAL": float,
    "BOOLEAN": lambda value: value.lower() == "true",
    "BINARY": binascii.unhexlify,
    "DATE": lambda value: (EPOCH + timedelta(milliseconds=int(value))).date(),
    "TIME": lambda value: (EPOCH + timedelta(microseconds=int(value) // 1000)).time(),
    "TIMESTAMP_NTZ": lambda value: (EPOCH + timedelta(microseconds=int(value) // 1000)).replace(tzinfo=None),
    "TIMESTAMP_LTZ": lambda value: EPOCH + timedelta(microseconds=int(value) // 1000),
    "TIMESTAMP_TZ": _offset,
}
