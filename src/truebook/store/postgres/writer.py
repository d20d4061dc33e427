"""interface.Writer over PostgreSQL.

Promise: one transaction a batch, and only onto the position that the batch follows, under a lock
that every writer takes: two stores at one database do no harm. The server may acknowledge before it
is on disk (`synchronous_commit` off): a power failure can take the last batches, position and rows
together, and they are written again.
"""

import logging
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import psycopg
from numpy.typing import NDArray

from truebook.commandlog.chain import START
from truebook.commandlog.interface import GENESIS, Position, Tail
from truebook.directory import Directory
from truebook.postgres.connecting import AWAY, Connection, Raw, connect, reason_of
from truebook.postgres.migrating import migrate
from truebook.store.columns import Column, Columns, columns_of
from truebook.store.interface import Stored, StoreUnavailable
from truebook.store.postgres.bulk import Step, adding, changing, copy
from truebook.store.postgres.money import write_money
from truebook.store.postgres.roles import grant_again
from truebook.store.postgres.schema import MIGRATIONS, SCHEMA
from truebook.store.postgres.settings import sequences, write_settings
from truebook.store.postgres.timescale import Use, use_timescale
from truebook.store.rows import TRIGGER_ORDER_COLUMNS, Change, Rows
from truebook.store.sql.grids import read_assets, read_markets

_logger = logging.getLogger(__name__)

LOCK = 0x7472_7565_626F_6F6C
"""The key of the advisory lock under which a batch is written."""
SETTINGS = {
    "synchronous_commit": "off",
    "lock_timeout": "1s",
    "statement_timeout": "60s",
    "idle_in_transaction_session_timeout": "60s",
    "enable_seqscan": "off",
    "jit": "off",
}
"""A batch takes seconds at most: a server that needs longer is not there, and a store that stands
still must not keep the next one from writing. It looks for some rows by their keys and never wants
a table whole: left to guess, the server read all orders to change two hundred."""

