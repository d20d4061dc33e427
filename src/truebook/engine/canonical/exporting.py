"""The canonical state of the fast engine, read out of its pools.

Promise: reading changes nothing and follows no link that the state hash doesn't cover, but for the
lists of accounts: a pool that somebody has tampered with gives wrong tables, never no end. It is
whole columns at a time, so a million orders take well under a second, in a process that was forked
for it.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truebook.engine.canonical.tables import (
    ACCOUNT,
    ASSET,
    ATTESTER,
    BALANCE,
    GATEWAY,
    KEY,
    MARKET,
    ORDER,
    REFERENCE,
    TIER,
    TIMER,
    TRIGGER,
    WITHDRAWAL,
    Table,
    Tables,
    make,
)
from truebook.engine.layout import ACCOUNT_BITS, TRIGGER_BOOKS

Pool = Callable[[str], NDArray[Any]]
"""A pool's records by its name."""

ASSETS_OF_A_GROUP = 4
"""Balances stand in groups of four assets (ledger.py)."""


def export(pool: Pool, placed: NDArray[np.uint32]) -> Tables:
    """The tables. `placed`: by slot, the place of an order in its account's list."""
    meta = pool("meta")[0]
    return make(
        clock=[(int(meta["time_ms"]), int(meta["rules"]))],
        gateways=_gateways(pool("gateways")),
        assets=_filled(ASSET, "asset", pool("assets")[: meta["assets"]]),
        markets=_filled(MARKET, "market", pool("markets")[: meta["markets"]]),
        tiers=_tiers(pool("tiers"), int(meta["rules"]), int(meta["tiers_set"])),
        accounts=_filled(ACCOUNT, "account", pool("accounts")[: meta["accounts"]]),
        keys=_filled(KEY, "number", pool("keys")[: meta["keys"]]),
        balances=_balances(pool("balances"), int(meta["assets"]), int(meta["accounts"])),
        orders=_orders(pool, int(meta["orders_top"]), placed),
        triggers=_triggers(pool, int(meta["orders_top"]), placed),
        timers=_timers(pool("timers")[: meta["timers"]]),
        withdrawals=_withdrawals(pool("withdrawals")[: meta["withdrawals_top"] + 1]),
        references=_references(pool("references")[1 : meta["references"] + 1]),
        attesters=_attesters(pool("attesters")),
    )


def _filled(dtype: "np.dtype[Any]", number: str, records: NDArray[Any]) -> Table:
    """Rows with the records' fields of the same names, numbered."""
    table = np.zeros(len(records), dtype)
    table[number] = np.arange(len(records))
    for name in dtype.names or ():
        if name != number:
            column = np.ascontiguousarray(records[name])
            is_text = dtype[name].kind in "SV"
            table[name] = column.view(dtype[name]).reshape(-1) if is_text else column
    return table


def _gateways(records: NDArray[Any]) -> Table:
    numbers = np.flatnonzero(records["sequence"])
    table = np.zeros(len(numbers), GATEWAY)
    table["gateway"] = numbers
    table["sequence"] = records["sequence"][numbers]
    return table


def _tiers(records: NDArray[Any], rules: int, tiers_set: int) -> Table:
    table = _filled(TIER, "tier", records)
    if rules == 1:
        return table[(table["maker_bp"] != 0) | (table["taker_bp"] != 0)]
    return table[[tiers_set >> tier & 1 == 1 for tier in range(len(table))]]


def _balances(records: NDArray[Any], assets: int, accounts: int) -> Table:
    parts = [np.zeros(0, BALANCE)]
    for first in range(0, assets, ASSETS_OF_A_GROUP):
        start = first << ACCOUNT_BITS
        group = records[start : start + accounts * ASSETS_OF_A_GROUP]
        slots = np.flatnonzero((group["available"] != 0) | (group["locked"] != 0))
        part = np.zeros(len(slots), BALANCE)
        part["account"] = slots // ASSETS_OF_A_GROUP
        part["asset"] = first + slots % ASSETS_OF_A_GROUP
        part["available"] = group["available"][slots]
        part["locked"] = group["locked"][slots]
        parts.append(part)
    table = np.concatenate(parts)
    return table[np.lexsort((table["asset"], table["account"]))]


def _found(pool: Pool, top: int, are_pending: bool) -> tuple[NDArray[Any], Table, Table, Table]:
    """Of the orders that rest, or are pending: slots, records, markets, prices in the book."""
    orders = pool("orders")[: top + 1]
    books = pool("levels")["book"][orders["level"]]
    is_one = (orders["order_id"] != 0) & (orders["level"] != 0)
    slots = np.flatnonzero(is_one & ((books >= TRIGGER_BOOKS) == are_pending))
    orders = orders[slots]
    levels = pool("levels")[orders["level"]]
    prices = np.where(levels["book"] & 1, levels["key"], -levels["key"])
    return slots, orders, (levels["book"] & (TRIGGER_BOOKS - 1)) >> 1, prices


def _orders(pool: Pool, top: int, placed: NDArray[np.uint32]) -> Table:
    slots, orders, markets, prices = _found(pool, top, are_pending=False)
    table = np.zeros(len(slots), ORDER)
    table["market"] = markets
    table["price"] = prices
    for name in ("account", "priority", "order_id", "quantity", "remaining", "executed_quote"):
        table[name] = orders[name]
    table["time_flags"] = orders["time_flags"]
    table["client_id"] = pool("links")["client_id"][slots]
    table["placed"] = placed[slots]
    return table


def _triggers(pool: Pool, top: int, placed: NDArray[np.uint32]) -> Table:
    slots, orders, markets, prices = _found(pool, top, are_pending=True)
    table = np.zeros(len(slots), TRIGGER)
    table["market"] = markets
    table["trigger_price"] = prices
    table["price"] = orders["executed_quote"]
    for name in ("account", "priority", "order_id", "quantity", "time_flags"):
        table[name] = orders[name]
    table["client_id"] = pool("links")["client_id"][slots]
    table["placed"] = placed[slots]
    return table


def _timers(heap: NDArray[Any]) -> Table:
    heap = np.sort(heap, order="number")
    table = np.zeros(len(heap), TIMER)
    table["account"] = heap["number"] >> 1
    table["timer"] = heap["number"] & 1
    table["expires_ms"] = heap["expires_ms"]
    return table


def _withdrawals(records: NDArray[Any]) -> Table:
    records = records[records["withdrawal_id"] != 0]
    return np.sort(records.astype(WITHDRAWAL), order="withdrawal_id")


def _references(records: NDArray[Any]) -> Table:
    table = np.zeros(len(records), REFERENCE)
    table["first"], table["second"] = records["digest"].T
    return table


def _attesters(records: NDArray[Any]) -> Table:
    table = _filled(ATTESTER, "slot", records)
    return table[table["name"] != b""]
