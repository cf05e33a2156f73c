"""`spotify-platform`: the command line. Commands say which home they speak to and call a room; errors are one line."""

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from spotify_platform.contracts.errors import InputError, PlatformError, UnfinishedError

if TYPE_CHECKING:
    from spotify_platform.cost.forecast import Expected
    from spotify_platform.home import Home

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Spotify's artists, albums, tracks and charts: captured, curated, and answered in SQL. "
    "Start with `spotify-platform demo`; it needs no account.",
)
_BEGIN = "Begin with `demo`, `import` or `capture`."

import_app = typer.Typer(no_args_is_help=True, help="Bring in data that you already have.")
app.add_typer(import_app, name="import")

warehouse_app = typer.Typer(no_args_is_help=True, help="The objects in Snowflake (docs/snowflake.md).")
app.add_typer(warehouse_app, name="warehouse")

powerbi_app = typer.Typer(no_args_is_help=True, help="The Power BI project in `powerbi/` (docs/powerbi.md).")
app.add_typer(powerbi_app, name="powerbi")


@contextmanager
def _one_line_errors() -> Iterator[None]:
    from obstore.exceptions import BaseError as LakeFault

    from spotify_platform.console import err

    try:
        yield
    except LakeFault as error:
        first = str(error).strip().splitlines()[0]
        err.print(f"[red]Error:[/red] the lake did not answer: {first}", highlight=False, soft_wrap=True)
        raise typer.Exit(1) from None
    except PlatformError as error:
        err.print(f"[red]Error:[/red] {escape(str(error))}", highlight=False, soft_wrap=True)
        raise typer.Exit(1) from None


def _command(target: typer.Typer) -> Callable[[Callable[..., None]], Callable[..., None]]:
    def register(function: Callable[..., None]) -> Callable[..., None]:
        @wraps(function)
        def guarded(*args: Any, **kwargs: Any) -> None:
            with _one_line_errors():
                function(*args, **kwargs)

        return target.command(function.__name__.strip("_"))(guarded)

    return register


Seed = Annotated[int, typer.Option(help="Another seed makes another catalogue with the same kinds of stories.")]
Artists = Annotated[int, typer.Option(min=24, max=100_000, help="How many artists the catalogue has.")]


@_command(app)
def demo(
    days: Annotated[int, typer.Option(min=1, max=365, help="Days up to yesterday.")] = 60,
    artists: Artists = 40,
    seed: Seed = 7,
) -> None:
    """Run everything once on invented data: an offline Spotify over HTTP, 60 days, to the marts. No account needed."""
    from spotify_platform import demo as room
    from spotify_platform.console import bars, err, show_home
    from spotify_platform.home import demo_home
    from spotify_platform.summary import print_summary

    home = demo_home()
    show_home(home)
    plan = room.prepare(home, days=days, artists=artists, seed=seed)
    files = room.import_chart_files(home, plan)
    err.print(f"Imported {files} chart files; capturing {plan.first} to {plan.last} from the sandbox.", highlight=False)
    with bars(["capture", "publish"], days) as progress:
        outcome = room.run(home, plan, progress)
    _stop_on_failure(outcome.failures)
    print_summary(home)


@_command(app)
def sandbox(
    artists: Artists = 40,
    seed: Seed = 7,
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 8765,
    mode: Annotated[str, typer.Option(help="extended or development: what a client id is offered.")] = "extended",
    oddities: Annotated[
        bool, typer.Option("--oddities", help="Answers with what real ones have: nulls, gaps.")
    ] = False,
    faults: Annotated[float, typer.Option(min=0, max=1, help="How likely a request goes wrong.")] = 0.0,
    rate: Annotated[float | None, typer.Option(help="Requests a second, over 30 seconds; more are refused.")] = None,
    latency: Annotated[float, typer.Option(min=0, help="Seconds that an answer takes.")] = 0.0,
) -> None:
    """Serve the offline Spotify on 127.0.0.1 until Ctrl-C, for your own experiments with spotipy or curl."""
    from spotify_platform.console import err
    from spotify_platform.sandbox import Behaviour, Catalogue, Faults, run_forever

    if mode not in ("extended", "development"):
        raise InputError(f"--mode {mode}: not known. Give extended or development.")
    behaviour = Behaviour(
        mode="development" if mode == "development" else "extended",
        oddities=oddities,
        latency=latency,
        requests_per_second=rate,
        faults=Faults(probability=faults),
    )

    today = datetime.now(UTC).date()
    _free(port)
    err.print(
        f"Spotify's Web API for today at http://127.0.0.1:{port}/v1/, for another day at "
        f"http://127.0.0.1:{port}/days/{today - timedelta(days=30)}/v1/; tokens at /api/token, any id and secret.",
        highlight=False,
        soft_wrap=True,
    )
    run_forever(Catalogue(seed=seed, artists=artists, anchor=today), port, behaviour)


