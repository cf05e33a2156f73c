"""The warehouse file: one process at a time, and whoever waits is told for whom."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from spotify_platform.contracts.errors import LockedError
from spotify_platform.load.warehouse import open_warehouse

SHORT = 0.2

_HOLD = """
import sys
from pathlib import Path
from spotify_platform.load.warehouse import open_warehouse
with open_warehouse(Path(sys.argv[1])) as connection:
    connection.execute("create table held as select 1 as one")
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def holder(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the warehouse until its input ends."""
    command = [sys.executable, "-c", _HOLD, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


def test_a_warehouse_is_made_where_there_is_none_and_keeps_what_was_put(tmp_path: Path) -> None:
    path = tmp_path / "new" / "warehouse.duckdb"
    with open_warehouse(path) as connection:
        connection.execute("create table kept as select 42 as answer")
    with open_warehouse(path) as connection:
        assert connection.execute("select answer from kept").fetchall() == [(42,)]
        assert connection.execute("select current_setting('TimeZone')").fetchall() == [("UTC",)]


def test_a_second_process_is_told_who_holds_the_warehouse(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    with holder(path) as process:
        with pytest.raises(LockedError) as refused, open_warehouse(path, SHORT):
            pass
        assert f"process {process.pid} " in str(refused.value)
        assert str(path) in str(refused.value)


def test_the_lock_is_free_when_its_holder_ends(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    with holder(path) as process:
        process.communicate("")
        assert process.returncode == 0
        with open_warehouse(path, SHORT) as connection:
            assert connection.execute("select one from held").fetchall() == [(1,)]


def test_the_lock_is_free_when_its_holder_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    with holder(path) as process:
        process.kill()
        process.wait(60)
        with open_warehouse(path, SHORT) as connection:
            assert connection.execute("select one from held").fetchall() == [(1,)]


def test_the_same_process_waits_for_itself_too(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    with open_warehouse(path), pytest.raises(LockedError, match=f"process {os.getpid()} "), open_warehouse(path, SHORT):
        pass


def test_an_error_inside_frees_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    with pytest.raises(ZeroDivisionError), open_warehouse(path):
        _ = 1 / 0
    with open_warehouse(path, SHORT) as connection:
        assert connection.execute("select 1").fetchall() == [(1,)]