_CHANGED = "remaining, executed, executed_quote, price, quantity, priority, placed, closed, " + (
    "closed_ms, reason, id"
)
_CHANGE = """
UPDATE order_rows o SET remaining_qty = new.remaining,
  executed_qty = o.executed_qty + new.executed,
  executed_quote = o.executed_quote + new.executed_quote,
  price = coalesce(new.price, o.price), original_qty = coalesce(new.quantity, o.original_qty),
  priority = CASE WHEN new.priority = -1 THEN o.priority ELSE new.priority END,
  placed_sequence = coalesce(new.placed, o.placed_sequence), closed_sequence = new.closed,
  closed_at = new.closed_ms, close_reason = new.reason
FROM {rows} WHERE o.id = new.id AND o.priority IS NOT NULL
"""
_EXECUTED = "remaining, executed, executed_quote, closed, closed_ms, reason, id"
_EXECUTE = """
UPDATE order_rows o SET remaining_qty = new.remaining,
  executed_qty = o.executed_qty + new.executed,
  executed_quote = o.executed_quote + new.executed_quote,
  priority = CASE WHEN new.closed IS NULL THEN o.priority END, closed_sequence = new.closed,
  closed_at = new.closed_ms, close_reason = new.reason
FROM {rows} WHERE o.id = new.id AND o.priority IS NOT NULL
"""
_CLOSED = "remaining, closed, closed_ms, reason, id"
_CLOSE = """
UPDATE order_rows o SET remaining_qty = new.remaining, priority = NULL,
  closed_sequence = new.closed, closed_at = new.closed_ms, close_reason = new.reason
FROM {rows} WHERE o.id = new.id AND o.priority IS NOT NULL
"""
_FIRED = "price, quantity, remaining, time_flags, placed, fired, fired_ms, id"
_FIRE = """
UPDATE order_rows o SET price = new.price, original_qty = new.quantity,
  remaining_qty = new.remaining, time_flags = new.time_flags, placed_sequence = new.placed,
  fired_sequence = new.fired, fired_at = new.fired_ms
FROM {rows} WHERE o.id = new.id AND o.priority IS NOT NULL AND o.trigger_price IS NOT NULL
  AND o.fired_sequence IS NULL
"""
_FAILED = "closed, closed_ms, fired, fired_ms, code, id"
_FAIL = """
UPDATE order_rows o SET priority = NULL, closed_sequence = new.closed, closed_at = new.closed_ms,
  fired_sequence = new.fired, fired_at = new.fired_ms, fail_code = new.code
FROM {rows} WHERE o.id = new.id AND o.priority IS NOT NULL AND o.trigger_price IS NOT NULL
  AND o.fired_sequence IS NULL
"""
_AMENDED = "account, sequence, id, market, reenters, price, quantity, remaining, ms, resting"
_FIRST_AMENDMENT = """
INSERT INTO amendments SELECT new.account, new.sequence, new.id, new.market, new.reenters,
  new.price, new.quantity, new.remaining, new.ms, o.price, o.original_qty
FROM {rows} JOIN order_rows o ON o.id = new.resting AND o.priority IS NOT NULL
"""
_CANDLES = "market, seconds, start, open, high, low, close, volume, turnover, trades"
_CANDLE = """
INSERT INTO candles AS c SELECT * FROM {rows} ON CONFLICT (market, seconds, start) DO UPDATE SET
  high = greatest(c.high, excluded.high), low = least(c.low, excluded.low), close = excluded.close,
  volume = CASE WHEN c.volume > 9223372036854775807 - excluded.volume THEN 9223372036854775807
    ELSE c.volume + excluded.volume END,
  turnover = CASE WHEN c.turnover > 9223372036854775807 - excluded.turnover
    THEN 9223372036854775807 ELSE c.turnover + excluded.turnover END,
  trades = c.trades + excluded.trades
"""
_BALANCE = """
UPDATE balances b SET available = new.available, locked = new.locked
FROM {rows} WHERE b.user_id = new.user_id AND b.asset = new.asset
"""
_FIRST_BALANCE = "INSERT INTO balances SELECT * FROM {rows} ON CONFLICT DO NOTHING"
_PROGRESS = b"""
INSERT INTO progress VALUES (1, %s, %s, %s) ON CONFLICT (one)
DO UPDATE SET position = excluded.position, event_hash = excluded.event_hash,
  time_ms = excluded.time_ms
"""
_ORDER = (
    "id, user_id, accepted_sequence, market:4, client_id, price, original_qty, remaining_qty,"
    " executed_qty, executed_quote, priority, placed_sequence, closed_sequence, closed_at,"
    " close_reason:4, seq, time_flags, "
)
_TRIGGER = (
    "trigger_price, trigger_limit, trigger_qty, trigger_flags, fired_sequence, fired_at,"
    " fail_code:4, "
)
_TRADE = "market:4, id, buy_order_id, sell_order_id, price, qty, taker_side:4, created_at, "
_FILL = (
    "user_id, account_sequence, order_id, market:4, side:4, is_maker:4, price, qty, fee,"
    " fee_asset:4, trade_id, created_at"
)


class PostgresWriter:
    """Writes one database."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._raw: Raw | None = None

    def open(self) -> Stored:
        """Connect, make or migrate the tables, and tell what is there. Raises StoreUnavailable."""
        try:
            self._raw = raw = connect(self._url, "store", SETTINGS, SCHEMA)
            if migrate(raw, SCHEMA, MIGRATIONS):
                _use_extension(raw)
                grant_again(raw)
            return _stored(raw)
        except AWAY as error:
            self.close()
            raise StoreUnavailable(reason_of(error)) from None
        except BaseException:
            self.close()
            raise

    def prepare(self, rows: Rows) -> Callable[[], None]:
        """Make all that is to be sent; what writes it, as `write` does."""
        return partial(self._write, rows, _steps(rows))

    def write(self, rows: Rows) -> None:
        """Write a batch in one transaction. Raises StoreUnavailable."""
        self.prepare(rows)()

    def _write(self, rows: Rows, steps: Sequence[Step]) -> None:
        assert self._raw is not None, "not open"
        try:
            with self._raw.transaction():
                _write(self._raw, rows, steps)
        except AWAY as error:
            raise StoreUnavailable(reason_of(error)) from None

    def close(self) -> None:
        """Give the connection back."""
        if self._raw is not None:
            raw, self._raw = self._raw, None
            raw.close()


def _use_extension(raw: Raw) -> None:
    """TimescaleDB for tables that are new; what can't be is said and done without."""
    try:
        use, why = use_timescale(raw)
    except psycopg.Error as error:
        if raw.closed:
            raise
        use, why = Use.NOTHING, reason_of(error)
    _logger.info("TimescaleDB: %s (%s)", use.value, why or "all of it")


