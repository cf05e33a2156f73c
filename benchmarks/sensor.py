"""What the sensors' looks at a bucket cost: a tick with a thousand captures and with a million, and a reconcile.

A tick is asked to be one LIST and no GET, and to take as long with a million captures as with a thousand. Their wake-up
log, one capture a minute, is answered by a small server of S3's ListObjectsV2 that finds a place by bisection. Moto's
would not do: it looks at every key of a bucket for each LIST, which takes 1.6 ms with a thousand keys, 14 ms with ten
thousand, 0.19 s with a hundred thousand and 2.3 s with a million, which take 3.7 GB (in its process, without HTTP), so
that its time would be measured and not the tick's. With a thousand keys both are asked the same, and must answer alike.

The reconcile looks at a thousand days on moto, whose own work is most of its time. Ends with 1 where what is asked does
not hold. `make bench-sensor`
"""

import argparse
import logging
import os
import sys
import time
import xml.etree.ElementTree as ET
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from statistics import median
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qs, urlencode
from urllib.request import Request, urlopen
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import dagster as dg
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from rich.console import Console
from rich.table import Table
from werkzeug.serving import WSGIRequestHandler, make_server

from spotify_platform.automation.reconcile import reconcile
from spotify_platform.automation.sensor import raw_zone
from spotify_platform.contracts.curated import CURATED
from spotify_platform.contracts.raw import ENTITIES
from spotify_platform.lake import Lake, keys
from spotify_platform.lake.captures import Manifest
from spotify_platform.lake.publishing import Audit, PublishedFile, PublishRecord
from spotify_platform.marts.build import MartsRecord
from spotify_platform.resources.platform import LakeResource

FEW, MANY = 1_000, 1_000_000
BURST = 3_000  # captures in five minutes
MOST_RATIO = 1.5
DAYS = 1_000
BEHIND = (100, 500, 900)  # days of them with a capture that is not published

KINDS = ("LIST", "GET", "PUT", "HEAD")
PAGE = 1000
FIRST_TICKS = 3

LOG_BUCKET, DAYS_BUCKET = "log", "days"
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
FIRST_DAY = date(2026, 1, 1)


@dataclass(frozen=True)
class Row:
    """One line of the table. `good`: None where nothing was asked for."""

    what: str
    captures: int
    requests: dict[str, int]
    seconds: float
    ratio: float | None = None  # of the seconds, to those with a thousand captures
    good: bool | None = None


@dataclass(frozen=True)
class Measured:
    """What some work returned and took: seconds, and requests by kind."""

    result: Any
    seconds: float
    requests: dict[str, int]


# -- servers -----------------------------------------------------------------------------------------------------------


