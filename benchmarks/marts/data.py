"""The data that the marts are measured on: two years of 70 markets' charts, and what curation makes beside them.

python benchmarks/marts/data.py FILE makes a DuckDB file with the curated tables and `ops.coverage`, as a warehouse has
them: 10 million places of charts. A track comes out with its album, is heard in one market or in most, rises for some
days and fades for weeks; a few are heard always. As in life some things are odd: days and charts that are missing,
markets that begin late or end early, a chart that repeats the one before, a track that stands twice on a chart, tracks
that nobody is credited for, artists without a name. All of it is drawn from hashes: equal arguments, equal rows.
"""

import argparse
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import pycountry

from spotify_platform.contracts.curated import CURATED
from spotify_platform.contracts.marts import MARTS_BY_NAME

FIRST_DAY = date(2024, 1, 1)
BEFORE = 200  # days before the first one in which tracks came out that are still on charts
TRACKS, ARTISTS = 30_000, 12_000  # of two years with charts of 200 places
BLOCK = 30  # days that are drawn at once


@dataclass(frozen=True)
class Size:
    """How much is made."""

    days: int = 730
    markets: int = 70
    ranks: int = 200
    seed: int = 7

    @property
    def share(self) -> float:
        """Of the full catalogue: what is needed for as many candidates a place."""
        return self.ranks / 200 * (self.days + BEFORE) / (730 + BEFORE)