def _tail(raw: Raw) -> Tail:
    row = raw.execute("SELECT position, event_hash FROM progress").fetchone()
    return Tail(Position.parse(row[0]), row[1]) if row else Tail(GENESIS, START)


def _stored(raw: Raw) -> Stored:
    directory = Directory()
    directory.assets = read_assets(Connection(raw))
    directory.markets = read_markets(Connection(raw), directory.assets)
    return Stored(_tail(raw), directory)


def _write(raw: Raw, rows: Rows, steps: Sequence[Step]) -> None:
    raw.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
    position = _tail(raw).position
    if position != rows.before:
        raise StoreUnavailable(f"somebody else has brought it to {position}: one store is enough")
    write_settings(raw, rows)
    for step in steps:
        step(raw)
    write_money(raw, rows)
    position, event_hash = rows.tail
    raw.execute(_PROGRESS, (str(position), event_hash, rows.time_ms))


def _steps(rows: Rows) -> list[Step]:
    """New rows come account by account, each one's in the order of its sequence, as they stand in
    their index: neighbours that come together are a quarter of the server's work less."""
    fills = rows.fills[:, np.argsort(rows.fills[0], kind="stable")]
    return [
        *sequences(rows),
        *_order_steps(rows),
        adding("trades", _TRADE + "symbol", rows.trades, _symbols(rows, rows.trades[0])),
        adding("fills", _FILL, fills),
        _balances(rows.balances),
        changing(_CANDLE, _CANDLES, columns_of(rows.candles, 10)),
    ]


def _balances(balances: Columns) -> Step:
    """Nearly all are there: to change those and add the rest costs less than to ask for each."""
    columns = "user_id, asset, available, locked"
    change = changing(_BALANCE, columns, balances)
    add = changing(_FIRST_BALANCE, columns, balances)

    def step(raw: Raw) -> int:
        changed = change(raw)
        return changed if changed == balances.shape[1] else add(raw)

    return step


def _order_steps(rows: Rows) -> list[Step]:
    """Orders that fire first, since what they become may be amended; then amendments, which look at
    what is changed next; then new orders, since an id may be used again once its order is gone."""
    changes = [_values(change) for change in rows.changes.values()]
    orders = rows.orders[:, np.lexsort((rows.orders[2], rows.orders[1]))]
    triggered = columns_of(rows.trigger_orders, TRIGGER_ORDER_COLUMNS)
    return [
        _each(_FIRE, _FIRED, columns_of(rows.fired, 8)),
        _each(_FAIL, _FAILED, columns_of(rows.failed, 6)),
        _each(_FIRST_AMENDMENT, _AMENDED, columns_of(rows.first_amendments, 10)),
        partial(copy, table="amendments", rows=rows.amendments),
        _each(_CLOSE, _CLOSED, rows.closes),
        _each(_EXECUTE, _EXECUTED, rows.executions),
        _each(_CHANGE, _CHANGED, columns_of(changes, 11)),
        adding("order_rows", _ORDER + "symbol", orders, _symbols(rows, orders[3])),
        adding("order_rows", _ORDER + _TRIGGER + "symbol", triggered, _symbols(rows, triggered[3])),
    ]


def _symbols(rows: Rows, markets: Column) -> NDArray[np.bytes_]:
    """The names of markets."""
    numbers = range(max(rows.symbols, default=-1) + 1)
    names = np.array([rows.symbols.get(number, "").encode() for number in numbers], bytes)
    return names[markets]


def _values(change: Change) -> tuple[int | None, ...]:
    return (
        *(change.remaining, change.executed, change.executed_quote),
        *(change.price, change.quantity, change.priority, change.placed),
        *(change.closed, change.closed_ms, change.reason, change.order_id),
    )


def _each(statement: str, columns: str, rows: Columns) -> Step:
    """Run a statement for each; each finds exactly one order that rests or is pending."""
    change = changing(statement, columns, rows)

    def step(raw: Raw) -> int:
        changed = change(raw)
        if changed != rows.shape[1]:
            raise psycopg.IntegrityError(
                f"{rows.shape[1]} orders changed, {changed} of them rested"
            )
        return changed

    return step
