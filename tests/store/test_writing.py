"""Exactly once: whatever is delivered twice, cut short or killed, no row differs."""

import os
import random
import sqlite3
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from store.database import dump, opened, store
from store.stream import BEGIN, campaign, tail_of

from truebook.commandlog.interface import StreamForeign
from truebook.directory import Directory
from truebook.store.fold import StreamTrimmed, fold
from truebook.store.interface import Stored, StoreUnavailable
from truebook.store.sqlite import writer as writing
from truebook.store.sqlite.schema import MIGRATIONS, SCHEMA_VERSION
from truebook.store.sqlite.version_2 import COLUMNS
from truebook.store.sqlite.writer import SqliteWriter
from truebook.store.writing import writer_of

SEED = 21


@pytest.fixture(scope="module")
def entries():
    return campaign(SEED, 3000)[0]


@pytest.fixture(scope="module")
def expected(entries, tmp_path_factory):
    """What SQLite has in the end."""
    path = tmp_path_factory.mktemp("expected") / "database"
    store(path, entries)
    return dump(path)


@pytest.fixture(scope="module")
def whole(entries, databases):
    """What a database has in the end."""
    database = databases()
    store(database, entries)
    return dump(database)


def test_what_is_delivered_again_changes_nothing(database, entries, whole):
    rng = random.Random(SEED)
    writer = writer_of(database)
    known, directory = writer.open()
    end = 0
    while end < len(entries):
        first = rng.randrange(max(0, end - 60), end + 1)
        end = min(len(entries), end + rng.randrange(1, 50))
        rows = fold(entries[first:end], known, directory)
        writer.write(rows)
        known = rows.tail
        if rng.random() < 0.1:
            writer.close()
            writer = writer_of(database)
            assert writer.open().tail == known
    writer.close()
    assert dump(database) == whole


class Stopping:
    """A connection that fails at one of its statements, as a full disk does."""

    def __init__(self, connection, at):
        self.connection, self.left = connection, at

    def _step(self):
        self.left -= 1
        if self.left < 0:
            raise sqlite3.OperationalError("database or disk is full")

    def execute(self, *arguments):
        self._step()
        return self.connection.execute(*arguments)

    def executemany(self, *arguments):
        self._step()
        return self.connection.executemany(*arguments)

    def __getattr__(self, name):
        return getattr(self.connection, name)


def test_a_batch_that_fails_at_any_statement_leaves_nothing(tmp_path, entries, expected):
    path = tmp_path / "database"
    half = len(entries) // 2
    store(path, entries[:half])
    before = dump(path)
    steps = 0
    while True:
        writer = SqliteWriter(path)
        known, directory = writer.open()
        assert known == tail_of(entries[:half])
        rows = fold(entries[half : half + 40], known, directory)
        real, writer._connection = writer._connection, Stopping(writer._connection, steps)
        try:
            writer.write(rows)
            break
        except StoreUnavailable:
            pass
        finally:
            writer._connection = real
            writer.close()
        assert dump(path) == before
        steps += 1
    assert steps > 20
    store(path, entries)
    assert dump(path) == expected


KILLED = """
import os, sys
from pathlib import Path
from store.stream import campaign
from truebook.store.fold import fold
from truebook.store.sqlite import writer as writing

entries = campaign({seed}, 3000)[0]
left = int(sys.argv[2])
write_orders = writing._write_orders

def dying(connection, rows):
    global left
    write_orders(connection, rows)
    left -= 1
    if left == 0:
        os.kill(os.getpid(), 9)

writing._write_orders = dying
writer = writing.SqliteWriter(Path(sys.argv[1]))
known, directory = writer.open()
for first in range(0, len(entries), 25):
    rows = fold(entries[first:first + 25], known, directory)
    if rows.tail != known:
        writer.write(rows)
        known = rows.tail
"""


