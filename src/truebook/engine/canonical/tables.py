"""The canonical state: all that an engine's future depends on, as a fixed set of tables.

Promise: two engines that will say the same for ever give equal tables, byte for byte, whatever is
different inside them: slots, free lists and sizes of tables are nowhere in them. An engine made
from the tables has the state hash of the one that gave them, and the same future.

Why they are enough: they hold every record of the state hash (fingerprint.py), and the two orders
of things that no record tells: in which order an account's orders were placed (`placed`, for
CANCEL_ALL), and in which order keys were first set (`number`, for who reads them page by page). All
else that an engine keeps follows from these: supplies and locked sums, price levels, counts, what a
unit of a market is worth, each gateway's highest order id.

Every table is sorted by its key, named first here; orders as a taker meets them: by market, side,
price from the best, priority. A snapshot carries BLAKE3 over the tables: the state hash is a sum,
which somebody who sets out to could forge.
"""

from typing import Any, NamedTuple

import numpy as np
from blake3 import blake3
from numpy.typing import NDArray

from truebook.messages import ORDER_SIDE_SHIFT

Table = NDArray[Any]

CLOCK = np.dtype([("time_ms", "<i8"), ("rules_version", "<i8")])
"""One row."""

GATEWAY = np.dtype([("gateway", "<i8"), ("sequence", "<i8")])
ASSET = np.dtype(
    [("asset", "<i8"), ("decimals", "<i8"), ("symbol", "S16"), ("display_name", "S24")]
)
MARKET = np.dtype(
    [
        ("market", "<i8"),
        ("state", "<i8"),
        ("base", "<i8"),
        ("quote", "<i8"),
        ("tick_mantissa", "<i8"),
        ("step_mantissa", "<i8"),
        ("tick_exponent", "<i8"),
        ("step_exponent", "<i8"),
        ("price_min", "<i8"),
        ("price_max", "<i8"),
        ("quantity_min", "<i8"),
        ("quantity_max", "<i8"),
        ("price_reference", "<i8"),
        ("open_orders_max", "<i8"),
        ("band_max_bp", "<i8"),
        ("band_min_bp", "<i8"),
        ("impact_max_bp", "<i8"),
        ("impact_min_bp", "<i8"),
        ("last_price", "<i8"),
        ("sequence", "<i8"),
        ("trade_id", "<i8"),
    ]
)
TIER = np.dtype([("tier", "<i8"), ("maker_bp", "<i8"), ("taker_bp", "<i8")])
"""Under version 1 of the rules the tiers with a rate; later those that are set."""

ACCOUNT = np.dtype(
    [
        ("account", "<i8"),
        ("tier", "<i8"),
        ("flags", "<i8"),
        ("open_orders_max", "<i8"),
        ("sequence", "<i8"),
        ("name", "S24"),
    ]
)
KEY = np.dtype(
    [
        ("number", "<i8"),
        ("public_key", "V32"),
        ("account", "<i8"),
        ("permissions", "<i8"),
        ("expires_ms", "<i8"),
    ]
)
BALANCE = np.dtype([("account", "<i8"), ("asset", "<i8"), ("available", "<i8"), ("locked", "<i8")])
"""Those that are not zero."""

ORDER = np.dtype(
    [
        ("market", "<u4"),
        ("account", "<u4"),
        ("price", "<i8"),
        ("priority", "<i8"),
        ("order_id", "<i8"),
        ("quantity", "<i8"),
        ("remaining", "<i8"),
        ("executed_quote", "<i8"),
        ("time_flags", "<i8"),
        ("client_id", "<u4"),
        ("placed", "<u4"),
    ]
)
"""Resting orders. `placed` counts an account's orders, pending ones too, from the oldest: 0, 1 …"""

TRIGGER = np.dtype(
    [
        ("market", "<u4"),
        ("account", "<u4"),
        ("priority", "<i8"),
        ("order_id", "<i8"),
        ("trigger_price", "<i8"),
        ("price", "<i8"),
        ("quantity", "<i8"),
        ("time_flags", "<i8"),
        ("client_id", "<u4"),
        ("placed", "<u4"),
    ]
)
"""Pending orders, by market and priority."""

TIMER = np.dtype([("account", "<i8"), ("timer", "<i8"), ("expires_ms", "<i8")])
WITHDRAWAL = np.dtype(
    [("withdrawal_id", "<i8"), ("account", "<i8"), ("asset", "<i8"), ("amount", "<i8")]
)
REFERENCE = np.dtype([("first", "<u8"), ("second", "<u8")])
ATTESTER = np.dtype([("slot", "<i8"), ("trusted", "<i8"), ("public_key", "V32"), ("name", "S16")])


class Tables(NamedTuple):
    """The canonical state, one table for each kind of record."""

    clock: Table
    gateways: Table
    assets: Table
    markets: Table
    tiers: Table
    accounts: Table
    keys: Table
    balances: Table
    orders: Table
    triggers: Table
    timers: Table
    withdrawals: Table
    references: Table
    attesters: Table


DTYPES: dict[str, "np.dtype[Any]"] = {
    "clock": CLOCK,
    "gateways": GATEWAY,
    "assets": ASSET,
    "markets": MARKET,
    "tiers": TIER,
    "accounts": ACCOUNT,
    "keys": KEY,
    "balances": BALANCE,
    "orders": ORDER,
    "triggers": TRIGGER,
    "timers": TIMER,
    "withdrawals": WITHDRAWAL,
    "references": REFERENCE,
    "attesters": ATTESTER,
}
"""The layout of each table of `Tables`, in its order."""


def digest(tables: Tables) -> bytes:
    """BLAKE3 of the canonical state, 32 bytes: names, layouts and lengths enter with the rows."""
    running = blake3()
    for name, table in zip(Tables._fields, tables, strict=True):
        layout = ",".join(f"{field} {table.dtype[field].str}" for field in DTYPES[name].names or ())
        running.update(f"{name} ({layout}) {len(table)}\n".encode())
        running.update(np.ascontiguousarray(table).view(np.uint8).data)
    return running.digest()


def make(**rows: Any) -> Tables:
    """Tables from rows (tuples, or tables already); empty where none are given. Orders, pending
    orders and references are sorted; the others must be."""
    made = {name: np.array(rows.get(name, []), dtype).reshape(-1) for name, dtype in DTYPES.items()}
    made["orders"] = _sorted(made["orders"], taking_keys(made["orders"]))
    for name, fields in (("triggers", ("market", "priority")), ("references", ("first", "second"))):
        made[name] = _sorted(made[name], tuple(made[name][field] for field in fields))
    return Tables(**made)


def taking_keys(orders: Table) -> tuple[NDArray[Any], ...]:
    """What sorts rows of ORDER as a taker meets them, market after market, bids first."""
    is_ask = orders["time_flags"] >> ORDER_SIDE_SHIFT & 1
    price = np.where(is_ask, orders["price"], -orders["price"])
    return orders["market"], is_ask, price, orders["priority"]


def _sorted(table: Table, keys: tuple[NDArray[Any], ...]) -> Table:
    return table[np.lexsort(keys[::-1])]