@_command(app)
def watchlist() -> None:
    """Print the example of a watchlist, with comments: `spotify-platform watchlist > watchlist.yaml`."""
    from spotify_platform.extract.watchlist import EXAMPLE

    print(EXAMPLE.read_text("utf-8"), end="")


@_command(app)
def plan() -> None:
    """Say what a capture of the watchlist would cost today: requests, time, budget. It asks Spotify nothing."""
    from spotify_platform.console import print_plan, show_home
    from spotify_platform.extract.plan import plan as plan_of
    from spotify_platform.home import live_home
    from spotify_platform.resources.spotify import session
    from spotify_platform.settings import read_settings

    home = live_home()
    show_home(home)
    print_plan(plan_of(session(home.lake(), read_settings())))


@_command(app)
def capture(
    day: Annotated[
        datetime | None,
        typer.Option("--date", formats=["%Y-%m-%d"], help="A day of the sandbox. Spotify itself serves only today."),
    ] = None,
    commit_partial: Annotated[
        bool, typer.Option("--commit-partial", help="Commit what unfinished captures hold, as partial; ask nothing.")
    ] = False,
) -> None:
    """Capture a day: from Spotify where SPOTIPY_CLIENT_ID and SPOTIPY_CLIENT_SECRET are set, else from the sandbox.

    What to watch is in watchlist.yaml, or where SPOTIFY_PLATFORM_WATCHLIST says. An interrupted capture is gone on
    with; a finished one is not made twice.
    """
    from spotify_platform.console import capturing, out, print_capture, program, show_home
    from spotify_platform.home import demo_home, go_live, live_home
    from spotify_platform.resources.spotify import SpotifyResource
    from spotify_platform.settings import read_settings

    settings = read_settings()
    real = settings.has_credentials
    if not real and (settings.client_id or settings.client_secret):
        raise InputError("Set both SPOTIPY_CLIENT_ID and SPOTIPY_CLIENT_SECRET to capture what you watch on Spotify.")
    if not real and not commit_partial and live_home().has_data:
        raise InputError(
            "This home holds real data; without credentials only the sandbox can be captured, which never mixes with "
            "it. Set SPOTIPY_CLIENT_ID and SPOTIPY_CLIENT_SECRET, or another SPOTIFY_PLATFORM_HOME."
        )
    home = live_home() if real or (commit_partial and live_home().has_data) else demo_home()
    show_home(home)
    if commit_partial:
        _commit_partial(home)
        return
    wanted = day.date() if day else datetime.now(UTC).date()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # both end in order
    try:
        with capturing(wanted) as (tell, began):
            source = SpotifyResource().capturing(home.lake(), {"command": "capture"}, go_live, tell=tell)
            with source as capture_date:
                manifest = capture_date(wanted)
    except KeyboardInterrupt:
        raise UnfinishedError("Stopped. What came is kept; the same command goes on from there.") from None
    print_capture(manifest, "Spotify" if real else "the sandbox (invented data)", new=manifest.committed_at >= began)
    out.print(f"Next: {program()} run", highlight=False, soft_wrap=True)


def _commit_partial(home: "Home") -> None:
    from spotify_platform.console import out, print_capture
    from spotify_platform.extract.capture import close_captures

    closed = close_captures(home.lake())
    for manifest in closed:
        print_capture(manifest, manifest.source.capitalize(), new=True)
    if not closed:
        out.print("No capture is unfinished.")


Again = Annotated[bool, typer.Option("--again", help="Import dates that were purged, too.")]


