"""The database as the tests look at it: whole tables, and the state hash that its rows have."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from store.naive import NaiveTables

from truebook.commandlog.interface import EventEntry
from truebook.engine.fingerprint import Tag, record_hash, to_bytes
from truebook.messages import ORDER_HAS_CLIENT_ID
from truebook.postgres.connecting import Connection, connect
from truebook.postgres.urls import is_postgres
from truebook.store.candles import SUM_MAX
from truebook.store.fold import fold
from truebook.store.sqlite.place import path_of, url_of
from truebook.store.writing import writer_of

ORDER_COLUMNS = (
    "id, user_id, accepted_sequence, market, symbol, client_id, price, original_qty,"
    " remaining_qty, executed_qty, executed_quote, priority, placed_sequence, closed_sequence,"
    " closed_at, close_reason, seq, time_flags, trigger_price, trigger_limit, trigger_qty,"
    " trigger_flags, fired_sequence, fired_at, fail_code"
)
_WITHDRAWALS = """
SELECT id, user_id, asset, amount, state, created_at, settled_at FROM withdrawals ORDER BY number
"""
_PENDING = "trigger_price IS NOT NULL AND fired_sequence IS NULL"


Place = Path | str
"""A database: SQLite's file, or the URL of any."""


def url_at(place: Place) -> str:
    """The URL of a database."""
    return url_of(place) if isinstance(place, Path) else place


def store(place: Place, entries: list[EventEntry], batch: int = 100) -> None:
    """Write a stream into a database."""
    writer = writer_of(url_at(place))
    try:
        known, directory = writer.open()
        for first in range(0, len(entries), batch):
            rows = fold(entries[first : first + batch], known, directory)
            writer.write(rows)
            known = rows.tail
    finally:
        writer.close()


@contextlib.contextmanager
def opened(place: Place) -> Iterator[Any]:
    """A connection that is closed in the end: `execute`, with `?` for values, and `commit`."""
    url = url_at(place)
    connection = _Postgres(url) if is_postgres(url) else sqlite3.connect(path_of(url))
    try:
        yield connection
    finally:
        connection.close()


class _Postgres(Connection):
    """A connection that is used as SQLite's are."""

    def __init__(self, url: str) -> None:
        super().__init__(connect(url, "test", {}, "truebook"))
        self.raw.autocommit = False
        self.commit, self.rollback, self.close = self.raw.commit, self.raw.rollback, self.raw.close


TABLES = """
SELECT table_name FROM information_schema.tables
WHERE table_schema = 'truebook' AND table_type = 'BASE TABLE'
"""


def dump(place: Place) -> dict[str, list[tuple]]:
    """Every row of every table."""
    with opened(place) as connection:
        is_sqlite = isinstance(connection, sqlite3.Connection)
        query = "SELECT name FROM sqlite_master WHERE type = 'table'" if is_sqlite else TABLES
        names = connection.execute(query)
        tables = [name for (name,) in names.fetchall()]
        return {
            name: sorted(connection.execute(f"SELECT * FROM {name}"), key=repr) for name in tables
        }


def compare(path: Place, naive: NaiveTables) -> None:
    """Assert that the tables are what the events make of them."""
    with opened(path) as connection:
        rows = connection.execute
        orders = sorted(rows(f"SELECT {ORDER_COLUMNS} FROM orders"), key=repr)
        assert orders == sorted((tuple(order.values()) for order in naive.orders), key=repr)
        assert set(rows("SELECT * FROM trades")) == set(naive.trades)
        assert set(rows("SELECT * FROM fills")) == set(naive.fills)
        assert set(rows("SELECT * FROM amendments")) == set(naive.amendments)
        found = rows(
            "SELECT user_id, asset, amount, created_at, reference FROM transfers ORDER BY id"
        )
        assert [list(row) for row in found] == naive.transfers
        found = [tuple(row.values()) for row in naive.withdrawals]
        assert rows(_WITHDRAWALS).fetchall() == found
        found = rows("SELECT user_id, timer, expires_at FROM timers")
        assert {(a, b): c for a, b, c in found} == naive.timers
        assert rows("SELECT version FROM rules").fetchone()[0] == naive.version
        assert {slot for (slot,) in rows("SELECT slot FROM attesters")} == naive.attesters
        found = rows("SELECT * FROM balances")
        assert {(a, b): (c, d) for a, b, c, d in found} == naive.balances
        found = {row[:3]: list(row[3:]) for row in rows("SELECT * FROM candles")}
        assert found == {key: _bounded(candle) for key, candle in naive.candles.items()}
        assert dict(rows("SELECT * FROM gateways").fetchall()) == naive.gateways
        found = rows("SELECT user_id, account_sequence FROM accounts")
        assert dict(found.fetchall()) == naive.sequences
        assert rows("SELECT time_ms FROM progress").fetchone()[0] == naive.time_ms


