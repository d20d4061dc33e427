"""interface.Writer over PostgreSQL.

Promise: one transaction a batch, and only onto the position that the batch follows, under a lock
that every writer takes: two stores at one database do no harm. The server may acknowledge before it
is on disk (`synchronous_commit` off): a power failure can take the last batches, position and rows
together, and they are written again.
"""

import logging
from collections.abc import Sequence
from operator import itemgetter

import psycopg

from truebook.commandlog.chain import START
from truebook.commandlog.interface import GENESIS, Position, Tail
from truebook.directory import Directory
from truebook.postgres.connecting import AWAY, Connection, Raw, connect, reason_of
from truebook.postgres.migrating import migrate
from truebook.store.interface import Stored, StoreUnavailable
from truebook.store.postgres.bulk import copy, run
from truebook.store.postgres.money import write_money
from truebook.store.postgres.roles import grant_again
from truebook.store.postgres.schema import MIGRATIONS, SCHEMA
from truebook.store.postgres.settings import write_settings
from truebook.store.postgres.timescale import Use, use_timescale
from truebook.store.rows import Change, Rows
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
_ORDER_COLUMNS = (
    "id, user_id, accepted_sequence, market, symbol, client_id, price, original_qty,"
    " remaining_qty, executed_qty, executed_quote, priority, placed_sequence, closed_sequence,"
    " closed_at, close_reason, seq, time_flags"
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

    def write(self, rows: Rows) -> None:
        """Write a batch in one transaction. Raises StoreUnavailable."""
        assert self._raw is not None, "not open"
        try:
            with self._raw.transaction():
                _write(self._raw, rows)
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


def _write(raw: Raw, rows: Rows) -> None:
    """New rows come account by account, each one's in the order of its sequence, as they stand in
    their index: neighbours that come together are a quarter of the server's work less."""
    raw.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
    position = _tail(raw).position
    if position != rows.before:
        raise StoreUnavailable(f"somebody else has brought it to {position}: one store is enough")
    write_settings(raw, rows)
    _write_orders(raw, rows)
    copy(raw, "trades", rows.trades)
    copy(raw, "fills", sorted(rows.fills, key=itemgetter(0)))
    write_money(raw, rows)
    _write_balances(raw, rows.balances)
    run(raw, _CANDLE, _CANDLES, rows.candles)
    position, event_hash = rows.tail
    raw.execute(_PROGRESS, (str(position), event_hash, rows.time_ms))


def _write_balances(raw: Raw, balances: Sequence[tuple[int, ...]]) -> None:
    """Nearly all are there: to change those and add the rest costs less than to ask for each."""
    columns = "user_id, asset, available, locked"
    if run(raw, _BALANCE, columns, balances) != len(balances):
        run(raw, _FIRST_BALANCE, columns, balances)


def _write_orders(raw: Raw, rows: Rows) -> None:
    """Orders that fire first, since what they become may be amended; then amendments, which look at
    what is changed next; then new orders, since an id may be used again once its order is gone."""
    _each(raw, _FIRE, _FIRED, rows.fired)
    _each(raw, _FAIL, _FAILED, rows.failed)
    _each(raw, _FIRST_AMENDMENT, _AMENDED, rows.first_amendments)
    copy(raw, "amendments", rows.amendments)
    closes, changes = rows.closes.copy(), []
    for change in rows.changes.values():
        if change.executed or change.price is not None or change.has_fired:
            changes.append(_values(change))
        else:
            closed = change.remaining, change.closed, change.closed_ms, change.reason
            closes.append((*closed, change.order_id))
    _each(raw, _CLOSE, _CLOSED, closes)
    _each(raw, _CHANGE, _CHANGED, changes)
    copy(raw, f"order_rows ({_ORDER_COLUMNS})", sorted(rows.orders, key=itemgetter(1, 2)))
    copy(raw, "order_rows", rows.trigger_orders)


def _values(change: Change) -> tuple[int | None, ...]:
    return (
        *(change.remaining, change.executed, change.executed_quote),
        *(change.price, change.quantity, change.priority, change.placed),
        *(change.closed, change.closed_ms, change.reason, change.order_id),
    )


def _each(raw: Raw, statement: str, columns: str, values: Sequence[tuple[int | None, ...]]) -> None:
    """Run a statement for each; each finds exactly one order that rests or is pending."""
    changed = run(raw, statement, columns, values)
    if changed != len(values):
        raise psycopg.IntegrityError(f"{len(values)} orders changed, {changed} of them rested")
