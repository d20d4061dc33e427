"""The pools of a new fast engine, filled from tables.

Promise: afterwards the engine is in the state that the tables tell. Columns are copied here, all at
once; what leads from one record to another is made by the kernel (engine/loading.py).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from truebook.engine.canonical.exporting import ASSETS_OF_A_GROUP, Pool
from truebook.engine.canonical.tables import Table, Tables
from truebook.engine.layout import ACCOUNT_BITS
from truebook.engine.loading import (
    forget_venue_name,
    take_in_balances,
    take_in_gateways,
    take_in_orders,
    take_in_placements,
    take_in_settings,
)


def fill(state: int, pool: Pool, tables: Tables) -> None:
    """Fill the pools of a new engine, whose state is at that address, from checked tables."""
    meta = pool("meta")[0]
    meta["time_ms"] = tables.clock["time_ms"][0]
    forget_venue_name(state)
    for name in ("assets", "markets", "accounts", "keys"):
        table: Table = getattr(tables, name)
        meta[name] = len(table)
        _copy(pool(name), table)
    tiers = pool("tiers")
    for name in ("maker_bp", "taker_bp"):
        tiers[name][tables.tiers["tier"]] = tables.tiers[name]
    take_in_settings(state)
    pool("gateways")["sequence"][tables.gateways["gateway"]] = tables.gateways["sequence"]
    _take_in(take_in_gateways, state, tables.gateways["gateway"])
    _fill_balances(state, pool("balances"), tables.balances)
    _fill_orders(state, tables.orders)


def _copy(records: NDArray[Any], table: Table) -> None:
    """Copy the fields that both have."""
    for name in records.dtype.names or ():
        if name in (table.dtype.names or ()):
            words = records.dtype[name]
            column = table[name]
            if words.subdtype is not None:
                column = np.ascontiguousarray(column).view("<u8").reshape(len(table), *words.shape)
            records[name][: len(table)] = column


def _fill_balances(state: int, records: NDArray[Any], table: Table) -> None:
    asset = table["asset"]
    slots = (asset // ASSETS_OF_A_GROUP) << (ACCOUNT_BITS + 2)
    slots = slots | table["account"] << 2 | asset % ASSETS_OF_A_GROUP
    records["available"][slots] = table["available"]
    records["locked"][slots] = table["locked"]
    _take_in(take_in_balances, state, slots)


def _fill_orders(state: int, orders: Table) -> None:
    held = np.ascontiguousarray(orders)
    take_in_orders(state, int(held.ctypes.data), len(held))
    # In a new engine the first order is in slot 1, the next in slot 2 …
    slots = 1 + np.lexsort((held["placed"], held["account"]))
    _take_in(take_in_placements, state, slots)


def _take_in(function: Any, state: int, numbers: NDArray[Any]) -> None:
    held = np.ascontiguousarray(numbers, np.int64)
    function(state, int(held.ctypes.data), len(held))