@_command(import_app)
def charts(
    files: Annotated[list[Path], typer.Argument(help="CSV files, plain or gzip.")], again: Again = False
) -> None:
    """Import chart files: downloads of charts.spotify.com, or archives with many days and markets in a file.

    A download is named regional-<market>-daily-<date>.csv; an archive has the columns snapshot_date and market.
    """
    from spotify_platform.extract.charts import import_charts

    _import(lambda **common: import_charts(files=files, **common), again)


@_command(import_app)
def playlists(
    files: Annotated[list[Path], typer.Argument(help="JSON files as the API gave them, plain or gzip.")],
    snapshot_date: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="The day (UTC) on which the playlists were fetched.")
    ],
    again: Again = False,
) -> None:
    """Import playlists: answers of GET /playlists/{id} that you kept."""
    from spotify_platform.extract.playlists import import_playlists

    _import(lambda **common: import_playlists(files=files, snapshot_date=snapshot_date.date(), **common), again)


def _import(read: Callable[..., Any], again: bool) -> None:
    from spotify_platform.console import err, out, program, show_home
    from spotify_platform.home import go_live, live_home

    home = live_home()
    show_home(home)
    began = datetime.now(UTC)
    with err.status("Importing …"):
        manifests = read(lake=home.lake(), today=datetime.now(UTC).date(), claim=go_live, again=again)
    if not manifests:
        raise InputError("The files hold no items; nothing was imported.")
    new = [manifest for manifest in manifests if manifest.committed_at >= began]
    entries = sum(sum(manifest.items.values()) for manifest in new)
    dates = sorted(manifest.snapshot_date for manifest in new)
    if not new:
        out.print("Nothing new: the lake holds these very entries already.")
        return
    span = str(dates[0]) if len(dates) == 1 else f"{len(dates)} dates, {dates[0]} to {dates[-1]}"
    out.print(f"Imported {entries:,} entries of {span}.", highlight=False)
    out.print(f"Next: {program()} run", highlight=False, soft_wrap=True)


@_command(app)
def run() -> None:
    """Bring every captured date that is not published yet to the marts, one run per contiguous stretch."""
    from spotify_platform.console import EXAMPLE_QUERY, out, program, show_home
    from spotify_platform.home import active_home
    from spotify_platform.load.reader import query as ask
    from spotify_platform.publish import pending_dates

    home = active_home()
    show_home(home)
    if not home.has_data:
        raise InputError(f"Nothing was captured here yet. {_BEGIN}")
    pending = pending_dates(home.lake())
    if not pending:
        out.print("Every captured date is published, loaded and in the marts.")
        return
    _stop_on_failure(_publish(home, pending))
    out.print(f"{len(pending)} {'date is' if len(pending) == 1 else 'dates are'} in the marts.")
    _, ((rejected,),) = ask(home.lake(), "select count(*) from curated.rejects")
    if rejected:
        out.print(f"{rejected} raw lines stand in curated.rejects, with reasons.", highlight=False)
        out.print(f"See: {program()} rejects", highlight=False, soft_wrap=True)
    out.print(f"Next: {program()} query '{EXAMPLE_QUERY}'", highlight=False, soft_wrap=True)


def _publish(home: "Home", days: list[date]) -> list[str]:
    """One run for each contiguous stretch, with progress; returns what failed."""
    from spotify_platform.automation.foreground import run_dates
    from spotify_platform.console import bars
    from spotify_platform.lake.captures import stretches

    failures: list[str] = []
    with bars(["publish"], len(days)) as progress:
        for stretch in stretches(days):
            outcome = run_dates(home, "publish", stretch[0], stretch[-1], progress)
            failures += outcome.failures
            if not outcome.success and not outcome.failures:
                failures.append(f"The run of {stretch[0]} to {stretch[-1]} failed outside its steps; its log says why.")
    return failures