def test_a_writer_killed_inside_a_transaction_goes_on_where_it_was(tmp_path, entries, expected):
    path = tmp_path / "database"
    tests, sources = Path(__file__).parents[1], Path(writing.__file__).parents[3]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(sources), str(tests)])}
    for kill_at in (1, 2, 7):
        command = [sys.executable, "-c", KILLED.format(seed=SEED), str(path), str(kill_at)]
        assert subprocess.run(command, env=environment).returncode == -9
    store(path, entries)
    assert dump(path) == expected


def test_a_stream_of_another_history_is_refused(database, entries):
    other = campaign(SEED + 1, 3000)[0]
    store(database, entries[:100])
    before = dump(database)
    writer = writer_of(database)
    known, directory = writer.open()
    with pytest.raises(StreamForeign, match="another hash"):
        fold(other, known, directory)
    with pytest.raises(StreamForeign, match="follows"):
        fold([entries[100]._replace(previous=entries[98].position)], known, directory)
    writer.close()
    assert dump(database) == before


def test_one_changed_byte_of_an_event_is_noticed(entries):
    events = bytearray(entries[3].events)
    events[-1] ^= 1
    changed = [*entries[:3], entries[3]._replace(events=bytes(events))]
    with pytest.raises(StreamForeign):
        fold(changed, BEGIN, Directory())


def test_a_stream_that_begins_later_is_not_taken_for_the_whole(entries):
    with pytest.raises(StreamTrimmed):
        fold(entries[5:], BEGIN, Directory())
    with pytest.raises(StreamForeign):
        fold([*entries[:5], *entries[6:]], BEGIN, Directory())


def test_two_stores_at_one_database_write_each_row_once(database, entries, whole):
    writers = [writer_of(database) for _ in range(2)]
    stored = [writer.open() for writer in writers]
    refused = []
    for first in range(0, len(entries), 20):
        for number, writer in enumerate(writers):
            rows = fold(entries[: first + 20], *stored[number])
            try:
                writer.write(rows)
                stored[number] = Stored(rows.tail, stored[number].directory)
            except StoreUnavailable as error:
                writer.close()
                stored[number] = writer.open()
                refused.append(str(error))
    for writer in writers:
        writer.close()
    assert len(refused) > 10
    assert all("somebody else" in reason for reason in refused)
    assert dump(database) == whole


def test_a_contradiction_between_rows_is_a_bug_and_not_a_bad_moment(database, entries):
    store(database, entries[:60])
    with opened(database) as other:
        other.execute("DELETE FROM orders WHERE priority IS NOT NULL")
        other.commit()
    writer = writer_of(database)
    rows = fold(entries, *writer.open())
    with pytest.raises((sqlite3.IntegrityError, psycopg.IntegrityError)):
        writer.write(rows)
    writer.close()


def test_a_locked_database_is_waited_for(tmp_path, entries, monkeypatch):
    monkeypatch.setattr(writing, "BUSY_S", 0.01)
    writer = SqliteWriter(tmp_path / "database")
    known, directory = writer.open()
    rows = fold(entries[:60], known, directory)
    with opened(tmp_path / "database") as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="locked"):
            writer.write(rows)
        other.rollback()
    writer.write(rows)
    writer.close()


def test_a_database_of_a_later_version_is_left_alone(database):
    writer = writer_of(database)
    writer.open()
    writer.close()
    with opened(database) as connection:
        connection.execute("INSERT INTO schema_version VALUES (?)", (99,))
        connection.commit()
    before = dump(database)
    with pytest.raises(StoreUnavailable, match="it has version 99"):
        writer_of(database).open()
    assert dump(database) == before


NEW = {
    *("notes", "noted", "withdrawals", "timers", "attesters", "rules", "schema_version"),
    *("orders", "transfers"),
}
"""Tables that a database of version 1 has not, or not with these columns."""


