"""The names of everything in a lake, in one place.

_lake.json                                                        where the data comes from
raw/<entity>/snapshot_date=D/<capture_id>-NNN.jsonl.gz            answers, one item a line
raw/_captures/snapshot_date=D/<capture_id>.json                   manifest: the commit of a capture
raw/_log/<UTC commit time>~<D>~<capture_id>                       wake-up, empty
raw/_gaps/snapshot_date=D/gap.json                                why a date was closed without a capture
raw/_purged/snapshot_date=D/<zone>.json                           that a date was removed from a zone: raw or curated
raw/_checkpoints/<capture_id>.json                                how far a capture is that has no manifest yet
raw/_clients/<client>/account.json                                what is known of a client id: its mode, its pace
raw/_clients/<client>/spent/<UTC time>~<family>~<n>~<id>          n requests reserved, empty
raw/_clients/<client>/closed/<UTC time>~<family>                  closed to us until then, empty
raw/_names/<name>.json                                            which artist a watched name is
curated/<table>/snapshot_date=D/batch_id=B/part-*.parquet         a table's rows of a date
curated/_staging/<work>/<attempt>/…                               what a Glue job reads and writes, until publishing
_pipes/<work>/<attempt>/<n>.json                                  what a Glue job tells
curated/_published/snapshot_date=D/<seq>.json                     which batch of a date readers see
curated/_withheld/snapshot_date=D/<inputs>.json                   why a date's newest inputs were not published
curated/_accepted/snapshot_date=D/<captures>.json                 that a person takes a date's captures as they are
marts/<mart>/build_id=B/<part>.parquet                            a mart's rows, of a month or all
marts/_published/<seq>.json                                       which build readers see
operations/platform_cost/usage_date=D/rows.parquet                what a day cost, reckoned again for some days
report/report.html                                                the report, where the lake is a bucket
"""

import hashlib
import re
from datetime import UTC, date, datetime

LAKE = "_lake.json"
CAPTURES = "raw/_captures"
LOG = "raw/_log"
CHECKPOINTS = "raw/_checkpoints"
CLIENTS = "raw/_clients"
GAPS = "raw/_gaps"
PURGED = "raw/_purged"
PUBLISHED = "curated/_published"
WITHHELD = "curated/_withheld"
ACCEPTED = "curated/_accepted"
MARTS = "marts"
MARTS_PUBLISHED = "marts/_published"
COST = "operations/platform_cost"
REPORT = "report/report.html"

_LOG_TIME = "%Y%m%dT%H%M%S.%fZ"
_DATE = re.compile(r"snapshot_date=(\d{4}-\d\d-\d\d)")


def day(snapshot_date: date) -> str:
    """The folder name of a date."""
    return f"snapshot_date={snapshot_date.isoformat()}"


def date_in(key: str) -> date:
    """The date that a key's folder names. Raises ValueError for a key without one."""
    found = _DATE.search(key)
    if not found:
        raise ValueError(f"{key}: no snapshot_date=… in it")
    return date.fromisoformat(found[1])


def chunk(entity: str, snapshot_date: date, capture_id: str, number: int) -> str:
    """A raw file: the `number`-th chunk of an entity in a capture."""
    return f"raw/{entity}/{day(snapshot_date)}/{capture_id}-{number:03d}.jsonl.gz"


def manifest(snapshot_date: date, capture_id: str) -> str:
    """A capture's manifest."""
    return f"{CAPTURES}/{day(snapshot_date)}/{capture_id}.json"


def gap(snapshot_date: date) -> str:
    """Why a date was closed without a capture."""
    return f"{GAPS}/{day(snapshot_date)}/gap.json"


def purged(snapshot_date: date, zone: str) -> str:
    """That a date was removed from a zone."""
    return f"{PURGED}/{day(snapshot_date)}/{zone}.json"


def checkpoint(capture_id: str) -> str:
    """How far an unfinished capture is."""
    return f"{CHECKPOINTS}/{capture_id}.json"


def account(client: str) -> str:
    """What is known of a client id."""
    return f"{CLIENTS}/{client}/account.json"


def spent(client: str) -> str:
    """The folder of a client id's reserved requests."""
    return f"{CLIENTS}/{client}/spent"


def closed(client: str) -> str:
    """The folder of what is closed to a client id for a time."""
    return f"{CLIENTS}/{client}/closed"


def artist_name(name: str) -> str:
    """Which artist a watched name is; names of any script make a key."""
    return f"raw/_names/{hashlib.sha256(name.casefold().encode()).hexdigest()[:32]}.json"


def at(moment: datetime) -> str:
    """A moment as keys carry it; keys sort by it."""
    return moment.astimezone(UTC).strftime(_LOG_TIME)


def moment(text: str) -> datetime:
    """The moment that `at` wrote."""
    return datetime.strptime(text, _LOG_TIME).replace(tzinfo=UTC)


def log_entry(committed_at: datetime, snapshot_date: date, capture_id: str) -> str:
    """A capture's wake-up; keys sort by the time of the commit."""
    return f"{log_start(committed_at)}~{snapshot_date.isoformat()}~{capture_id}"


def log_start(moment: datetime) -> str:
    """What the wake-ups of captures committed at `moment` begin with."""
    return f"{LOG}/{at(moment)}"


def log_time(entry: str) -> datetime:
    """When the capture of a wake-up was committed."""
    return moment(name(entry).split("~")[0])


def log_subject(entry: str) -> tuple[date, str]:
    """Which date and capture a wake-up is about."""
    _, day, capture_id = name(entry).split("~", 2)
    return date.fromisoformat(day), capture_id


def part(table: str, snapshot_date: date, batch_id: str, number: int) -> str:
    """A Parquet file of a curated table."""
    return f"curated/{table}/{day(snapshot_date)}/batch_id={batch_id}/part-{number}.parquet"


def published(snapshot_date: date, seq: int) -> str:
    """The `seq`-th publish record of a date, from 1."""
    return f"{PUBLISHED}/{day(snapshot_date)}/{seq:06d}.json"


def withheld(snapshot_date: date, inputs: str) -> str:
    """The reasons why `inputs` (a fingerprint of captures and code) of a date were withheld."""
    return f"{WITHHELD}/{day(snapshot_date)}/{inputs}.json"


def accepted(snapshot_date: date, captures: str) -> str:
    """That a person takes a date's captures (a fingerprint of them) as they are."""
    return f"{ACCEPTED}/{day(snapshot_date)}/{captures}.json"


def mart(name: str, build_id: str, part: str) -> str:
    """A Parquet file of a mart: of the month `part`, or of all its rows."""
    return f"{MARTS}/{name}/build_id={build_id}/{part}.parquet"


def marts_published(seq: int) -> str:
    """The `seq`-th record of published marts, from 1."""
    return f"{MARTS_PUBLISHED}/{seq:06d}.json"


def cost(usage_date: date) -> str:
    """What a day cost."""
    return f"{COST}/usage_date={usage_date.isoformat()}/rows.parquet"


def name(key: str) -> str:
    """The last part of a key without its extension."""
    return key.rsplit("/", 1)[-1].split(".json")[0]
