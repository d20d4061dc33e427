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
    take_in_references,
    take_in_settings,
    take_in_timers,
    take_in_triggers,
    take_in_withdrawals,
)


def fill(state: int, pool: Pool, tables: Tables) -> None:
    """Fill the pools of a new engine, whose state is at that address, from checked tables."""
    meta = pool("meta")[0]
    meta["time_ms"] = tables.clock["time_ms"][0]
    _fill_rules(meta, tables)
    forget_venue_name(state)
    for name in ("assets", "markets", "accounts", "keys"):
        table: Table = getattr(tables, name)
        meta[name] = len(table)
        _copy(pool(name), table)
    tiers = pool("tiers")
    for name in ("maker_bp", "taker_bp"):
        tiers[name][tables.tiers["tier"]] = tables.tiers[name]
    _copy_to(pool("attesters"), tables.attesters["slot"], tables.attesters)
    take_in_settings(state)
    pool("gateways")["sequence"][tables.gateways["gateway"]] = tables.gateways["sequence"]
    _take_in(take_in_gateways, state, tables.gateways["gateway"])
    _fill_balances(state, pool("balances"), tables.balances)
    _fill_orders(state, tables.orders, tables.triggers)
    _take_in(take_in_timers, state, _timer_words(tables.timers), len(tables.timers))
    withdrawals, references = tables.withdrawals, tables.references
    _copy_to(pool("withdrawals"), slice(1, len(withdrawals) + 1), withdrawals)
    take_in_withdrawals(state, len(withdrawals))
    digests = np.stack([references["first"], references["second"]], axis=1)
    pool("references")["digest"][1 : len(references) + 1] = digests
    take_in_references(state, len(references))


def _fill_rules(meta: Any, tables: Tables) -> None:
    meta["rules"] = tables.clock["rules_version"][0]
    if meta["rules"] > 1:
        meta["tiers_set"] = sum(1 << int(tier) for tier in tables.tiers["tier"])


def _copy(records: NDArray[Any], table: Table) -> None:
    """Copy the fields that both have into the first records."""
    _copy_to(records, slice(len(table)), table)


def _copy_to(records: NDArray[Any], places: Any, table: Table) -> None:
    """Copy the fields that both have into the records in those places."""
    for name in records.dtype.names or ():
        if name in (table.dtype.names or ()):
            words = records.dtype[name]
            column = table[name]
            if words.subdtype is not None:
                column = np.ascontiguousarray(column).view("<u8").reshape(len(table), *words.shape)
            records[name][places] = column


def _fill_balances(state: int, records: NDArray[Any], table: Table) -> None:
    asset = table["asset"]
    slots = (asset // ASSETS_OF_A_GROUP) << (ACCOUNT_BITS + 2)
    slots = slots | table["account"] << 2 | asset % ASSETS_OF_A_GROUP
    records["available"][slots] = table["available"]
    records["locked"][slots] = table["locked"]
    _take_in(take_in_balances, state, slots)


def _fill_orders(state: int, orders: Table, triggers: Table) -> None:
    for table, take_in in ((orders, take_in_orders), (triggers, take_in_triggers)):
        held = np.ascontiguousarray(table)
        take_in(state, int(held.ctypes.data), len(held))
    # In a new engine the first order is in slot 1, the next in slot 2 …
    both = {name: np.append(orders[name], triggers[name]) for name in ("placed", "account")}
    slots = 1 + np.lexsort((both["placed"], both["account"]))
    _take_in(take_in_placements, state, slots)


def _timer_words(timers: Table) -> NDArray[Any]:
    """Layout.TIMER records as words: when it runs out, and its number."""
    return np.stack([timers["expires_ms"], timers["account"] * 2 + timers["timer"]], axis=1)


def _take_in(function: Any, state: int, words: NDArray[Any], count: int | None = None) -> None:
    held = np.ascontiguousarray(words, np.int64)
    function(state, int(held.ctypes.data), len(held) if count is None else count)
