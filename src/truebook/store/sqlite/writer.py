"""interface.Writer over SQLite.

Promise: one transaction a batch, and only onto the position that the batch follows: two stores at
one file do no harm. Write-ahead logging lets readers go on meanwhile; `synchronous` is
NORMAL: a power failure can take the last batches, position and rows together.
"""

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from truebook.commandlog.chain import START
from truebook.commandlog.interface import GENESIS, Position, Tail
from truebook.directory import Directory
from truebook.messages import WithdrawalState
from truebook.store.columns import Columns, columns_of, rows_of, values_of
from truebook.store.interface import Stored, StoreUnavailable
from truebook.store.rows import TRIGGER_ORDER_COLUMNS, Change, Rows, Settled, Switch
from truebook.store.sql.grids import read_assets, read_markets
from truebook.store.sqlite.place import FILE_ERRORS
from truebook.store.sqlite.schema import MIGRATIONS, SCHEMA_VERSION

BUSY_S = 1.0
"""How long another connection's lock is waited for: `sqlite3` in somebody's terminal."""

PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",
    "PRAGMA cache_size = -65536",
    "PRAGMA journal_size_limit = 67108864",
)

_CHANGE = """
UPDATE orders SET remaining_qty = ?, executed_qty = executed_qty + ?,
  executed_quote = executed_quote + ?, price = ifnull(?, price),
  original_qty = ifnull(?, original_qty), priority = iif(? IS -1, priority, ?),
  placed_sequence = ifnull(?, placed_sequence), closed_sequence = ?, closed_at = ?,
  close_reason = ?
WHERE id = ? AND priority IS NOT NULL
"""
_EXECUTE = """
UPDATE orders SET remaining_qty = ?1, executed_qty = executed_qty + ?2,
  executed_quote = executed_quote + ?3, priority = iif(?4 IS NULL, priority, NULL),
  closed_sequence = ?4, closed_at = ?5, close_reason = ?6
WHERE id = ?7 AND priority IS NOT NULL
"""
_CLOSE = """
UPDATE orders SET remaining_qty = ?, priority = NULL, closed_sequence = ?, closed_at = ?,
  close_reason = ?
WHERE id = ? AND priority IS NOT NULL
"""
_FIRE = """
UPDATE orders SET price = ?, original_qty = ?, remaining_qty = ?, time_flags = ?,
  placed_sequence = ?, fired_sequence = ?, fired_at = ?
WHERE id = ? AND priority IS NOT NULL AND trigger_price IS NOT NULL AND fired_sequence IS NULL
"""
_FAIL = """
UPDATE orders SET priority = NULL, closed_sequence = ?, closed_at = ?, fired_sequence = ?,
  fired_at = ?, fail_code = ?
WHERE id = ? AND priority IS NOT NULL AND trigger_price IS NOT NULL AND fired_sequence IS NULL
"""
_FIRST_AMENDMENT = """
INSERT INTO amendments SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, price, original_qty
FROM orders WHERE id = ? AND priority IS NOT NULL
"""
_ORDER = f"INSERT INTO orders VALUES ({', '.join('?' * 18)}{', NULL' * 7})"
_TRIGGER_ORDER = f"INSERT INTO orders VALUES ({', '.join('?' * 25)})"
_CANDLE = """
INSERT INTO candles VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
  high = max(high, excluded.high), low = min(low, excluded.low), close = excluded.close,
  volume = iif(volume > 9223372036854775807 - excluded.volume, 9223372036854775807,
    volume + excluded.volume),
  turnover = iif(turnover > 9223372036854775807 - excluded.turnover, 9223372036854775807,
    turnover + excluded.turnover),
  trades = trades + excluded.trades
"""
_BALANCE = """
INSERT INTO balances VALUES (?, ?, ?, ?)
ON CONFLICT DO UPDATE SET available = excluded.available, locked = excluded.locked
"""
_ACCOUNT = """
INSERT INTO accounts VALUES (?, ?, ?, ?, ?, 0) ON CONFLICT DO UPDATE SET name = excluded.name,
  tier = excluded.tier, open_orders_max = excluded.open_orders_max, flags = excluded.flags
"""
_TIER = "INSERT OR REPLACE INTO tiers VALUES (?, ?, ?)"
_KEY = """
INSERT INTO keys (public_key, user_id, permissions, expires_at) VALUES (?, ?, ?, ?)
ON CONFLICT DO UPDATE SET permissions = excluded.permissions, expires_at = excluded.expires_at
"""
_MARKET = f"""
INSERT INTO markets VALUES ({", ".join("?" * 21)}, 0, 0, 0) ON CONFLICT DO UPDATE SET
  state = excluded.state, price_min = excluded.price_min, price_max = excluded.price_max,
  quantity_min = excluded.quantity_min, quantity_max = excluded.quantity_max,
  price_reference = excluded.price_reference, open_orders_max = excluded.open_orders_max,
  band_max_bp = excluded.band_max_bp, band_min_bp = excluded.band_min_bp,
  impact_max_bp = excluded.impact_max_bp, impact_min_bp = excluded.impact_min_bp
"""