def _bounded(candle: list[int]) -> list[int]:
    return [*candle[:4], min(candle[4], SUM_MAX), min(candle[5], SUM_MAX), candle[6]]


def state_hash(path: Place) -> bytes:
    """The state hash of the rows: what an engine that is made from them would have."""
    with opened(path) as connection:
        low = high = 0
        for record in _records(connection):
            record_low, record_high = record_hash(*record)
            low += record_low
            high += record_high
        return to_bytes(low, high)


def _records(connection: Any) -> Iterator[tuple[int, ...]]:
    rows = connection.execute
    yield Tag.CLOCK, rows("SELECT time_ms FROM progress").fetchone()[0]
    for row in rows("SELECT gateway, last_sequence FROM gateways"):
        yield Tag.GATEWAY, *row
    for asset, symbol, name, decimals in rows("SELECT * FROM assets"):
        yield Tag.ASSET, asset, decimals, *_words(symbol.encode(), 2), *_words(name, 3)
    for row in rows("SELECT * FROM markets"):
        yield _market(row)
    (version,) = rows("SELECT version FROM rules").fetchone()
    if version > 1:
        yield Tag.RULES, version
    for tier, maker, taker in rows("SELECT * FROM tiers"):
        if version > 1 or maker or taker:
            yield Tag.TIER, tier, maker, taker
    for number, name, tier, cap, flags, sequence in rows("SELECT * FROM accounts"):
        yield Tag.ACCOUNT, number, tier | flags << 8 | cap << 32, sequence, *_words(name, 3)
    for _, key, account, permissions, expires in rows("SELECT * FROM keys"):
        yield Tag.KEY, *_words(key, 4), account | permissions << 32, expires
    query = "SELECT * FROM balances WHERE available <> 0 OR locked <> 0"
    for account, asset, available, locked in rows(query):
        yield Tag.BALANCE, account | asset << 32, available, locked
    query = (
        "SELECT id, user_id, market, price, original_qty, remaining_qty, executed_quote, priority,"
        f" time_flags, client_id, CASE WHEN {_PENDING} THEN trigger_price ELSE 0 END"
        " FROM orders WHERE priority IS NOT NULL"
    )
    for order, account, market, *numbers, flags, client, trigger_price in rows(query):
        if trigger_price:
            price, quantity, _, _, priority = numbers
            waits = price, quantity, trigger_price, priority
            yield Tag.TRIGGER, order, account | market << 32, *waits, flags
        else:
            yield Tag.ORDER, order, account | market << 32, *numbers, flags
        if flags & ORDER_HAS_CLIENT_ID:
            yield Tag.CLIENT, account, client, order
    for account, timer, expires in rows("SELECT user_id, timer, expires_at FROM timers"):
        yield Tag.TIMER, account | timer << 32, expires
    query = "SELECT id, user_id, asset, amount FROM withdrawals WHERE state = 0"
    for withdrawal, account, asset, amount in rows(query):
        yield Tag.WITHDRAWAL, withdrawal, account | asset << 32, amount
    for (reference,) in rows("SELECT reference FROM transfers WHERE reference IS NOT NULL"):
        yield Tag.REFERENCE, *_words(reference, 2)
    for slot, key, name, trusted in rows("SELECT slot, public_key, name, trusted FROM attesters"):
        yield Tag.ATTESTER, slot | trusted << 32, *_words(key, 4), *_words(name, 2)


def _market(row: tuple) -> tuple[int, ...]:
    index, _, state, base, quote, tick, tick_exponent, step, step_exponent, *rest = row
    *limits, band_max, band_min, impact_max, impact_min, _, _, sequence, trade, price = rest
    return (
        *(Tag.MARKET, index, base | quote << 16 | state << 32, tick, step),
        *(tick_exponent | step_exponent << 8, *limits),
        band_max | band_min << 16 | impact_max << 32 | impact_min << 48,
        *(price, sequence, trade),
    )


def _words(text: bytes, count: int) -> list[int]:
    padded = text.ljust(8 * count, b"\0")
    return [int.from_bytes(padded[i : i + 8], "little") for i in range(0, 8 * count, 8)]
