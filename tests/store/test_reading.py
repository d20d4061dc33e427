"""Readers: bounded in time, fresh enough, and unharmed by what happens to the file."""

import asyncio
import random

import numpy as np
import pytest
from store.database import opened, store
from store.stream import campaign

from truebook.api.candles import gapless
from truebook.commandlog.interface import GENESIS, Position, Tail
from truebook.config import Config, ConfigError
from truebook.feed.intervals import INTERVALS
from truebook.history import HistoryUnavailable, Page
from truebook.installation import database_url
from truebook.store.candles import SUM_MAX, candle_rows
from truebook.store.fold import fold
from truebook.store.interface import StoreUnavailable
from truebook.store.reading import history_of, open_history
from truebook.store.rows import Rows
from truebook.store.sql import history as asking
from truebook.store.sqlite import reader as reading
from truebook.store.sqlite.history import SqliteHistory
from truebook.store.sqlite.place import path_of, url_of
from truebook.store.sqlite.reader import Reader
from truebook.store.sqlite.writer import SqliteWriter
from truebook.store.writing import writer_of

FOR_EVER = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"


@pytest.fixture(scope="module")
def entries():
    return campaign(41, 2000)[0]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "database"


@pytest.fixture
def history(path):
    history = SqliteHistory(path)
    yield history
    history.close()


@pytest.fixture
def asked(database):
    history = history_of(database)
    yield history
    history.close()


def test_a_question_that_takes_too_long_is_ended(path, entries, monkeypatch):
    store(path, entries)
    reader = Reader(path)
    try:
        monkeypatch.setattr(reading, "HISTORY_READ_MS_MAX", 1)
        with pytest.raises(HistoryUnavailable, match="too long"):
            asyncio.run(reader.ask(lambda connection: connection.execute(FOR_EVER).fetchone()))
        monkeypatch.undo()
        count = "SELECT count(*) FROM orders"
        found = asyncio.run(reader.ask(lambda connection: connection.execute(count).fetchone()))
        assert found[0] > 100
    finally:
        reader.close()


def test_a_reader_cannot_write(path, entries):
    store(path, entries)
    reader = Reader(path)
    try:
        with pytest.raises(HistoryUnavailable, match="readonly"):
            asyncio.run(reader.ask(lambda connection: connection.execute("DELETE FROM orders")))
    finally:
        reader.close()


def test_questions_beyond_the_bound_are_refused_at_once(path, entries, monkeypatch):
    store(path, entries)
    monkeypatch.setattr(reading, "HISTORY_QUESTIONS_MAX", 3)

    async def ask_many():
        async with open_history(url_of(path)) as history:
            asked = [history.position() for _ in range(10)]
            return await asyncio.gather(*asked, return_exceptions=True)

    found = asyncio.run(ask_many())
    assert found[:3] == [entries[-1].position] * 3
    assert all(isinstance(refused, HistoryUnavailable) for refused in found[3:])


def test_a_database_may_come_and_be_replaced(path, tmp_path, history, entries):
    with pytest.raises(HistoryUnavailable):
        asyncio.run(history.position())
    store(path, entries[:50])
    assert asyncio.run(history.position()) == entries[49].position
    store(tmp_path / "other", entries[:80])
    (tmp_path / "other").replace(path)
    assert asyncio.run(history.position()) == entries[79].position
    path.write_bytes(b"rubbish " * 1000)
    with pytest.raises(HistoryUnavailable):
        asyncio.run(history.position())


def damage(path):
    """Damage the text of the schema, as a bad disk may: SQLite then quotes what isn't UTF-8."""
    with opened(path) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        broken = "UPDATE sqlite_master SET sql = CAST(x'435245415445ec80' AS TEXT) WHERE name = ?"
        connection.execute(broken, ("orders",))
        connection.commit()


def test_a_damaged_text_in_the_file_is_a_database_that_is_away(path, history, entries):
    store(path, entries[:50])
    damage(path)
    with pytest.raises(HistoryUnavailable):
        asyncio.run(history.position())
    with pytest.raises(StoreUnavailable):
        SqliteWriter(path).open()


def test_an_empty_database_has_no_history(database, asked):
    writer = writer_of(database)
    writer.open()
    writer.close()
    assert asyncio.run(asked.position()) == GENESIS
    assert asyncio.run(asked.orders(1, Page(10), after=GENESIS)) == ([], 0)
    assert asyncio.run(asked.last_trade_id(0)) == 0
    assert asyncio.run(asked.first_candle(0, "1m")) is None


def test_candles_are_merged_by_the_database_as_they_would_be_one_by_one(database, asked, entries):
    writer = writer_of(database)
    known, directory = writer.open()
    writer.write(fold(entries, known, directory))
    rng, begin_s, count = random.Random(1), 1_795_046_400, 1000
    times_s = np.array(sorted(rng.choices(range(begin_s, begin_s + 7200), k=count)))
    prices = np.array([rng.randint(90, 110) for _ in range(count)])
    quantities = np.array([rng.choice((1, 7, SUM_MAX // 128)) for _ in range(count)])
    tail = Tail(entries[-1].position, entries[-1].event_hash)
    rows = Rows(tail.position, tail._replace(position=Position(tail.position.high + 1, 0)))
    markets = np.zeros(count, np.int64)
    rows.candles.extend(candle_rows(markets, times_s * 1000, prices, quantities))
    writer.write(rows)
    writer.close()
    for interval in (INTERVALS[name] for name in ("1m", "3m", "30m", "1h")):
        of = 0, interval.made_of, begin_s, begin_s + 7200
        kept = asyncio.run(asked.candles(*of))
        merged = asyncio.run(asked.candles(*of, interval.seconds))
        expected = list(gapless(interval, kept, 0, begin_s, begin_s + 7200))
        assert merged == [candle for candle in expected if candle.trades]


def test_an_answer_waits_for_what_its_asker_has_seen(database, asked, entries):
    writer = writer_of(database)
    known, directory = writer.open()

    async def ask():
        answer = asyncio.create_task(asked.orders(1, Page(1000), after=entries[-1].position))
        await asyncio.sleep(0)
        assert not answer.done()
        writer.write(fold(entries, known, directory))
        return await answer

    orders, total = asyncio.run(ask())
    assert len(orders) == total > 20
    writer.close()


def test_after_a_moment_the_answer_is_given_as_things_stand(database, asked, entries, monkeypatch):
    monkeypatch.setattr(asking, "READ_WAIT_MS_MAX", 1)
    store(database, entries[:50])
    after = Position(entries[-1].position.high + 1, 0)
    assert asyncio.run(asked.trades(0, Page(10), after=after)) is not None


def test_the_database_of_a_configuration_is_found(tmp_path):
    config = Config(data=str(tmp_path))
    assert path_of(database_url(config)) == tmp_path / "database.sqlite"
    assert path_of("sqlite:///here.sqlite").name == "here.sqlite"


@pytest.mark.parametrize(
    "url", ["mysql://host/name", "postgresql://host/name?x=1", "sqlite:///", "sqlite:///a?mode=ro"]
)
def test_a_database_that_cannot_be_is_the_users_mistake(url):
    async def enter():
        async with open_history(url):
            pass

    with pytest.raises(ConfigError, match=r"database\.url"):
        asyncio.run(enter())
    with pytest.raises(ConfigError, match=r"database\.url"):
        writer_of(url)
