"""The state hash of tables, from their words alone.

Promise: the sixteen bytes that an engine in this state answers to `state_hash`, computed without an
engine, column by column. A snapshot can so be checked before anything is made of it, and two states
that differ can be compared record by record.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truebook.engine.canonical.tables import Table, Tables
from truebook.engine.fingerprint import FINAL_1, FINAL_2, LANE_KEYS, Tag, to_bytes
from truebook.messages import ORDER_HAS_CLIENT_ID

Words = NDArray[np.uint64]
_HALF = np.uint64(33)


def state_hash(tables: Tables) -> bytes:
    """The state hash of an engine that is made from the tables."""
    lanes = [0, 0]
    for tag, columns in records(tables):
        for lane, keys in enumerate(LANE_KEYS):
            lanes[lane] += int(_hashes(tag, columns, keys).sum(dtype=np.uint64))
    return to_bytes(*lanes)


def records(tables: Tables) -> Iterator[tuple[Tag, list[Words]]]:
    """The records of the state hash: for each tag the columns of words behind it."""
    clock = tables.clock
    yield Tag.CLOCK, _columns(clock, "time_ms")
    yield Tag.RULES, _columns(clock[clock["rules_version"] != 1], "rules_version")
    yield Tag.GATEWAY, _columns(tables.gateways, "gateway", "sequence")
    yield Tag.ASSET, _columns(tables.assets, "asset", "decimals", "symbol", "display_name")
    yield Tag.MARKET, _market_columns(tables.markets)
    yield Tag.TIER, _columns(tables.tiers, "tier", "maker_bp", "taker_bp")
    yield Tag.ACCOUNT, _account_columns(tables.accounts)
    keys = tables.keys
    yield (
        Tag.KEY,
        [
            *_columns(keys, "public_key"),
            _packed(keys, account=0, permissions=32),
            *_columns(keys, "expires_ms"),
        ],
    )
    balances = tables.balances
    held = [_packed(balances, account=0, asset=32), *_columns(balances, "available", "locked")]
    yield Tag.BALANCE, held
    yield from _order_records(tables)
    yield from _later_records(tables)


def _market_columns(markets: Table) -> list[Words]:
    return [
        *_columns(markets, "market"),
        _packed(markets, base=0, quote=16, state=32),
        *_columns(markets, "tick_mantissa", "step_mantissa"),
        _packed(markets, tick_exponent=0, step_exponent=8),
        *_columns(markets, "price_min", "price_max", "quantity_min", "quantity_max"),
        *_columns(markets, "price_reference", "open_orders_max"),
        _packed(markets, band_max_bp=0, band_min_bp=16, impact_max_bp=32, impact_min_bp=48),
        *_columns(markets, "last_price", "sequence", "trade_id"),
    ]


def _account_columns(accounts: Table) -> list[Words]:
    return [
        *_columns(accounts, "account"),
        _packed(accounts, tier=0, flags=8, open_orders_max=32),
        *_columns(accounts, "sequence", "name"),
    ]


def _order_records(tables: Tables) -> Iterator[tuple[Tag, list[Words]]]:
    orders, triggers = tables.orders, tables.triggers
    yield (
        Tag.ORDER,
        [
            *_columns(orders, "order_id"),
            _packed(orders, account=0, market=32),
            *_columns(orders, "price", "quantity", "remaining", "executed_quote"),
            *_columns(orders, "priority", "time_flags"),
        ],
    )
    yield (
        Tag.TRIGGER,
        [
            *_columns(triggers, "order_id"),
            _packed(triggers, account=0, market=32),
            *_columns(triggers, "price", "quantity", "trigger_price", "priority", "time_flags"),
        ],
    )
    for table in (orders, triggers):
        named = table[table["time_flags"] & ORDER_HAS_CLIENT_ID != 0]
        yield Tag.CLIENT, _columns(named, "account", "client_id", "order_id")


def _later_records(tables: Tables) -> Iterator[tuple[Tag, list[Words]]]:
    """What version 2 of the rules has added."""
    timers, withdrawals, attesters = tables.timers, tables.withdrawals, tables.attesters
    yield Tag.TIMER, [_packed(timers, account=0, timer=32), *_columns(timers, "expires_ms")]
    yield (
        Tag.WITHDRAWAL,
        [
            *_columns(withdrawals, "withdrawal_id"),
            _packed(withdrawals, account=0, asset=32),
            *_columns(withdrawals, "amount"),
        ],
    )
    yield Tag.REFERENCE, _columns(tables.references, "first", "second")
    keyed = [_packed(attesters, slot=0, trusted=32), *_columns(attesters, "public_key", "name")]
    yield Tag.ATTESTER, keyed


def _columns(table: Table, *fields: str) -> list[Words]:
    """Each field as one column of words, or several where it is a byte string."""
    columns: list[Words] = []
    for field in fields:
        column = np.ascontiguousarray(table[field])
        if column.dtype.kind in "SV":
            words = column.view("<u8").reshape(len(table), column.dtype.itemsize // 8)
            columns += list(words.T)
        else:
            columns.append(column.astype(np.int64).view(np.uint64))
    return columns


def _packed(table: Table, **shifts: int) -> Words:
    """Several small fields in one word, each at its shift."""
    packed = np.zeros(len(table), np.uint64)
    for field, shift in shifts.items():
        packed |= table[field].astype(np.uint64) << np.uint64(shift)
    return packed


def _hashes(tag: Tag, columns: list[Words], keys: tuple[int, ...]) -> Any:
    """One lane of each record's hash."""
    total = np.full(len(columns[0]), int(tag) * keys[0] & (1 << 64) - 1, np.uint64)
    for column, key in zip(columns, keys[1:], strict=False):
        total += column * np.uint64(key)
    for final in (FINAL_1, FINAL_2):
        total = (total ^ total >> _HALF) * np.uint64(final)
    return total ^ total >> _HALF