def make(path: Path, size: Size) -> dict[str, int]:
    """Make the file; returns the rows of its tables."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    # As `open_warehouse` has it.
    with duckdb.connect(path, config={"storage_compatibility_version": "v1.4.0"}) as connection:
        connection.execute("set TimeZone = 'UTC'; set memory_limit = '2GB'; set temp_directory = ?", [f"{path}.tmp"])
        _tables(connection)
        _macros(connection, size)
        _catalogue(connection, size)
        _calendar(connection, size)
        _candidates(connection)
        for start in range(0, size.days, BLOCK):
            _charts(connection, size, start, min(start + BLOCK, size.days))
        for start in range(0, size.days, BLOCK):
            _things(connection, start, min(start + BLOCK, size.days))
        _coverage(connection, size)
        connection.execute("checkpoint")
        tables = [*(f"curated.{table.name}" for table in CURATED), "ops.coverage"]
        counted = [connection.execute(f"select count(*) from {table}").fetchone() for table in tables]
    return {table: row[0] for table, row in zip(tables, counted, strict=True) if row}


def _tables(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("create schema curated; create schema ops")
    ledger = MARTS_BY_NAME["coverage"].duckdb_columns
    for name, columns in [(f"curated.{table.name}", table.duckdb_columns) for table in CURATED] + [
        ("ops.coverage", ledger)
    ]:
        listed = ", ".join(f'"{column}" {kind}' for column, kind in columns.items())
        connection.execute(f"create table {name} ({listed})")


def _macros(connection: duckdb.DuckDBPyConnection, size: Size) -> None:
    """`draw(what, a, b, c)` is in [0, 1), the same for the same values."""
    connection.execute(f"""
        create temp macro draw(what, a, b, c) as
            (hash(hash({size.seed}, what, a::bigint, b::bigint, c::bigint)) >> 11) / 9007199254740992;
        create temp macro spotify_id(kind, number) as substr(md5(concat_ws('/', {size.seed}, kind, number)), 1, 22);
        create temp macro day_of(number) as date '{FIRST_DAY}' + number::integer;
        create temp macro came(day) as day::timestamp + interval 30 hours;
        create temp macro called(day) as 'bench-' || day""")


def _catalogue(connection: duckdb.DuckDBPyConnection, size: Size) -> None:
    """Artists, albums and tracks by number. Artists with a low number make most. Days are counted from the first."""
    artists = max(40, round(ARTISTS * size.share))
    tracks = max(100, round(TRACKS * size.share))
    connection.execute(f"""
        create temp table artist as
        select
            number::integer as artist,
            spotify_id('artist', number) as artist_id,
            case when draw('unnamed', number, 0, 0) >= 0.003 then 'Artist ' || number end as name,
            (95 - 9 * ln(1 + number / {artists} * 1000) + 8 * draw('known', number, 0, 0))::integer as popularity,
            (3e7 * exp(-8 * number / {artists}) * (0.5 + draw('followed', number, 0, 0)))::bigint as followers,
            draw('full', number, 1, 0) >= 0.02 as ever_full,
            list_distinct([
                'genre ' || lpad((floor(60 * pow(draw('genre', number, g, 0), 1.7)))::integer::varchar, 2, '0')
                for g in range((5 * draw('genres', number, 0, 0))::integer)
            ]) as genres
        from range({artists}) as numbers(number);

        create temp table album as
        select
            number::integer as album,
            spotify_id('album', number) as album_id,
            floor(draw('released', number, 0, 0) * {size.days + BEFORE})::integer - {BEFORE} as released,
            draw('precision', number, 0, 0) as exactness,
            floor({artists} * pow(draw('by', number, 0, 0), 2.2))::integer as artist,
            case when draw('duo', number, 0, 0) < 0.15
                then floor({artists} * pow(draw('by', number, 1, 0), 2.2))::integer end as second_artist
        from range({tracks} * 6 // 10 + 2) as numbers(number);

        create temp table track as
        with drawn as (
            select number::integer as track, (number * 6 // 10)::integer as album, draw('reach', number, 0, 0) as kind
            from range({tracks}) as numbers(number)
        ),
        credited as (
            select
                drawn.*,
                album.released,
                [artist for artist in list_distinct([album.artist,
                    case when draw('guest', track, 0, 0) < 0.35
                        then floor({artists} * pow(draw('guest', track, 1, 0), 2.2))::integer end,
                    case when draw('guest', track, 2, 0) < 0.12
                        then floor({artists} * pow(draw('guest', track, 3, 0), 2.2))::integer end])
                    if artist is not null] as artists
            from drawn join album using (album)
        )
        select
            *,
            spotify_id('track', track) as track_id,
            case when kind < 0.05 then 0.85 when kind < 0.3 then 10 / 70 else 2 / 70 end as reach,
            case when kind < 0.05 then 70 when kind < 0.3 then 45 else 55 end as weeks_of_days,
            case when kind < 0.05 then 3 when kind < 0.3 then 2 else 1.6 end * (0.3 + draw('hit', track, 0, 0))
                as strength,
            draw('credits', track, 0, 0) < 0.01 as uncredited,
            draw('full', track, 0, 0) < 0.03 as never_full,
            case when draw('credit', track, 0, 0) < 0.004 then null when draw('credit', track, 0, 0) < 0.008 then ''
                else (select string_agg('Artist ' || a, ', ') from unnest(artists) as these(a)) end as credit,
            35 + (60 * pow(draw('hit', track, 0, 0), 2))::integer as popularity
        from credited""")


def _calendar(connection: duckdb.DuckDBPyConnection, size: Size) -> None:
    """The charts that are there: market, day, and the day whose chart it is: the one before where a source repeats."""
    names = ["GLOBAL", *sorted(country.alpha_2 for country in pycountry.countries)][: size.markets]
    gap = range(size.days * 2 // 5, size.days * 2 // 5 + 5)
    connection.execute(f"""
        create temp table market as
        select
            number::integer as market_number,
            ({names})[number + 1] as market,
            case when number % 18 = 4 then {size.days} // 5 else 0 end as begins,
            case when number % 35 = 2 then {size.days} * 9 // 10 else {size.days} end as ends,
            (3e6 / (1 + number))::bigint as listeners
        from range({size.markets}) as numbers(number);

        create temp table day as
        select day::integer as day, day in (0, {size.days} - 1)
            or (day not between {gap.start} and {gap.stop - 1} and draw('lost', day, 0, 0) >= 0.008) as there
        from range({size.days}) as numbers(day);

        create temp table chart as
        with charts as (
            select market_number, day from market, day
            where there and day >= begins and day < ends and draw('lost', market_number, day, 1) >= 0.006
        )
        select *, case when draw('repeated', market_number, day, 0) < 0.005
            and lag(day) over (partition by market_number order by day) = day - 1 then day - 1 else day end as drawn
        from charts""")


def _candidates(connection: duckdb.DuckDBPyConnection) -> None:
    """Who may be on a market's charts from which day to which: about 300 at a time."""
    connection.execute("""
        create temp table candidate as
        with stays as (
            select
                track, market_number, released,
                strength * (0.7 + 0.6 * draw('liked', track, market_number, 0)) as strength,
                released + floor(10 * draw('late', track, market_number, 0))::integer as begins,
                7 + least(300, -weeks_of_days * ln(1 - draw('long', track, market_number, 0)))::integer as stays
            from track, market
            where draw('heard', track, market_number, 0) < reach or (market_number = 0 and kind < 0.1)
        )
        select track, market_number, strength, begins, begins + stays as ends, false as ever from stays
        union all  -- some come back
        select
            track, market_number, strength * 0.7, begins + stays + 20 + (150 * draw('again', track, 1, 0))::integer,
            begins + stays + 200 + (30 * draw('again', track, 2, 0))::integer, false
        from stays where draw('again', track, market_number, 0) < 0.1
        union all  -- and some never leave
        select track, market_number, 0.4, -1000, 1000000, true
        from track, market
        where released < -100
        qualify row_number() over (partition by market_number order by draw('ever', track, market_number, 0)) <= 100""")


def _charts(connection: duckdb.DuckDBPyConnection, size: Size, start: int, end: int) -> None:
    """The charts drawn for the days from `start` to before `end`."""
    connection.execute(f"""
        create or replace temp table block as
        with alive as (
            select market_number, track, strength, begins, ends, ever,
                unnest(range(greatest(begins, {start}), least(ends, {end})))::integer as drawn
            from candidate
            where begins < {end} and ends > {start}
        ),
        scored as (
            select market_number, drawn, track,
                strength * (0.95 + 0.1 * draw('daily', track, market_number, drawn)) * case
                    when ever then 0.5 + draw('weekly', track, market_number, drawn // 7)
                    when drawn - begins < 0.1 * (ends - begins) then 0.6 + 4 * (drawn - begins) / (ends - begins)
                    else exp(-1.8 * ((drawn - begins) / (ends - begins) - 0.1)) end as score
            from alive
        ),
        once as (select market_number, drawn, track, max(score) as score from scored group by all)
        select market_number, drawn, track,
            row_number() over (partition by market_number, drawn order by score desc, track) as rank
        from once
        qualify rank <= {size.ranks};

        -- A track that stands twice: at place 40 % down the chart, and at 75 %.
        update block set track = other.track
        from block as other
        where block.rank = {size.ranks} * 3 // 4 and other.rank = {size.ranks} * 2 // 5
            and other.market_number = block.market_number and other.drawn = block.drawn
            and draw('twice', block.market_number, block.drawn, 0) < 0.01;

        insert into curated.chart_entries by name
        select
            day_of(day) as snapshot_date, market, rank, track_id, 'Track ' || track as track_name,
            credit as artist_names, (listeners / pow(rank + 3, 0.7))::bigint as streams,
            'Label ' || track % 97 as source, greatest(1, rank - track % 9) as stated_peak_rank,
            rank - track % 3 + 1 as stated_previous_rank, 1 + greatest(0, day - released) as stated_days_on_chart,
            came(day_of(day)) as captured_at, called(day_of(day)) as capture_id
        from block
        join chart using (market_number, drawn)
        join market using (market_number)
        join track using (track)
        order by day, market, rank""")


def _things(connection: duckdb.DuckDBPyConnection, start: int, end: int) -> None:
    """What else curation has of these days: the tracks of charts, their artists and albums, and albums that are new.

    Most tracks are captured in full, the others are known from the chart alone.
    """
    connection.execute(f"""
        create or replace temp table charted as
        with those as (
            select distinct snapshot_date, track_id from curated.chart_entries
            where snapshot_date >= day_of({start}) and snapshot_date < day_of({end})
        )
        select
            snapshot_date, snapshot_date - day_of(0) as day, track.*,
            not never_full and draw('full', track, snapshot_date - day_of(0), 0) < 0.8 as is_full
        from those join track using (track_id);

        insert into curated.tracks by name
        select
            snapshot_date, track_id, 'Track ' || track as name,
            -- A few move from a single to the album.
            case when is_full then spotify_id('album',
                case when draw('moved', track, 0, 0) < 0.03 and day > released + 40 then album + 1 else album end) end
                as album_id,
            case when is_full then least(100, greatest(0, popularity + (6 * draw('heard', track, day, 1))::integer)) end
                as popularity,
            case when is_full then 120000 + track % 180000 end as duration_ms,
            case when is_full then track % 4 = 0 end as explicit,
            case when is_full then 'QZ' || lpad(track::varchar, 10, '0') end as isrc,
            case when is_full then 1 end as disc_number,
            case when is_full then 1 + track % 12 end as track_number,
            case when is_full then 'full' else 'chart' end as detail,
            came(snapshot_date) as captured_at, called(snapshot_date) as capture_id
        from charted
        order by snapshot_date, track_id;

        create or replace temp table credits as
        with told as (
            select *, unnest(artists) as artist, generate_subscripts(artists, 1) - 1 as position
            from charted
            where not uncredited and (is_full or draw('told', track, day, 0) < 0.5)
        )
        select snapshot_date, day, track_id, artist, position from told
        -- The guests of a few are told only later.
        where position = 0 or draw('told', track, 1, 0) >= 0.03 or day > released + 60;

        insert into curated.track_artists by name
        select snapshot_date, track_id, artist_id, position, came(snapshot_date) as captured_at,
            called(snapshot_date) as capture_id
        from credits join artist using (artist)
        order by snapshot_date, track_id, position;

        create or replace temp table fresh as  -- albums captured because they are new
        select day_of(released + after) as snapshot_date, album.*
        from album, (values (1), (7), (28)) as days(after) join day on day.there
        where day.day = released + after and released >= 0 and day.day >= {start} and day.day < {end}
            and draw('fresh', album, after, 0) < 0.9;

        create or replace temp table held as
        with those as (
            select distinct tracks.snapshot_date, tracks.album_id, false as is_fresh
            from curated.tracks as tracks
            where snapshot_date >= day_of({start}) and snapshot_date < day_of({end}) and album_id is not null
            union all
            select snapshot_date, album_id, true from fresh
        )
        select snapshot_date, snapshot_date - day_of(0) as day, album_id, bool_or(is_fresh) as is_fresh
        from those group by all;

        insert into curated.albums by name
        select
            snapshot_date, album_id, 'Album ' || album as name,
            case album % 3 when 0 then 'single' else 'album' end as album_type,
            case when exactness < 0.92 then day_of(released)
                when exactness < 0.96 then date_trunc('month', day_of(released))
                when exactness < 0.98 then date_trunc('year', day_of(released)) end as release_date,
            case when exactness < 0.92 then 'day'
                when exactness < 0.96 then 'month'
                when exactness < 0.98 then 'year' end as release_date_precision,
            1 + album % 14 as total_tracks,
            case when is_full then 'Label ' || album % 97 end as label,
            case when is_full then lpad(album::varchar, 12, '0') end as upc,
            case when is_full and draw('scored', album, day, 0) >= 0.05
                then 20 + (70 * draw('hit', album, 9, 0))::integer end as popularity,
            case when is_full then 'full' else 'embedded' end as detail,
            came(snapshot_date) as captured_at, called(snapshot_date) as capture_id
        from (select *, is_fresh or draw('full', album, day, 2) < 0.5 as is_full from held join album using (album_id))
        order by snapshot_date, album_id;

        insert into curated.album_artists by name
        with those as (
            select snapshot_date, album_id, artist, 0 as position from held join album using (album_id)
            union all
            select snapshot_date, album_id, second_artist, 1 from held join album using (album_id)
            where second_artist <> artist
        )
        select snapshot_date, album_id, artist_id, position, came(snapshot_date) as captured_at,
            called(snapshot_date) as capture_id
        from those join artist using (artist)
        order by snapshot_date, album_id, position;

        create or replace temp table heard as
        with those as (
            select snapshot_date, artist from credits
            union
            select snapshot_date, unnest([artist, second_artist]) from held join album using (album_id)
        )
        select snapshot_date, snapshot_date - day_of(0) as day, artist.*,
            ever_full and draw('full', artist, snapshot_date - day_of(0), 3) < 0.7 as is_full
        from those join artist using (artist);

        insert into curated.artists by name
        select
            snapshot_date, artist_id, name,
            case when is_full then least(100, greatest(0, popularity + (9 * draw('heard', artist, day // 3, 2))::integer
                - 4)) end as popularity,
            case when is_full then followers + day * 20 end as followers,
            case when is_full then 'full' when draw('full', artist, day, 4) < 0.5 then 'embedded' else 'chart' end
                as detail,
            came(snapshot_date) as captured_at, called(snapshot_date) as capture_id
        from heard
        order by snapshot_date, artist_id;

        insert into curated.artist_genres by name
        select snapshot_date, artist_id, unnest(genres) as genre, came(snapshot_date) as captured_at,
            called(snapshot_date) as capture_id
        from heard where is_full
        order by snapshot_date, artist_id, genre""")


def _coverage(connection: duckdb.DuckDBPyConnection, size: Size) -> None:
    """The ledger: each entity as a whole on each day, and each market from its first chart to its last."""
    connection.execute("""
        insert into ops.coverage
        with lines as (
            select snapshot_date, 'chart_entries' as entity, count(*) as items from curated.chart_entries group by all
            union all select snapshot_date, 'artists', count(*) from curated.artists group by all
            union all select snapshot_date, 'albums', count(*) from curated.albums group by all
            union all select snapshot_date, 'tracks', count(*) from curated.tracks group by all
        ),
        places as (select market, snapshot_date, count(*) as items from curated.chart_entries group by all),
        spans as (select market, min(snapshot_date) as first, max(snapshot_date) as last from places group by all),
        due as (
            select day_of(day) as snapshot_date, these.entity, '*' as market, items
            from day cross join (values ('artists'), ('albums'), ('tracks'), ('chart_entries')) as these(entity)
            left join lines on lines.snapshot_date = day_of(day) and lines.entity = these.entity
            union all
            select day_of(day), 'chart_entries', spans.market, items
            from day join spans on day_of(day) between first and last
            left join places on places.snapshot_date = day_of(day) and places.market = spans.market
        )
        select
            snapshot_date, entity, market,
            case when items > 0 then 'complete' else 'missing' end, coalesce(items > 0, false), coalesce(items, 0),
            case when items > 0 then null else 'nothing was captured for this date' end
        from due
        order by snapshot_date, entity, market""")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", metavar="FILE", type=Path, help="a DuckDB file; made anew")
    parser.add_argument("--days", type=int, default=730, help="days of charts (730)")
    parser.add_argument("--markets", type=int, default=70, help="markets, GLOBAL among them (70)")
    parser.add_argument("--ranks", type=int, default=200, help="places of a chart (200)")
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    began = time.perf_counter()
    rows = make(given.file, Size(given.days, given.markets, given.ranks, given.seed))
    for table, count in rows.items():
        print(f"{table:25}{count:12,} rows")
    print(f"{given.file.stat().st_size / 1e6:,.0f} MB in {time.perf_counter() - began:.1f} s")


if __name__ == "__main__":
    main()
