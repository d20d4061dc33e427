"""The loop: it comes to hold every event, whatever is away meanwhile."""

import asyncio
import itertools
import os
import sys
import threading
from pathlib import Path

import pytest
from store.database import dump, opened, store
from store.stream import campaign

from truebook import commands
from truebook.commandlog.durability import UNCHECKED
from truebook.commandlog.entries import pack_entry
from truebook.commandlog.interface import (
    GENESIS,
    ROLES_CHANNEL,
    EventEntry,
    Position,
    StreamForeign,
)
from truebook.commandlog.memory import MemoryBus, MemoryBusServer
from truebook.commandlog.server import start_log_server
from truebook.commandlog.valkey_log import ValkeyLog
from truebook.commandlog.valkey_reader import ValkeyLogReader
from truebook.engine.naive.engine import NaiveEngine
from truebook.genesis import DEFAULT_VENUE, commands_of
from truebook.idle import IdleWork
from truebook.queries import Query, decode_answer, encode_query
from truebook.store import projection as following
from truebook.store.interface import StoreUnavailable
from truebook.store.projection import Projection
from truebook.store.remaking import RemakeFailed, Remaking
from truebook.store.sqlite.writer import SqliteWriter
from truebook.store.status import StoreStatus
from truebook.verify.remake import remade

SOURCES = Path(following.__file__).parents[2]


@pytest.fixture(scope="module")
def entries():
    return campaign(31, 2000)[0]


@pytest.fixture(scope="module")
def expected(entries, tmp_path_factory):
    path = tmp_path_factory.mktemp("expected") / "database"
    store(path, entries)
    return dump(path)


@pytest.fixture
def server():
    return MemoryBusServer()


class Remade:
    """What the log has, for a projection; `fails` times it ends before it is done."""

    def __init__(self, entries=(), fails=0):
        self.stored, self.fails, self.asked = entries, fails, []

    async def entries(self, after, to):
        self.asked.append((after, to))
        missing = [entry for entry in self.stored if after < entry.position <= to]
        if self.fails:
            self.fails -= 1
            yield missing[:7]
            raise RemakeFailed("killed")
        for first in range(0, len(missing), 50):
            yield missing[first : first + 50]


async def until(condition):
    """Wait for what the loop does in its own time."""
    for _ in itertools.count():
        if condition():
            return
        await asyncio.sleep(0.002)


async def follow(server, path, end, remake=None, writer=None, meanwhile=None):
    """Run a projection until it has come to a position."""
    writer = writer or SqliteWriter(path)
    projection = Projection(MemoryBus(server), writer, remake or Remade(), IdleWork())
    running = asyncio.create_task(projection.run())
    try:
        if meanwhile is not None:
            await meanwhile(projection)
        await until(lambda: projection.tail.position >= end or running.done())
        if running.done():
            running.result()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        projection.stop()


def test_a_stream_that_grows_is_followed(tmp_path, server, entries, expected):
    async def grow(projection):
        for first in range(0, len(entries), 40):
            server.entries.extend(entries[first : first + 40])
            await until(lambda: projection.tail.position >= server.entries[-1].position)

    path = tmp_path / "database"
    asyncio.run(follow(server, path, entries[-1].position, meanwhile=grow))
    assert dump(path) == expected


def test_a_database_is_opened_without_making_way(tmp_path, server, entries):
    opened = []

    class Watched(SqliteWriter):
        def open(self):
            opened.append(threading.get_ident())
            return super().open()

    path = tmp_path / "database"
    server.entries.extend(entries)
    asyncio.run(follow(server, path, entries[-1].position, writer=Watched(path)))
    assert opened == [threading.get_ident()], "an idle thread may take for ever"


def test_a_store_that_is_started_again_and_again_misses_nothing(
    tmp_path, server, entries, expected
):
    path = tmp_path / "database"
    server.entries.extend(entries)
    for number in (3, 17, 90, len(entries) - 1):
        asyncio.run(follow(server, path, entries[number].position))
    assert dump(path) == expected


def test_what_the_stream_no_longer_has_is_made_again(tmp_path, server, entries, expected):
    path = tmp_path / "database"
    store(path, entries[:30])
    server.entries.extend(entries[90:])
    remake = Remade(entries[:120])
    asyncio.run(follow(server, path, entries[-1].position, remake))
    assert remake.asked == [(entries[29].position, entries[89].position)], "engines tell the rest"
    assert dump(path) == expected


def test_making_again_is_tried_until_it_is_done(tmp_path, server, entries, expected, monkeypatch):
    monkeypatch.setattr(following, "AGAIN_S", 0.001)
    path = tmp_path / "database"
    server.entries.extend(entries[90:])
    remake = Remade(entries[:120], fails=3)
    asyncio.run(follow(server, path, entries[-1].position, remake))
    begins = [GENESIS, *(entries[n].position for n in (6, 13, 20))]
    assert remake.asked == [(begin, entries[89].position) for begin in begins]
    assert dump(path) == expected


def test_a_log_of_another_history_is_refused(tmp_path, server, entries):
    path = tmp_path / "database"
    store(path, entries[:30])
    before = dump(path)
    other = campaign(32, 2000)[0]
    server.entries.extend(other[90:])
    with pytest.raises(StreamForeign):
        asyncio.run(follow(server, path, other[-1].position, Remade(other)))
    server.entries[:] = other
    with pytest.raises(StreamForeign):
        asyncio.run(follow(server, path, other[-1].position))
    assert dump(path) == before