_SWITCH = (
    """
DELETE FROM tiers WHERE maker_bp = 0 AND taker_bp = 0 AND tier NOT IN (SELECT tier FROM accounts)
""",
    "INSERT OR IGNORE INTO tiers SELECT DISTINCT tier, 0, 0 FROM accounts",
    "INSERT OR IGNORE INTO tiers VALUES (0, 0, 0)",
)
"""From version 2 of the rules on a tier is in the state once it is set: here, once it has a row."""


class SqliteWriter:
    """Writes one file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None

    def open(self) -> Stored:
        """Connect, make or migrate the tables, and tell what is there. Raises StoreUnavailable."""
        try:
            connection = self._connection = sqlite3.connect(
                self._path, timeout=BUSY_S, isolation_level=None, check_same_thread=False
            )
            for pragma in PRAGMAS:
                connection.execute(pragma)
            _migrate(connection)
            self._identity = self._found()
            return _stored(connection)
        except FILE_ERRORS as error:
            self.close()
            raise _unavailable(error) from None

    def prepare(self, rows: Rows) -> Callable[[], None]:
        """What writes the batch; there is nothing to be made before."""
        return partial(self.write, rows)

    def write(self, rows: Rows) -> None:
        """Write a batch in one transaction. Raises StoreUnavailable."""
        connection = self._connection
        assert connection is not None, "not open"
        try:
            if self._found() != self._identity:
                raise StoreUnavailable("the file was taken away or replaced")
            connection.execute("BEGIN IMMEDIATE")
            try:
                _write(connection, rows)
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.rollback()
                raise
        except FILE_ERRORS as error:
            raise _unavailable(error) from None

    def close(self) -> None:
        """Give the connection back."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            connection.close()

    def _found(self) -> tuple[int, int]:
        found = os.stat(self._path)
        return found.st_dev, found.st_ino


def _unavailable(error: Exception) -> Exception:
    """What an error means: a row that contradicts another one is a bug, not a bad moment."""
    if isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError):
        return error
    return StoreUnavailable(str(error))


def _migrate(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY)")
    found = connection.execute("SELECT ifnull(max(version), 0) FROM schema_version").fetchone()[0]
    if found > SCHEMA_VERSION:
        raise StoreUnavailable(f"it has version {found}, this program writes {SCHEMA_VERSION}")
    for number, statements in enumerate(MIGRATIONS[found:], found + 1):
        connection.execute("BEGIN IMMEDIATE")
        for statement in statements:
            connection.execute(statement)
        connection.execute("INSERT INTO schema_version VALUES (?)", (number,))
        connection.execute("COMMIT")


def _tail(connection: sqlite3.Connection) -> Tail:
    row = connection.execute("SELECT position, event_hash FROM progress").fetchone()
    return Tail(Position.parse(row[0]), row[1]) if row else Tail(GENESIS, START)


def _stored(connection: sqlite3.Connection) -> Stored:
    directory = Directory()
    directory.assets = read_assets(connection)
    directory.markets = read_markets(connection, directory.assets)
    return Stored(_tail(connection), directory)