def make_version_1(path, whole):
    """A database as it was made before the rules had a version 2."""
    with opened(path) as connection:
        connection.execute("CREATE TABLE schema_version (version INTEGER PRIMARY KEY)")
        connection.execute("INSERT INTO schema_version VALUES (1)")
        for statement in MIGRATIONS[0]:
            connection.execute(statement)
        connection.execute("DELETE FROM accounts")
        connection.execute("CREATE VIEW readable_trades AS SELECT * FROM trades")
        connection.execute("ATTACH ? AS whole", (str(whole),))
        tables = [(name, "*") for name in dump(whole) if name not in NEW]
        tables += [("orders", COLUMNS), ("transfers", "id, user_id, asset, amount, created_at")]
        for name, columns in tables:
            connection.execute(f"INSERT INTO {name} SELECT {columns} FROM whole.{name}")
        connection.commit()


def test_a_database_of_version_1_is_brought_to_the_present_one(tmp_path, entries, expected):
    path, half = tmp_path / "database", len(entries) // 2
    store(tmp_path / "half", entries[:half])
    make_version_1(path, tmp_path / "half")
    store(path, entries)
    found = dump(path)
    assert found.pop("schema_version") == [(1,), (SCHEMA_VERSION,)]
    assert found == {name: rows for name, rows in expected.items() if name in found}
    with opened(path) as connection:
        assert connection.execute("SELECT count(*) FROM readable_orders").fetchone()[0] > 0


def test_a_step_to_another_version_that_fails_leaves_nothing(tmp_path, entries, monkeypatch):
    path = tmp_path / "database"
    store(tmp_path / "whole", entries[:60])
    make_version_1(path, tmp_path / "whole")
    before = dump(path)
    broken = (MIGRATIONS[0], (*MIGRATIONS[1], "CREATE TABLE notes (id)"))
    monkeypatch.setattr(writing, "MIGRATIONS", broken)
    with pytest.raises(StoreUnavailable):
        SqliteWriter(path).open()
    assert dump(path) == before
    monkeypatch.undo()
    store(path, entries[:60])


def test_what_is_no_database_is_said(tmp_path):
    (tmp_path / "database").write_bytes(b"no database at all, but long enough to be looked at" * 99)
    with pytest.raises(StoreUnavailable, match="not a database"):
        SqliteWriter(tmp_path / "database").open()


def test_a_file_that_is_taken_away_is_noticed(tmp_path, entries):
    path = tmp_path / "database"
    writer = SqliteWriter(path)
    known, directory = writer.open()
    path.rename(tmp_path / "elsewhere")
    with pytest.raises(StoreUnavailable):
        writer.write(fold(entries[:60], known, directory))
    writer.close()


def test_the_readable_views_show_decimals(database, entries):
    store(database, entries)
    with opened(database) as connection:
        for name in ("orders", "trades", "fills", "balances"):
            assert connection.execute(f"SELECT count(*) FROM readable_{name}").fetchone()[0] > 0
        query = (
            "SELECT r.available, b.available FROM readable_balances r"
            " JOIN balances b USING (user_id) JOIN assets a ON a.asset = b.asset"
            " AND a.symbol = r.symbol WHERE r.symbol = 'USDC'"
        )
        for shown, atoms in connection.execute(query):
            assert shown == f"{atoms // 10**6}.{atoms % 10**6:06d}"


def test_the_third_seeds_columns_are_there(database, entries):
    store(database, entries)
    orders = "id, user_id, symbol, side, type, price, original_qty, remaining_qty, status"
    with opened(database) as connection:
        rows = connection.execute(f"SELECT {orders}, created_at, seq FROM orders").fetchall()
        assert {row[3] for row in rows} == {"buy", "sell"}
        assert {row[4] for row in rows} == {"limit", "market"}
        wanted = {"OPEN", "PARTIAL", "FILLED", "CANCELLED", "EXPIRED"}
        assert {row[8] for row in rows} == wanted
        trades = "id, symbol, buy_order_id, sell_order_id, price, qty, created_at"
        assert connection.execute(f"SELECT {trades} FROM trades").fetchall()


def test_an_empty_database_stands_before_everything(database):
    writer = writer_of(database)
    stored = writer.open()
    writer.close()
    assert stored.tail == BEGIN
    assert stored.directory.markets == {}
