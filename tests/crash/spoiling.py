"""What somebody might change in a running exchange, behind its back, and what must be said of it.

Each of EDITS changes one thing at random and tells the words that must name it. Those of FILES can
be undone: nothing begins again from what they have changed.
"""

import json
import sqlite3
import urllib.request
from collections.abc import Callable
from contextlib import closing, contextmanager
from typing import Any, NamedTuple

import numpy as np
from crash.replicas import status
from crash.tampering import EngineMemory
from venue.credentials import body_of, signed_headers
from venue.installed import wait_until

from truebook.commandlog.interface import Position

IDLER = "idler"
MARKET = "SOL_USDC"
PRICE = "90.00"
ORDERS = 5
COLUMNS = ("price", "qty", "created_at")
FIELDS = ("remaining", "quantity", "executed_quote")


class Idler(NamedTuple):
    """An account that never trades: nothing but an edit changes its records."""

    account: int
    orders: list[int]


def idle_account(exchange) -> Idler:
    """Open it, with orders that rest far from where others trade."""
    credentials = exchange.open_account(IDLER, {"USDC": "100000"})
    order = {
        "symbol": MARKET,
        "side": "Bid",
        "orderType": "Limit",
        "price": PRICE,
        "quantity": "1.00",
    }
    orders = []
    for _ in range(ORDERS):
        headers = signed_headers(credentials, "orderExecute", order)
        request = urllib.request.Request(
            f"{exchange.url}/api/v1/order", body_of(order), headers, method="POST"
        )
        with urllib.request.urlopen(request, timeout=20) as response:
            orders.append(int(json.load(response)["id"]))
    return Idler(credentials.account, orders)


def balance(memory: EngineMemory, idler: Idler, choice) -> list[str]:
    slot = memory.balance_slot(idler.account, choice.randrange(4))
    change = choice.choice((-1, 1)) * choice.randrange(1, 1 << 40)
    asset = (slot & 3) | slot >> 22 << 2
    before, after = memory.edit("balances", slot, "available", lambda x: x + change)
    return [f"balance of account {idler.account} in asset {asset}", str(before), str(after)]


def quantity(memory: EngineMemory, idler: Idler, choice) -> list[str]:
    order = choice.choice(idler.orders)
    change = choice.randrange(1, 1000)
    slot = memory.slot_of_order(order)
    before, after = memory.edit("orders", slot, "remaining", lambda x: x + change)
    return [f"order {order}", f"remaining {before}", f"remaining {after}"]


def level(memory: EngineMemory, idler: Idler, choice) -> list[str]:
    slot = memory.slot_of_order(choice.choice(idler.orders))
    place = int(memory.read("orders", slot)["level"][0])
    change = choice.randrange(1, 1000)
    before, after = memory.edit("levels", place, "quantity", lambda x: x + change)
    return ["quantity of level", str(before), str(after)]


def tier(memory: EngineMemory, idler: Idler, choice) -> list[str]:
    field = choice.choice(("maker_bp", "taker_bp"))
    before, after = memory.edit("tiers", 0, field, lambda x: x + choice.randrange(1, 9))
    return ["tier 0", f"{field} {before}", f"{field} {after}"]


def permission(memory: EngineMemory, idler: Idler, choice) -> list[str]:
    keys = memory.read("keys", 0, 64)
    number = int(np.flatnonzero(keys["account"] == idler.account)[0])
    bit = 1 << choice.randrange(4)
    before, after = memory.edit("keys", number, "permissions", lambda x: x ^ bit)
    return [f"key {number}", f"permissions {before}", f"permissions {after}"]


def flipped_bit(memory: EngineMemory, idler: Idler, choice) -> list[str]:
    order, field = choice.choice(idler.orders), choice.choice(FIELDS)
    bit, slot = 1 << choice.randrange(40), memory.slot_of_order(order)
    before, after = memory.edit("orders", slot, field, lambda x: x ^ bit)
    return [f"order {order}", f"{field} {before}", f"{field} {after}"]


EDITS: dict[str, Callable[[EngineMemory, Idler, Any], list[str]]] = {
    "balance": balance,
    "quantity": quantity,
    "level": level,
    "tier": tier,
    "permission": permission,
    "bit": flipped_bit,
}
"""Of an engine's memory."""