class Server:
    """An application on loopback; `asked` counts its requests by kind."""

    def __init__(self, application: WSGIApplication) -> None:
        self.asked: Counter[str] = Counter()
        self._application, self._lock = application, Lock()
        self._http = make_server("127.0.0.1", 0, self._answer, threaded=True, request_handler=_Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        Thread(target=self._http.serve_forever, daemon=True).start()

    def _answer(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        kind = "LIST" if "list-type=2" in environ["QUERY_STRING"] else environ["REQUEST_METHOD"]
        with self._lock:
            self.asked[kind] += 1
        return self._application(environ, start_response)

    def close(self) -> None:
        """Stop it."""
        self._http.shutdown()
        self._http.server_close()


class _Handler(WSGIRequestHandler):
    """Connections that stay open, as S3's do, and whose short packets do not wait for each other."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_request(self, *_: object) -> None:
        """Nothing is told of a request."""


@contextmanager
def served(application: WSGIApplication) -> Iterator[Server]:
    """An application on loopback."""
    server = Server(application)
    try:
        yield server
    finally:
        server.close()


def ask(server: Server) -> None:
    """Let the lakes that this process opens from now on ask this server."""
    os.environ |= {
        "AWS_ENDPOINT_URL": server.url,
        "AWS_ALLOW_HTTP": "true",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "nobody",
        "AWS_SECRET_ACCESS_KEY": "nothing",
    }


def measured(server: Server, work: Callable[[], Any]) -> Measured:
    """Do some work that asks this server."""
    ask(server)
    before, start = server.asked.copy(), time.perf_counter()
    result = work()
    return Measured(result, time.perf_counter() - start, dict(server.asked - before))


class Log:
    """The bucket of a wake-up log: so many captures at a pace, of a thousand days in turn.

    Its keys are made when they are asked for, so that a million take no memory.
    """

    def __init__(self, captures: int, every: timedelta = timedelta(minutes=1)) -> None:
        self.captures, self._every = captures, every
        self.since = 0  # what is before is not shown

    def __len__(self) -> int:
        """How many keys are shown."""
        return self.captures - self.since

    def __getitem__(self, index: int) -> str:
        """A key that is shown."""
        number = self.since + index
        return keys.log_entry(BEGAN + number * self._every, FIRST_DAY + timedelta(number % DAYS), f"c{number:07d}")

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer ListObjectsV2; to whatever else is asked, nothing is there."""
        query = {name: values[0] for name, values in parse_qs(environ["QUERY_STRING"]).items()}
        if query.get("list-type") != "2" or "delimiter" in query:
            start_response("404 Not Found", [("Content-Length", "0")])
            return [b""]
        prefix, most = query.get("prefix", ""), int(query.get("max-keys", PAGE))
        after = query.get("continuation-token") or query.get("start-after", "")
        first = max(bisect_left(self, prefix), bisect_right(self, after))
        end = bisect_left(self, f"{prefix}\U0010ffff")
        found = [self[index] for index in range(first, min(end, first + most))]
        body = _listing(prefix, found, most, more=end > first + most).encode()
        start_response("200 OK", [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
        return [body]


def _listing(prefix: str, found: Sequence[str], most: int, *, more: bool) -> str:
    """S3's answer; no key of a wake-up log has a letter that XML escapes."""
    about = (
        "<LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>&quot;d41d8cd98f00b204e9800998ecf8427e&quot;</ETag>"
        "<Size>0</Size><StorageClass>STANDARD</StorageClass>"
    )
    contents = "".join(f"<Contents><Key>{key}</Key>{about}</Contents>" for key in found)
    token = f"<NextContinuationToken>{found[-1]}</NextContinuationToken>" if more else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<Name>{LOG_BUCKET}</Name><Prefix>{prefix}</Prefix><MaxKeys>{most}</MaxKeys><KeyCount>{len(found)}</KeyCount>"
        f"<IsTruncated>{str(more).lower()}</IsTruncated>{token}{contents}</ListBucketResult>"
    )


Logged = tuple[Log, Server]


# -- the server against moto -------------------------------------------------------------------------------------------


def check_against_moto(instance: dg.DagsterInstance, log: Log, ours: Server, moto: Server) -> int:
    """Ask both the same of the same keys; returns how many answers were alike, and ends the program at one that is not.

    What is asked: pages from different places on, and the first ticks of a sensor.
    """
    create_bucket(moto, LOG_BUCKET)
    put_all(Lake(f"s3://{LOG_BUCKET}"), {log[index]: b"" for index in range(len(log))})
    middle, between = log[len(log) // 2], keys.log_start(BEGAN + timedelta(minutes=500, seconds=30))
    questions = [
        {"prefix": f"{prefix}/", "start-after": after, "max-keys": str(most)}
        for prefix in (keys.LOG, "raw", keys.CAPTURES)
        for after in ("", log[0], middle, middle[:-3], between, log[len(log) - 1], "z")
        for most in (PAGE, 300, 7)
    ]
    for question in questions:
        if pages(ours, question) != pages(moto, question):
            raise SystemExit(f"The server of this benchmark and moto's answer {question} in different ways.")
    cursor: str | None = None
    for _ in range(FIRST_TICKS):
        one, other = (measured(server, partial(tick, instance, cursor)) for server in (ours, moto))
        if (one.result, one.requests) != (other.result, other.requests):
            raise SystemExit(f"A tick at {cursor} differs between the server of this benchmark and moto's.")
        cursor = one.result[0]
    return len(questions) + FIRST_TICKS


def pages(server: Server, question: dict[str, str]) -> list[tuple[list[tuple[str, str]], str]]:
    """A listing page by page, up to three: the keys with their sizes, and whether there is more."""
    found: list[tuple[list[tuple[str, str]], str]] = []
    asked = {"list-type": "2", **{name: value for name, value in question.items() if value}}
    while len(found) < 3:
        with urlopen(f"{server.url}/{LOG_BUCKET}?{urlencode(asked)}") as answer:
            tree = ET.fromstring(answer.read())
        entries = [(one.findtext("{*}Key", ""), one.findtext("{*}Size", "")) for one in tree.findall("{*}Contents")]
        found.append((entries, tree.findtext("{*}IsTruncated", "")))
        token = tree.findtext("{*}NextContinuationToken")
        if not token:
            break
        asked["continuation-token"] = token
    return found


# -- ticks -------------------------------------------------------------------------------------------------------------


def tick(instance: dg.DagsterInstance, cursor: str | None) -> tuple[str | None, list[str | None]]:
    """One tick of the raw-zone sensor: its cursor, and the keys of the runs that it asks for."""
    context = dg.build_sensor_context(instance, cursor)
    result = raw_zone(context, lake=LakeResource(url=f"s3://{LOG_BUCKET}"))
    if isinstance(result, dg.SkipReason):
        return cursor, []
    assert isinstance(result, dg.SensorResult)
    return result.cursor, [request.run_key for request in result.run_requests or []]


def measure_ticks(instance: dg.DagsterInstance, few: Logged, many: Logged, rounds: int) -> list[Row]:
    """The first tick, one with nothing new and one with a new capture, on both logs in turns."""
    ends = [end_cursor(instance, *logged) for logged in (few, many)]
    rows: list[Row] = []
    for what, cursors, new in (
        ("first tick", [None, None], 0),
        ("nothing new", ends, 0),
        ("one new capture", ends, 1),
    ):
        took: list[list[Measured]] = [[], []]
        for _ in range(rounds + 1):  # the first round imports what it needs
            for (log, server), cursor, taken in zip((few, many), cursors, took, strict=True):
                log.captures += new
                taken.append(measured(server, partial(tick, instance, cursor)))
                log.captures -= new
                _, runs = taken[-1].result
                assert len(runs) == (0 if cursor and not new else 1), runs
        seconds = [median(one.seconds for one in taken[1:]) for taken in took]
        for (log, _), taken, middle in zip((few, many), took, seconds, strict=True):
            alike = all(one.requests == {"LIST": 1} for one in taken)
            ratio = middle / seconds[0]
            rows.append(Row(what, log.captures, taken[-1].requests, middle, ratio, alike and ratio <= MOST_RATIO))
    return rows


def end_cursor(instance: dg.DagsterInstance, log: Log, server: Server) -> str | None:
    """The cursor of a sensor that has read a log to its end: it is shown the last thousand captures only."""
    log.since = log.captures - PAGE
    ask(server)
    cursor, _ = tick(instance, None)
    log.since = 0
    return cursor


def measure_burst(instance: dg.DagsterInstance, log: Log, server: Server, rounds: int) -> Row:
    """A tick with nothing new after an import of many captures at once, all in the minutes that are looked at again."""
    ask(server)
    cursor, runs = tick(instance, None)
    while runs:
        cursor, runs = tick(instance, cursor)
    took = [measured(server, partial(tick, instance, cursor)) for _ in range(rounds)]
    return Row("… after an import", log.captures, took[-1].requests, median(one.seconds for one in took))


# -- reconcile ---------------------------------------------------------------------------------------------------------


def measure_reconcile(instance: dg.DagsterInstance, moto: Server, rounds: int) -> list[Row]:
    """The reconcile of a thousand published days: with nothing missing, and with three captures that came since."""
    create_bucket(moto, DAYS_BUCKET)
    lake = Lake(f"s3://{DAYS_BUCKET}")
    days = [FIRST_DAY + timedelta(number) for number in range(DAYS)]
    put_all(lake, dict(content for day in days for content in published_day(day)))
    batches = {day: f"b-{day}" for day in days}
    marts = MartsRecord(seq=1, build_id="b", inputs="i", batches=batches, built_at=BEGAN, files=[])
    lake.put(keys.marts_published(1), marts.model_dump_json(indent=1).encode())
    rows = []
    for missing in ([], [days[number] for number in BEHIND]):
        put_all(lake, dict(manifest(day, "c2") for day in missing))
        took = [measured(moto, partial(reconciled, instance, lake.url)) for _ in range(rounds + 1)][1:]
        seconds, found = median(one.seconds for one in took), took[-1].result
        what = f"reconcile, {len(missing) or 'none'} missing"
        rows.append(Row(what, DAYS + len(missing), took[-1].requests, seconds, None, found == missing))
    return rows


def reconciled(instance: dg.DagsterInstance, url: str) -> list[date]:
    """One tick of the reconcile: the days that it asks for."""
    result = reconcile(dg.build_sensor_context(instance), lake=LakeResource(url=url))
    assert isinstance(result, dg.SensorResult)
    tags = (request.tags["dagster/asset_partition_range_start"] for request in result.run_requests or [])
    return sorted(map(date.fromisoformat, tags))


def published_day(day: date) -> Iterator[tuple[str, bytes]]:
    """A day's manifest and its publish record, with their keys; the record is as long as a real one, 10 kB."""
    yield manifest(day, "c1")
    files = [
        PublishedFile(
            table=table.name, path=keys.part(table.name, day, f"b-{day}", 0), rows=1, bytes=1, sha256=f"{1:064x}"
        )
        for table in CURATED
    ]
    record = PublishRecord(
        snapshot_date=day,
        seq=1,
        batch_id=f"b-{day}",
        captures=["c1"],
        fingerprint="f",
        published_at=BEGAN,
        files=files,
        audit=Audit(),
        fields={entity.name: {f"field_{number:02d}": "string" for number in range(55)} for entity in ENTITIES},
    )
    yield keys.published(day, 1), record.model_dump_json(indent=1).encode()


def manifest(day: date, capture: str) -> tuple[str, bytes]:
    """A small capture's manifest, with its key."""
    about = Manifest(
        capture_id=capture,
        snapshot_date=day,
        captured_at=BEGAN,
        committed_at=BEGAN,
        source="spotify",
        files=[],
        made_by={},
    )
    return keys.manifest(day, capture), about.model_dump_json(indent=1).encode()


def create_bucket(server: Server, name: str) -> None:
    """Create a bucket on moto, and let lakes ask there."""
    ask(server)
    urlopen(Request(f"{server.url}/{name}", method="PUT")).close()


def put_all(lake: Lake, contents: dict[str, bytes]) -> None:
    """Put many small objects."""
    with ThreadPoolExecutor(8) as pool:
        for _ in pool.map(lake.put, contents.keys(), contents.values()):
            pass


# -- all of it ---------------------------------------------------------------------------------------------------------


def main() -> int:
    """Measure and print the table; returns 1 where what is asked does not hold."""
    parser = argparse.ArgumentParser(description="What the sensors' looks at a bucket cost.")
    parser.add_argument("--ticks", type=int, default=51, help="how often a tick is measured (51)")
    parser.add_argument("--reconciles", type=int, default=3, help="how often a reconcile is measured (3)")
    options = parser.parse_args()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    console, began = Console(), time.monotonic()
    few, many, burst = Log(FEW), Log(MANY), Log(BURST, every=timedelta(milliseconds=100))
    with (
        dg.DagsterInstance.ephemeral() as instance,
        served(DomainDispatcherApplication(create_backend_app)) as moto,
        served(few) as few_server,
        served(many) as many_server,
        served(burst) as burst_server,
    ):
        alike = check_against_moto(instance, few, few_server, moto)
        rows = measure_ticks(instance, (few, few_server), (many, many_server), options.ticks)
        rows.append(measure_burst(instance, burst, burst_server, options.ticks))
        rows += measure_reconcile(instance, moto, options.reconciles)
    title = f"Looks at a bucket; of a tick is asked: one LIST, no more, and ≤ {MOST_RATIO} × the time with a million"
    load = " ".join(f"{one:.1f}" for one in os.getloadavg())
    caption = (
        f"Medians of {options.ticks} ticks and {options.reconciles} reconciles. The server of the log and moto's were "
        f"asked the same {alike} times with {FEW:,} captures, and answered alike.\n{time.monotonic() - began:.0f} s; "
        f"{os.cpu_count()} cores, load {load} in the last 1, 5 and 15 minutes"
    )
    table = Table("", "captures", *KINDS, "ms", "ratio", "", title=title, caption=caption)
    for row in rows:
        counts = [f"{row.requests.get(kind, 0):,}" for kind in KINDS]
        ratio = f"{row.ratio:.2f}" if row.ratio else "–"
        verdict = {True: "ok", False: "short", None: ""}[row.good]
        table.add_row(row.what, f"{row.captures:,}", *counts, f"{row.seconds * 1000:,.1f}", ratio, verdict)
    console.print(table)
    return int(any(row.good is False for row in rows))


if __name__ == "__main__":
    sys.exit(main())