@_command(app)
def backfill(
    first: Annotated[
        datetime | None,
        typer.Argument(metavar="FROM", formats=["%Y-%m-%d"], show_default=False, help="The first snapshot date."),
    ] = None,
    last: Annotated[
        datetime | None,
        typer.Argument(metavar="TO", formats=["%Y-%m-%d"], show_default=False, help="The last snapshot date."),
    ] = None,
    stale: Annotated[
        bool, typer.Option("--stale", help="Only dates that another version of the code curated, of all or in FROM–TO.")
    ] = False,
) -> None:
    """Curate, load and build past dates from what was captured, one run per contiguous stretch.

    Dates without a capture are named first: Spotify serves only the present, so nothing can be made of them. What is
    published from the same captures by the same code is left as it is.
    """
    from spotify_platform.backfill import plan_backfill
    from spotify_platform.console import out, print_backfill, print_expected, print_gaps, show_home
    from spotify_platform.home import active_home
    from spotify_platform.publish import unread_dates

    if not stale and not (first and last):
        raise InputError("Give the first and the last date, FROM and TO; or --stale.")
    home = active_home()
    show_home(home)
    plan = plan_backfill(home.lake(), first and first.date(), last and last.date(), stale=stale)
    print_gaps(plan)
    if not plan.days:
        out.print("Nothing to do: no captured date is stale." if stale else "Nothing to do: no date can be made again.")
        return
    if (expected := _expected(home, plan.days)).like:
        print_expected(expected, len(plan.days), whole=False)
    failures = _publish(home, plan.days)
    left = unread_dates(home.lake(), plan.days)
    if not left:  # else the dates' own reasons are told
        _stop_on_failure(failures)
    print_backfill(plan, left)
    raise typer.Exit(1 if left else 0)


@_command(app)
def coverage(
    entity: Annotated[str | None, typer.Option(help="One raw entity, artists for instance.")] = None,
    market: Annotated[str | None, typer.Option(help="The charts of one market, GLOBAL for instance.")] = None,
) -> None:
    """Show which dates are there, as a calendar, and why one is partial, withheld, purged or missing."""
    from spotify_platform.console import print_coverage, show_home
    from spotify_platform.contracts.raw import ENTITIES_BY_NAME
    from spotify_platform.home import active_home
    from spotify_platform.lake.ledger import ALL_MARKETS, ledger

    if entity is not None and entity not in ENTITIES_BY_NAME:
        raise InputError(f"--entity {entity}: not known. Give one of {', '.join(ENTITIES_BY_NAME)}.")
    home = active_home()
    show_home(home)
    entries = ledger(home.lake())
    known = sorted({one.market for one in entries} - {ALL_MARKETS})
    market = market.upper() if market else None
    if market and entity not in (None, "chart_entries"):
        raise InputError(f"--market {market}: only charts have markets, {entity} do not. Leave one of the two out.")
    if market and market not in known:
        raise InputError(f"--market {market}: no chart of it was ever captured. Known: {', '.join(known) or 'none'}.")
    wanted = market or ALL_MARKETS
    print_coverage([one for one in entries if one.market == wanted and entity in (None, one.entity)])