@contextmanager
def database_of(exchange):
    """The database, once it has what the log has now: after a resumption it is made anew."""
    path, end = exchange.data / "database.sqlite", Position.parse(status(exchange).log_position)

    def is_there():
        with closing(sqlite3.connect(path, timeout=10)) as database:
            try:
                row = database.execute("SELECT position FROM progress").fetchone()
            except sqlite3.OperationalError:
                return False
        return row is not None and Position.parse(row[0]) >= end

    wait_until(is_there, 60, f"a database that is at {end}")
    with closing(sqlite3.connect(path, timeout=10)) as database:
        yield database


@contextmanager
def _told_row(exchange, choice, table, owner, number):
    """A row of a table that only grows has another value for as long as the context lasts."""
    column, change = choice.choice(COLUMNS), choice.randrange(1, 1000)
    with database_of(exchange) as database:
        chosen = f"SELECT {owner}, {number}, {column} FROM {table} ORDER BY random() LIMIT 1"
        wait_until(lambda: database.execute(chosen).fetchone() is not None, 30, "a row")
        *keys, value = database.execute(chosen).fetchone()

        def put(changed: int) -> None:
            with database:
                row = f"UPDATE {table} SET {column} = ? WHERE ({owner}, {number}) = (?, ?)"
                database.execute(row, (changed, *keys))

        put(value + change)
        try:
            place = f"row of table {table}, {owner} {keys[0]}, {number} {keys[1]}"
            yield [f"{place}: {column} {value + change}, not {column} {value}"]
        finally:
            put(value)


def trade_row(exchange, choice):
    """What everybody was told of a trade."""
    return _told_row(exchange, choice, "trades", "market", "id")


def fill_row(exchange, choice):
    """What one of the two was told of it."""
    return _told_row(exchange, choice, "fills", "user_id", "account_sequence")


@contextmanager
def balance_row(exchange, choice):
    """A balance in the database is another one: that of the account that never trades."""
    change = choice.choice((-1, 1)) * choice.randrange(1, 1 << 40)
    with database_of(exchange) as database:
        chosen = """
SELECT user_id, asset, available FROM balances JOIN accounts USING (user_id)
WHERE CAST(name AS TEXT) = ? AND locked > 0 LIMIT 1
"""
        wait_until(lambda: database.execute(chosen, (IDLER,)).fetchone() is not None, 60, "a row")
        account, asset, value = database.execute(chosen, (IDLER,)).fetchone()

        def put(changed: int) -> None:
            with database:
                row = "UPDATE balances SET available = ? WHERE (user_id, asset) = (?, ?)"
                database.execute(row, (changed, account, asset))

        put(value + change)
        try:
            place = f"balance of account {account} in asset {asset}"
            yield [f"{place}: available {value + change}, not available {value}"]
        finally:
            put(value)


@contextmanager
def snapshot_byte(exchange, choice):
    """A byte of an engine's latest snapshot is another one."""

    def kept():
        found = list((exchange.data / "snapshots").glob("*/*.snapshot"))
        return sorted(found, key=lambda path: path.name)

    wait_until(lambda: bool(kept()), 60, "a snapshot")
    with _flipped(kept()[-1], choice):
        yield [str(kept()[-1])]


@contextmanager
def archived_command(exchange, choice):
    """A byte of a segment of the archive is another one."""

    def kept():
        return sorted((exchange.data / "archive").glob("*.segment"))

    wait_until(lambda: bool(kept()), 60, "a segment")
    path = choice.choice(kept())
    with _flipped(path, choice):
        yield [path.name]


@contextmanager
def _flipped(path, choice):
    data = path.read_bytes()
    spoiled = bytearray(data)
    spoiled[choice.randrange(len(data))] ^= 1 << choice.randrange(8)
    path.write_bytes(spoiled)
    try:
        yield
    finally:
        if path.exists():
            path.write_bytes(data)


FILES = {
    "trade": trade_row,
    "fill": fill_row,
    "row": balance_row,
    "snapshot": snapshot_byte,
    "archive": archived_command,
}
"""Of what stands on the disk."""
