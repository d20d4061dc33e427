"""The exchange's state out of the database: settings, balances, all incomplete orders by priority.

Promise: what is read is of one moment, the position that goes with it. It is what the rows say and
nothing else: whoever makes an engine of it compares the state hash, since rows can be edited.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from truebook.commandlog.interface import Position
from truebook.engine.canonical.tables import ORDER, TRIGGER, Table, make
from truebook.store.interface import StateOf, StateUnreadable
from truebook.store.sql.connection import Connection

Rows = list[tuple[Any, ...]]

_MARKETS = """
SELECT market, state, base, quote, tick_mantissa, step_mantissa, tick_exponent, step_exponent,
  price_min, price_max, quantity_min, quantity_max, price_reference, open_orders_max,
  band_max_bp, band_min_bp, impact_max_bp, impact_min_bp, last_price, market_sequence, last_trade_id
FROM markets ORDER BY market
"""
_QUERIES = {
    "gateways": "SELECT gateway, last_sequence FROM gateways ORDER BY gateway",
    "assets": """
SELECT asset, decimals, symbol, display_name FROM assets ORDER BY asset
""",
    "markets": _MARKETS,
    "tiers": "SELECT tier, maker_bp, taker_bp FROM tiers ORDER BY tier",
    "accounts": """
SELECT user_id, tier, flags, open_orders_max, account_sequence, name FROM accounts ORDER BY user_id
""",
    "keys": """
SELECT row_number() OVER (ORDER BY number) - 1, public_key, user_id, permissions, expires_at
FROM keys ORDER BY number
""",
    "balances": """
SELECT user_id, asset, available, locked FROM balances
WHERE available <> 0 OR locked <> 0 ORDER BY user_id, asset
""",
    "timers": "SELECT user_id, timer, expires_at FROM timers ORDER BY user_id, timer",
    "withdrawals": "SELECT id, user_id, asset, amount FROM withdrawals WHERE state = 0 ORDER BY id",
    "attesters": "SELECT slot, trusted, public_key, name FROM attesters ORDER BY slot",
}
_ORDERS = """
SELECT market, user_id, price, priority, id, original_qty, remaining_qty, executed_quote,
  time_flags, client_id, placed_sequence FROM orders
WHERE priority IS NOT NULL AND (trigger_price IS NULL OR fired_sequence IS NOT NULL)
"""
_TRIGGERS = """
SELECT market, user_id, priority, id, trigger_price, price, original_qty, time_flags, client_id,
  placed_sequence FROM orders
WHERE priority IS NOT NULL AND trigger_price IS NOT NULL AND fired_sequence IS NULL
"""


def read_tables(connection: Connection, schema_version: int) -> StateOf:
    """The state at the position where the database stands. Raises StateUnreadable, and whatever
    the database raises; ValueError, OverflowError or TypeError over rows that can't be right."""
    found = _one(connection, "SELECT max(version) FROM schema_version")
    if found != (schema_version,):
        raise StateUnreadable(f"the database has version {found[0]}, not {schema_version}")
    position, time_ms = _one(connection, "SELECT position, time_ms FROM progress")
    (rules,) = _one(connection, "SELECT version FROM rules")

    def rows(query: str) -> Rows:
        return connection.execute(query).fetchall()

    tables = {name: rows(query) for name, query in _QUERIES.items()}
    tables["assets"] = [(*row[:2], row[2].encode(), row[3]) for row in tables["assets"]]
    if rules == 1:
        tables["tiers"] = [row for row in tables["tiers"] if any(row[1:])]
    orders, triggers = _placed(_table(rows(_ORDERS), ORDER), _table(rows(_TRIGGERS), TRIGGER))
    return StateOf(
        Position.parse(position),
        make(
            clock=[(time_ms, rules)],
            orders=orders,
            triggers=triggers,
            references=_references(rows),
            **tables,
        ),
    )


def _one(connection: Connection, query: str) -> tuple[Any, ...]:
    row = connection.execute(query).fetchone()
    if row is None:
        raise StateUnreadable("the database is empty")
    found: tuple[Any, ...] = row
    return found


def _table(rows: Rows, dtype: "np.dtype[Any]") -> Table:
    """Rows as a table, in which `placed` may be larger than it can be in the end."""
    names = dtype.names or ()
    wide = np.dtype([(name, dtype[name] if name != "placed" else "<i8") for name in names])
    return np.array(rows, wide).reshape(-1)


def _placed(orders: Table, triggers: Table) -> tuple[Table, Table]:
    """Both, with `placed` counting each account's orders: the rows have the account's sequence."""
    account = np.concatenate([orders["account"], triggers["account"]])
    sequence = np.concatenate([orders["placed"], triggers["placed"]])
    by_account = np.lexsort((sequence, account))
    ordered = account[by_account]
    starts = np.searchsorted(ordered, ordered)
    placed = np.empty(len(account), np.int64)
    placed[by_account] = np.arange(len(account)) - starts
    orders["placed"], triggers["placed"] = placed[: len(orders)], placed[len(orders) :]
    return orders.astype(ORDER), triggers.astype(TRIGGER)


def _references(rows: Callable[[str], Rows]) -> list[tuple[int, int]]:
    found = rows("SELECT reference FROM transfers WHERE reference IS NOT NULL")
    words = np.frombuffer(b"".join(row[0] for row in found), "<u8").reshape(-1, 2)
    return [(first, second) for first, second in words.tolist()]