@_command(app)
def purge(
    everything: Annotated[
        bool, typer.Option("--everything", help="All of Spotify's content, as its terms demand at the end.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Remove what is older than its retention, superseded batches and orphans; says what first, then asks.

    Retention is set by SPOTIFY_PLATFORM_RETENTION_RAW_DAYS and _CURATED_DAYS. Purged dates stay in the ledger. Dagster
    forgets runs that are older than both.
    """
    from spotify_platform import purge as room
    from spotify_platform.automation.history import forget
    from spotify_platform.automation.instance import open_instance
    from spotify_platform.automation.under_way import dates_under_way
    from spotify_platform.console import out, print_purge, show_home
    from spotify_platform.home import active_home
    from spotify_platform.resources.platform import has_warehouse, warehouse_of
    from spotify_platform.settings import read_settings

    home = active_home()
    show_home(home)
    lake, about = home.lake(), {"asset": "purge"}
    if everything:
        if not yes:
            typer.confirm(f"Remove all data of {home.path} for good?", abort=True)
        with open_instance(home) as instance:
            if busy := dates_under_way(instance):
                raise InputError(f"A run of {min(busy)} is under way: wait for it, or stop it. Nothing was removed.")
        with warehouse_of(home, about, out.print) as warehouse:
            warehouse.clear()
            gone = room.purge_everything(lake, "everything was purged")
        home.forget()
        out.print(f"Removed {gone:,} files of the lake, the warehouse and the reports.", highlight=False)
        out.print(
            f"Dagster's history in {home.dagster} holds counts, messages and the marts' first rows: delete it with "
            "Dagster stopped."
        )
        return
    retention, now = room.Retention.of(read_settings()), datetime.now(UTC)
    plan = room.plan_purge(lake, retention, now)
    print_purge(plan)
    if not plan.empty and not yes:
        typer.confirm("Remove them for good?", abort=True)
    if has_warehouse(home):  # also when nothing is left to remove: a purge that was killed is brought to its end
        with warehouse_of(home, about, out.print) as warehouse:
            room.apply_purge(lake, warehouse, plan)
    else:
        room.apply_purge(lake, None, plan)
    with open_instance(home) as instance:
        forget(instance, lake, retention, now)
    if not plan.empty:
        out.print(f"Removed {plan.summary}.", highlight=False)


@_command(warehouse_app)
def plan_(
    full: Annotated[bool, typer.Option("--sql", help="Print the statements of the scripts that would run.")] = False,
) -> None:
    """Show which scripts `apply` would run in the account: those that are new, and those that have changed."""
    from spotify_platform.console import out
    from spotify_platform.home import live_home
    from spotify_platform.load.snowflake import setup
    from spotify_platform.resources.snowflake import open_session, target_of
    from spotify_platform.settings import read_snowflake_settings

    settings = read_snowflake_settings()
    target = target_of(settings, live_home().lake_url)
    with open_session(settings, settings.admin_role, {"asset": "warehouse plan"}) as session:
        pending = setup.plan(session, target)
    for script in pending:
        out.print(
            script.text if full else f"{script.name}: {script.purpose} ({len(script.statements)} statements)",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
    out.print(f"{len(pending)} scripts to apply." if pending else "Everything is applied.", highlight=False)


@_command(warehouse_app)
def apply() -> None:
    """Make the objects in the account, and print what the AWS side needs to know; twice changes nothing."""
    from spotify_platform.console import out
    from spotify_platform.home import live_home
    from spotify_platform.load.snowflake import setup
    from spotify_platform.resources.snowflake import open_session, target_of
    from spotify_platform.settings import read_snowflake_settings

    settings = read_snowflake_settings()
    target = target_of(settings, live_home().lake_url)
    with open_session(settings, settings.admin_role, {"asset": "warehouse apply"}) as session:
        done = setup.apply(session, target, lambda script: out.print(f"{script.name} applied", highlight=False))
        if not done:
            out.print("Everything is applied.", highlight=False)
        if target.has_pipes:
            values = setup.trust_of(session, target) | {"SnowflakeQueueArn": setup.queue_of(session, target)}
            for name, value in values.items():
                out.print(f"{name}: {value}", markup=False, highlight=False, soft_wrap=True)


@_command(powerbi_app)
def build(
    folder: Annotated[Path, typer.Argument(help="The project's folder.")] = Path("powerbi"),
    check: Annotated[bool, typer.Option("--check", help="Write nothing; name stale files and exit with 1.")] = False,
) -> None:
    """Make the project anew from the marts' contracts, measures and pages; twice changes nothing."""
    from spotify_platform.console import out
    from spotify_platform.powerbi.project import build as write
    from spotify_platform.powerbi.project import stale

    changed = stale(folder) if check else write(folder)
    for path in changed:
        out.print(f"{'stale' if check else 'written'}: {folder / path}", markup=False, highlight=False, soft_wrap=True)
    if check and changed:
        raise InputError(f"{len(changed)} files are stale. Run: spotify-platform powerbi build {folder}")
    if not changed:
        out.print("Every file is up to date.")


@_command(app)
def doctor() -> None:
    """Check the Snowflake account step by step, and say what to do at the first thing that is wrong."""
    from functools import partial

    from spotify_platform.console import out
    from spotify_platform.home import live_home
    from spotify_platform.load.snowflake.doctor import examine
    from spotify_platform.resources.snowflake import listeners_of, open_session, target_of
    from spotify_platform.settings import read_snowflake_settings

    settings, home = read_snowflake_settings(), live_home()
    for finding in examine(
        lambda role: open_session(settings, role, {"asset": "doctor"}),
        target_of(settings, home.lake_url),
        home.lake(),
        partial(listeners_of, home.lake_url),
        settings.deadline_minutes * 60,
    ):
        mark = "[green]✓[/green]" if finding.ok else "[red]✗[/red]"
        out.print(f"{mark} {finding.step}: {escape(finding.found)}", highlight=False, soft_wrap=True)
        if not finding.ok:
            out.print(f"  → {escape(finding.todo)}", highlight=False, soft_wrap=True)
            raise typer.Exit(1)


@_command(app)
def query(
    sql: Annotated[str, typer.Argument(help="One SELECT over the schemas `curated` and `marts`, in DuckDB's SQL.")],
    form: Annotated[str, typer.Option("--format", help="table, csv or json.")] = "table",
) -> None:
    """Ask the published tables and marts in SQL; it only reads, and works while a run is writing."""
    from spotify_platform.console import err, print_rows, show_home
    from spotify_platform.home import active_home
    from spotify_platform.load.reader import query as ask

    if form not in ("table", "csv", "json"):
        raise InputError(f"--format {form}: not known. Give table, csv or json.")
    home = active_home()
    show_home(home)
    if not home.has_data:
        err.print(f"[yellow]Nothing was captured here yet.[/yellow] {_BEGIN}", highlight=False, soft_wrap=True)
    columns, rows = ask(home.lake(), sql)
    print_rows(columns, rows, form)  # type: ignore[arg-type]


# What costs are summed by → the ledger's column.
_BY = {name: name for name in ("asset", "service", "partition", "run", "method")} | {
    "day": "usage_date",
    "type": "usage_type",
}


@_command(app)
def cost(
    by: Annotated[str, typer.Option(help="asset, day, service, type, partition, run or method.")] = "asset",
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The first day; without it the month's first.")
    ] = None,
    backfill: Annotated[
        tuple[datetime, datetime] | None,
        typer.Option(formats=["%Y-%m-%d"], metavar="FROM TO", help="What a backfill of past dates would cost."),
    ] = None,
    form: Annotated[str, typer.Option("--format", help="table, csv or json.")] = "table",
) -> None:
    """Say what the platform used and what that cost, by asset or day; or what a backfill would cost.

    Usage is counted by the platform and told by its providers; prices are list prices (docs/cost.md). The demo's costs
    are what its work would have cost in the cloud. Each row is in operations.platform_cost, for `query`.
    """
    from spotify_platform.automation.foreground import reckon_costs
    from spotify_platform.backfill import plan_backfill
    from spotify_platform.console import print_costs, print_expected, print_gaps, show_home
    from spotify_platform.cost import table
    from spotify_platform.cost.outlook import outlook
    from spotify_platform.home import active_home

    if by not in _BY:
        raise InputError(f"--by {by}: not known. Give one of {', '.join(_BY)}.")
    if form not in ("table", "csv", "json"):
        raise InputError(f"--format {form}: not known. Give table, csv or json.")
    home, today = active_home(), datetime.now(UTC).date()
    show_home(home)
    if not home.has_data:
        raise InputError(f"Nothing was captured here yet. {_BEGIN}")
    _stop_on_failure(reckon_costs(home))
    if backfill:
        first, last = backfill
        plan = plan_backfill(home.lake(), first.date(), last.date())
        print_gaps(plan)
        print_expected(_expected(home, plan.days), len(plan.days), whole=True)
        return
    rows = table.read(home.lake(), since.date() if since else today.replace(day=1))
    # It reads the whole ledger, and is said to people only.
    told = outlook(home.lake(), today) if form == "table" else None
    print_costs(rows, _BY[by], form, told)  # type: ignore[arg-type]


def _expected(home: "Home", days: list[date]) -> "Expected":
    """What a backfill of dates would cost, by the ledger."""
    from spotify_platform.cost import table
    from spotify_platform.cost.forecast import backfill as expected
    from spotify_platform.cost.prices import prices
    from spotify_platform.cost.stored import raw_bytes_by_day
    from spotify_platform.settings import read_cost_settings

    sizes = raw_bytes_by_day(home.lake())
    raw_bytes = sum(sizes.get(str(day), 0) for day in days)
    return expected(table.read(home.lake()), len(days), raw_bytes, prices(read_cost_settings().prices))


@_command(app)
def dashboard(port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 8501) -> None:
    """Serve the dashboard on 127.0.0.1 until Ctrl-C: trends, genres, markets, artists, releases, health of the data."""
    from importlib.util import find_spec

    from spotify_platform.console import show_home
    from spotify_platform.home import active_home

    page = Path(__file__).parents[1] / "dashboard" / "app.py"
    if not page.exists():
        raise InputError(f"{page}: not here. The dashboard is a part of the repository: run this command from it.")
    if find_spec("streamlit") is None:
        raise InputError("Streamlit is not installed. Run: pip install -e '.[dashboard]'")
    _free(port)
    show_home(active_home())
    # What pages need is loaded before the server answers, or the first page would wait two seconds for it.
    import pandas  # noqa: F401
    from streamlit.web.cli import main as streamlit

    import spotify_platform.charts.draw
    import spotify_platform.resources.reading  # noqa: F401
    from spotify_platform.load import reader  # noqa: F401

    streamlit(["run", str(page), "--server.port", str(port)], standalone_mode=False)


def _free(port: int) -> None:
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            raise InputError(f"Port {port} is in use. Give another one with --port.")


@_command(app)
def audit(
    day: Annotated[datetime, typer.Argument(metavar="DATE", formats=["%Y-%m-%d"], help="A snapshot date.")],
    gx: Annotated[
        bool, typer.Option("--gx", help="Ask Great Expectations instead, now, and write its Data Docs.")
    ] = False,
    accept: Annotated[
        bool, typer.Option("--accept", help="Take the date's captures though they give few rows, and publish them.")
    ] = False,
) -> None:
    """Print what the audit of a date found, check by check; exit with 1 when the date is withheld.

    A date is withheld for an error, and published with its warnings. Few rows can be accepted, nothing else.
    """
    from spotify_platform.audits import accept_captures, audit_of
    from spotify_platform.automation.foreground import run_dates
    from spotify_platform.console import bars, out, print_audit, show_home
    from spotify_platform.home import active_home
    from spotify_platform.second_opinion import report

    home, wanted = active_home(), day.date()
    show_home(home)
    if gx:
        told = report(home.lake(), wanted, home.path / "quality")
        for verdict in told.failed:
            out.print(str(verdict.finding), markup=False, highlight=False)
        out.print(
            f"{len(told.verdicts)} expectations, {len(told.failed)} failed. Data Docs: {told.docs}", highlight=False
        )
        raise typer.Exit(1 if told.failed else 0)
    if accept:
        accept_captures(home.lake(), wanted)
        with bars(["publish"], 1) as progress:
            run_dates(home, "publish", wanted, wanted, progress)
    found = audit_of(home.lake(), wanted)
    print_audit(found)
    raise typer.Exit(0 if found.published else 1)


@_command(app)
def rejects(
    day: Annotated[datetime | None, typer.Option("--date", formats=["%Y-%m-%d"], help="One snapshot date.")] = None,
    entity: Annotated[str | None, typer.Option(help="One kind of line, artists for instance.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many lines to show.")] = 20,
    form: Annotated[str, typer.Option("--format", help="table, csv or json.")] = "table",
) -> None:
    """List raw lines that could not be curated, or not wholly, with the reason; the newest dates first.

    They are kept verbatim. When the code can read them, curating their date again makes rows of them.
    """
    from spotify_platform.console import out, print_rows, show_home
    from spotify_platform.contracts.raw import ENTITIES_BY_NAME
    from spotify_platform.home import active_home
    from spotify_platform.load.reader import query as ask

    if form not in ("table", "csv", "json"):
        raise InputError(f"--format {form}: not known. Give table, csv or json.")
    if entity is not None and entity not in ENTITIES_BY_NAME:
        raise InputError(f"--entity {entity}: not known. Give one of {', '.join(ENTITIES_BY_NAME)}.")
    home = active_home()
    show_home(home)
    wanted = [f"snapshot_date = '{day.date()}'"] if day else []
    wanted += [f"entity = '{entity}'"] if entity else []
    where = f"where {' and '.join(wanted)}" if wanted else ""
    _, ((total,),) = ask(home.lake(), f"select count(*) from curated.rejects {where}")
    columns, rows = ask(
        home.lake(),
        f"""select snapshot_date, entity, reason, fields, dropped, capture_id, line from curated.rejects {where}
        order by snapshot_date desc, entity, reason, line limit {limit}""",
    )
    print_rows(columns, rows, form)  # type: ignore[arg-type]
    if form == "table":
        out.print(f"{len(rows)} of {total} lines." if total else "No line was rejected.", highlight=False)


def _stop_on_failure(failures: list[str] | tuple[str, ...]) -> None:
    if failures:
        raise InputError("\n".join(failures))


if __name__ == "__main__":
    app()