def _write(connection: sqlite3.Connection, rows: Rows) -> None:
    position = _tail(connection).position
    if position != rows.before:
        raise StoreUnavailable(f"somebody else has brought it to {position}: one store is enough")
    _write_settings(connection, rows)
    _write_orders(connection, rows)
    many = connection.executemany
    trades = _named(rows.trades, 0, rows.symbols, 2)
    many("INSERT INTO trades VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", trades)
    many("INSERT INTO fills VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows_of(rows.fills))
    _write_money(connection, rows)
    many(_BALANCE, rows_of(rows.balances))
    many(_CANDLE, rows.candles)
    position, event_hash = rows.tail
    connection.execute(
        "INSERT OR REPLACE INTO progress VALUES (1, ?, ?, ?)",
        (str(position), event_hash, rows.time_ms),
    )


def _write_orders(connection: sqlite3.Connection, rows: Rows) -> None:
    """Orders that fire first, since what they become may be amended; then amendments, which look at
    what is changed next; then new orders, since an id may be used again once its order is gone."""
    many = connection.executemany
    _each(connection, _FIRE, rows.fired)
    _each(connection, _FAIL, rows.failed)
    _each(connection, _FIRST_AMENDMENT, rows.first_amendments)
    many("INSERT INTO amendments VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows.amendments)
    _each(connection, _CLOSE, list(rows_of(rows.closes)))
    _each(connection, _EXECUTE, list(rows_of(rows.executions)))
    _each(connection, _CHANGE, [_values(change) for change in rows.changes.values()])
    many(_ORDER, _named(rows.orders, 3, rows.symbols, 4))
    triggered = columns_of(rows.trigger_orders, TRIGGER_ORDER_COLUMNS)
    many(_TRIGGER_ORDER, _named(triggered, 3, rows.symbols, 4))


def _named(
    columns: Columns, market: int, symbols: Mapping[int, str], at: int
) -> Iterator[tuple[int | str | None, ...]]:
    """The rows, with the name of the market in front of the column `at`."""
    names = map(symbols.__getitem__, columns[market].tolist())
    values = values_of(columns)
    return zip(*values[:at], names, *values[at:], strict=True)


def _values(change: Change) -> tuple[int | None, ...]:
    return (
        *(change.remaining, change.executed, change.executed_quote),
        *(change.price, change.quantity, change.priority, change.priority, change.placed),
        *(change.closed, change.closed_ms, change.reason, change.order_id),
    )


def _each(
    connection: sqlite3.Connection, statement: str, values: Sequence[tuple[int | None, ...]]
) -> None:
    """Run a statement for each; each finds exactly one order that rests or is pending."""
    changed = connection.executemany(statement, values).rowcount if values else 0
    if changed != len(values):
        raise sqlite3.IntegrityError(f"{len(values)} orders changed, {changed} of them rested")


def _write_money(connection: sqlite3.Connection, rows: Rows) -> None:
    """Notes, and the transfers, withdrawals and settings that they explain."""
    if not (rows.notes or rows.transfers or rows.withdrawals):
        return
    last = connection.execute("SELECT ifnull(max(id), 0) FROM notes").fetchone()[0]
    many = connection.executemany
    many("INSERT INTO notes VALUES (NULL, ?, ?)", rows.notes)
    first = last + 1
    many(f"INSERT INTO noted VALUES (? + {first}, ?, ?)", rows.noted)
    many(f"INSERT INTO transfers VALUES (NULL, ?, ?, ?, ?, ?, ? + {first})", rows.transfers)
    for withdrawal in rows.withdrawals:
        _write_withdrawal(connection, withdrawal, first)


def _write_withdrawal(connection: sqlite3.Connection, settled: Settled, first: int) -> None:
    note = None if settled.note is None else settled.note + first
    if settled.state == WithdrawalState.PENDING:
        connection.execute(
            "INSERT INTO withdrawals VALUES (NULL, ?, ?, ?, ?, ?, ?, NULL, ?, NULL)",
            (*settled[:6], note),
        )
        return
    _each(
        connection,
        "UPDATE withdrawals SET state = ?, settled_at = ?, settled_note = ?"
        " WHERE id = ? AND state = 0",
        [(settled.state, settled.time_ms, note, settled.withdrawal_id)],
    )


def _write_switch(connection: sqlite3.Connection, switch: Switch) -> None:
    """Rules of another version: what they change about what is known already."""
    known = connection.execute("SELECT version FROM rules").fetchone()[0]
    connection.executemany(_TIER, switch.tiers)
    connection.executemany(_ACCOUNT, switch.accounts)
    if known == 1:
        for statement in _SWITCH:
            connection.execute(statement)
    connection.execute("UPDATE rules SET version = ?", (switch.version,))


def _write_timers(connection: sqlite3.Connection, rows: Rows) -> None:
    set_on = [(*key, expires_ms) for key, expires_ms in rows.timers.items() if expires_ms]
    connection.executemany("INSERT OR REPLACE INTO timers VALUES (?, ?, ?)", set_on)
    set_off = [key for key, expires_ms in rows.timers.items() if not expires_ms]
    connection.executemany("DELETE FROM timers WHERE user_id = ? AND timer = ?", set_off)


def _write_settings(connection: sqlite3.Connection, rows: Rows) -> None:
    many = connection.executemany
    many("INSERT OR REPLACE INTO assets VALUES (?, ?, ?, ?)", rows.assets.values())
    many(_MARKET, rows.markets.values())
    if rows.switch is not None:
        _write_switch(connection, rows.switch)
    many(_TIER, rows.tiers.values())
    many(_ACCOUNT, rows.accounts.values())
    many(_KEY, rows.keys.values())
    many("INSERT OR REPLACE INTO attesters VALUES (?, ?, ?, ?)", rows.attesters.values())
    _write_timers(connection, rows)
    many("INSERT OR REPLACE INTO gateways VALUES (?, ?)", rows.gateways.items())
    sequences = _turned(rows.market_sequences.items())
    many("UPDATE markets SET market_sequence = ? WHERE market = ?", sequences)
    last = ((*trade, market) for market, trade in rows.last_trades.items())
    many("UPDATE markets SET last_trade_id = ?, last_price = ? WHERE market = ?", last)
    sequences = _turned(rows.account_sequences.items())
    many("UPDATE accounts SET account_sequence = ? WHERE user_id = ?", sequences)


def _turned(items: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    return [(value, key) for key, value in items]
