"""The demo's last words: who trends, who rises and falls, where everything lies, what to type next."""

from spotify_platform.console import EXAMPLE_QUERY, out, program
from spotify_platform.home import Home, active_home
from spotify_platform.load.reader import open_reader

_TRENDING = """
    select rank_in_market, artist_name, trend, points_7d, points_28d
    from marts.trending_artists_daily
    where market = 'GLOBAL' and snapshot_date = (select max(snapshot_date) from marts.trending_artists_daily)
        and trend is not null
    order by {order}
"""
_MOVERS = """
    select track_name, artist_names, previous_rank, rank, movement
    from marts.chart_movement
    where market = 'GLOBAL' and snapshot_date = (select max(snapshot_date) from marts.chart_movement)
"""


def print_summary(home: Home) -> None:
    """Print it for the newest day of a home."""
    with open_reader(home.lake()) as connection:
        day = connection.execute("select max(snapshot_date) from marts.trending_artists_daily").fetchone()
        rising = connection.execute(_TRENDING.format(order="rank_in_market limit 5")).fetchall()
        losing = connection.execute(_TRENDING.format(order="points_7d - points_28d limit 1")).fetchall()
        up = connection.execute(f"{_MOVERS} and rank_change > 0 order by rank_change desc, rank limit 3").fetchall()
        down = connection.execute(f"{_MOVERS} and rank_change < 0 order by rank_change, rank limit 3").fetchall()
        entries = connection.execute("select count(*), count(distinct market) from curated.chart_entries").fetchone()
    assert day is not None and entries is not None
    out.print(
        f"\n[bold]Trending artists, GLOBAL, {day[0]}[/bold]  (last 7 days against the 28 before)", highlight=False
    )
    for rank, name, trend, recent, earlier in rising:
        out.print(f"  {rank:>2}  {name:<28} {trend:+.2f}   {earlier:7.1f} → {recent:.1f} points a day", highlight=False)
    for _, name, trend, recent, earlier in losing:
        out.print(f"  losing most: {name} {trend:+.2f}, {earlier:.1f} → {recent:.1f} points a day", highlight=False)
    for title, rows in (("Rising", up), ("Falling", down)):
        out.print(f"[bold]{title} tracks since the day before[/bold]")
        for track, artists, before, now, _ in rows:
            out.print(f"  {before:>2} → {now:<2}  {track} – {artists}", highlight=False)
    out.print(
        f"\n{entries[0]:,} chart entries of {entries[1]} charts. Files: {home.path}/lake, warehouse: {home.warehouse}",
        highlight=False,
        soft_wrap=True,
    )
    if home.report.exists():
        out.print(f"[bold]Report:[/bold] {home.report}", highlight=False, soft_wrap=True)
    if active_home().name == "live":
        out.print("Commands and the UI go on showing your real data; the demo's is in the folders above.")
        return
    out.print(
        f"Next:  make dashboard  the charts, at http://localhost:8501\n"
        f"       make dev        the asset graph, at http://localhost:3000\n"
        f"       {program()} query '{EXAMPLE_QUERY}'\n"
        f"       {program()} import charts FILE…        your own charts; see the README",
        highlight=False,
        soft_wrap=True,
    )