def test_a_lost_bus_is_waited_for(tmp_path, server, entries, expected, monkeypatch):
    monkeypatch.setattr(following, "AGAIN_S", 0.001)

    async def lose(projection):
        server.is_up = False
        await until(lambda: projection.reason)
        server.entries.extend(entries)
        server.is_up = True

    path = tmp_path / "database"
    asyncio.run(follow(server, path, entries[-1].position, meanwhile=lose))
    assert dump(path) == expected


class Failing(SqliteWriter):
    """Fails every third time, before or after the batch is written."""

    calls = 0

    def write(self, rows):
        self.calls += 1
        if self.calls % 3 == 0:
            raise StoreUnavailable("database or disk is full")
        super().write(rows)
        if self.calls % 3 == 1:
            raise StoreUnavailable("nobody knows whether it was written")


def test_a_database_that_fails_now_and_then_holds_the_same_rows(
    tmp_path, server, entries, expected, monkeypatch
):
    monkeypatch.setattr(following, "AGAIN_S", 0.001)
    monkeypatch.setattr(following, "LARGE_STEP_BYTES", 20_000)
    path = tmp_path / "database"
    server.entries.extend(entries)
    asyncio.run(follow(server, path, entries[-1].position, writer=Failing(path)))
    assert dump(path) == expected


def test_a_database_that_is_away_is_filled_when_it_is_back(
    tmp_path, server, entries, expected, monkeypatch
):
    monkeypatch.setattr(following, "AGAIN_S", 0.001)
    folder, hidden = tmp_path / "folder", tmp_path / "hidden"
    folder.mkdir()

    async def hide(projection):
        server.entries.extend(entries[:60])
        await until(lambda: projection.tail.position >= entries[59].position)
        folder.rename(hidden)
        server.entries.extend(entries[60:90])
        await until(lambda: "database" in projection.reason)
        server.entries.extend(entries[90:])
        hidden.rename(folder)

    path = folder / "database"
    asyncio.run(follow(server, path, entries[-1].position, meanwhile=hide))
    assert dump(path) == expected


def test_a_store_tells_where_it_stands(tmp_path, server, entries):
    async def ask(projection):
        bus = MemoryBus(server)
        heard = asyncio.get_running_loop().create_future()
        await bus.subscribe("asker", heard.set_result)
        await StoreStatus(bus, projection).start()
        await until(lambda: projection.tail.position >= entries[-1].position)
        await bus.publish(ROLES_CHANNEL, encode_query(Query(5, "asker", "0-0", "roles")))
        answer = decode_answer(await heard)
        await bus.close()
        assert (answer.id, answer.position) == (5, str(entries[-1].position))
        assert answer.status["role"] == "store"
        assert answer.status["position"] == answer.position
        assert answer.status["waiting"] == ""

    server.entries.extend(entries)
    asyncio.run(follow(server, tmp_path / "database", entries[-1].position, meanwhile=ask))


@pytest.fixture
def log(tmp_path):
    """A real log: genesis, and 300 accounts in as many entries."""
    folder = tmp_path / "log"
    folder.mkdir()
    server = start_log_server(folder)
    try:
        server.wait_ready()

        async def fill():
            log = ValkeyLog(server.url)
            await log.append(pack_entry(1, 1, b"".join(commands_of(DEFAULT_VENUE))))
            for number in range(300):
                records = commands.set_account(name=f"account {number}")
                await log.append(pack_entry(1, number + 2, records))
            await log.close()

        asyncio.run(fill())
        yield server.url
    finally:
        server.stop()


def test_a_real_process_makes_events_again_from_a_real_log(tmp_path, server, log):
    reader = ValkeyLogReader(log, durability=UNCHECKED)
    made: list[EventEntry] = list(remade(reader, NaiveEngine(), GENESIS, reader.last_position()))
    reader.close()
    assert len(made) == 301
    server.entries.extend(made[200:])
    path = tmp_path / "database"
    store(path, made[:50])
    environment = os.environ | {
        "PYTHONPATH": str(SOURCES),
        "TRUEBOOK_LOG_URL": log,
        "TRUEBOOK_ENGINE_KIND": "naive",
    }
    remake = Remaking([sys.executable, "-m", "truebook", "remake"], environment)
    asyncio.run(follow(server, path, made[-1].position, remake))
    store(tmp_path / "expected", made)
    assert dump(path) == dump(tmp_path / "expected")
    with opened(path) as connection:
        assert connection.execute("SELECT count(*) FROM accounts").fetchone()[0] == 301


async def exhaust(remaking, after):
    return [entry async for entries in remaking.entries(after, after) for entry in entries]


def test_a_process_that_fails_is_no_end_of_the_stream():
    for words in (["-c", "import sys; sys.exit(3)"], ["-c", "print('not an entry')"]):
        remaking = Remaking([sys.executable, *words], os.environ)
        with pytest.raises(RemakeFailed):
            asyncio.run(exhaust(remaking, Position(1, 0)))
    with pytest.raises(RemakeFailed):
        asyncio.run(exhaust(Remaking(["/no/such/program"], {}), Position(1, 0)))
