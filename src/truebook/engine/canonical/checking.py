"""Whether tables can be an engine's. They may come from a file, or a database that anybody edits.

Promise: tables that pass can be loaded; nothing in them leads outside a pool. That they are
true is another matter: the state hash tells.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from truebook.engine.canonical.tables import DTYPES, Table, Tables, taking_keys
from truebook.limits import (
    ACCOUNTS_MAX,
    AMOUNT_MAX,
    ASSETS_MAX,
    ATTESTERS_MAX,
    BASIS_POINTS,
    GATEWAYS_MAX,
    KEYS_MAX,
    MARKETS_MAX,
    ORDER_COUNTER_BITS,
    ORDERS_MAX,
    PRICE_TICKS_MAX,
    REFERENCES_MAX,
    TIERS_MAX,
    TIMER_MS_MAX,
    WITHDRAWALS_PENDING_MAX,
)
from truebook.messages import ORDER_HAS_CLIENT_ID, RULES_VERSION_MAX

_TIME_END_MS = 1 << 47
_INT64_MAX = (1 << 63) - 1
_CLIENT_BITS = np.uint64(32)


class TablesInvalid(ValueError):
    """The tables can't be an engine's state; names the table, the row and what is wrong."""


def check_tables(tables: Tables) -> None:
    """Raise TablesInvalid unless an engine can be made from them."""
    for (name, dtype), table in zip(DTYPES.items(), tables, strict=True):
        if table.dtype != dtype or table.ndim != 1:
            raise TablesInvalid(f"{name}: not laid out as {dtype}")
    if len(tables.clock) != 1:
        raise TablesInvalid("clock: not one row")
    _check(tables, "clock", time_ms=(0, _TIME_END_MS - 1), rules_version=(1, RULES_VERSION_MAX))
    _check(tables, "gateways", gateway=(0, GATEWAYS_MAX - 1), sequence=(1, _INT64_MAX))
    _check_rising(tables, "gateways", "gateway")
    _check_settings(tables)
    _check_members(tables)
    _check_balances(tables)
    _check_orders(tables)
    _check_later(tables)


def _check_settings(tables: Tables) -> None:
    assets = len(tables.assets)
    _check_numbered(tables, "assets", "asset", ASSETS_MAX)
    _check(tables, "assets", decimals=(0, 18))
    _check_numbered(tables, "markets", "market", MARKETS_MAX)
    _check(
        tables,
        "markets",
        state=(0, 4),
        base=(0, assets - 1),
        quote=(0, assets - 1),
        tick_mantissa=(1, AMOUNT_MAX),
        step_mantissa=(1, AMOUNT_MAX),
        tick_exponent=(0, 18),
        step_exponent=(0, 18),
        price_min=(1, PRICE_TICKS_MAX),
        price_max=(1, PRICE_TICKS_MAX),
        quantity_min=(1, AMOUNT_MAX),
        quantity_max=(1, AMOUNT_MAX),
        price_reference=(0, PRICE_TICKS_MAX),
        open_orders_max=(0, 65_535),
        band_max_bp=(0, 65_535),
        band_min_bp=(0, 65_535),
        impact_max_bp=(0, 65_535),
        impact_min_bp=(0, 65_535),
        last_price=(0, PRICE_TICKS_MAX),
        sequence=(0, _INT64_MAX),
        trade_id=(0, _INT64_MAX),
    )
    _check(
        tables,
        "tiers",
        tier=(0, TIERS_MAX - 1),
        maker_bp=(-BASIS_POINTS, BASIS_POINTS),
        taker_bp=(-BASIS_POINTS, BASIS_POINTS),
    )
    _check_rising(tables, "tiers", "tier")


def _check_members(tables: Tables) -> None:
    _check_numbered(tables, "accounts", "account", ACCOUNTS_MAX)
    if not len(tables.accounts):
        raise TablesInvalid("accounts: the venue's is missing")
    _check(
        tables,
        "accounts",
        tier=(0, TIERS_MAX - 1),
        flags=(0, 1),
        open_orders_max=(0, 0xFFFFFFFF),
        sequence=(0, _INT64_MAX),
    )
    _check_unique("accounts", "name", tables.accounts["name"])
    _check_numbered(tables, "keys", "number", KEYS_MAX)
    last = len(tables.accounts) - 1
    _check(tables, "keys", account=(0, last), permissions=(0, 15), expires_ms=(0, _INT64_MAX))
    _check_unique("keys", "public_key", tables.keys["public_key"].view("S32"))


def _check_balances(tables: Tables) -> None:
    accounts, assets = len(tables.accounts), len(tables.assets)
    _check(
        tables,
        "balances",
        account=(0, accounts - 1),
        asset=(0, assets - 1),
        available=(0, AMOUNT_MAX),
        locked=(0, AMOUNT_MAX),
    )
    table = tables.balances
    if not _is_rising((table["account"], table["asset"])):
        raise TablesInvalid("balances: not sorted by account and asset")
    for asset in range(assets):
        rows = table[table["asset"] == asset]
        # In halves: a sum of what may stand there doesn't fit in 64 bits.
        parts = rows["available"] >> 32, rows["locked"] >> 32
        high = sum(int(part.sum()) for part in parts)
        low = sum(int((rows[name] & 0xFFFFFFFF).sum()) for name in ("available", "locked"))
        if (high << 32) + low > AMOUNT_MAX:
            raise TablesInvalid(f"balances: of asset {asset} there is more than may be")


def _check_orders(tables: Tables) -> None:
    orders, triggers = tables.orders, tables.triggers
    if len(orders) + len(triggers) >= ORDERS_MAX:
        raise TablesInvalid(f"orders: {len(orders) + len(triggers)} are too many")
    for name in ("orders", "triggers"):
        _check(
            tables,
            name,
            market=(0, len(tables.markets) - 1),
            account=(1, len(tables.accounts) - 1),
            priority=(1, _INT64_MAX),
            order_id=(1, (GATEWAYS_MAX << ORDER_COUNTER_BITS) - 1),
            quantity=(1, AMOUNT_MAX),
            time_flags=(0, _INT64_MAX),
        )
    price, amount = (1, PRICE_TICKS_MAX), (1, AMOUNT_MAX)
    _check(tables, "orders", price=price, remaining=amount, executed_quote=(0, AMOUNT_MAX))
    _check(tables, "triggers", price=(0, PRICE_TICKS_MAX), trigger_price=price)
    if not _is_rising(taking_keys(orders)):
        raise TablesInvalid("orders: not sorted by market, side, price, priority")
    if not _is_rising((triggers["market"], triggers["priority"])):
        raise TablesInvalid("triggers: not sorted by market and priority")
    _check_unique("orders", "order_id", orders["order_id"], triggers["order_id"])
    _check_unique("orders", "client_id", _clients(orders), _clients(triggers))


def _clients(orders: Table) -> NDArray[np.uint64]:
    """Account and client id, as one number, of the orders that have one."""
    orders = orders[orders["time_flags"] & ORDER_HAS_CLIENT_ID != 0]
    return orders["account"].astype(np.uint64) << _CLIENT_BITS | orders["client_id"]


def _check_later(tables: Tables) -> None:
    """What version 2 of the rules has added."""
    last_account, last_asset = len(tables.accounts) - 1, len(tables.assets) - 1
    timer_ms = (1, _TIME_END_MS + TIMER_MS_MAX)
    _check(tables, "timers", account=(1, last_account), timer=(0, 1), expires_ms=timer_ms)
    if not _is_rising((tables.timers["account"], tables.timers["timer"])):
        raise TablesInvalid("timers: not sorted by account and timer")
    account, asset = (1, last_account), (0, last_asset)
    _check(tables, "withdrawals", account=account, asset=asset, amount=(1, AMOUNT_MAX))
    _check_rising(tables, "withdrawals", "withdrawal_id")
    if len(tables.withdrawals) > WITHDRAWALS_PENDING_MAX:
        raise TablesInvalid(f"withdrawals: {len(tables.withdrawals)} are too many")
    references = tables.references
    if len(references) > REFERENCES_MAX:
        raise TablesInvalid(f"references: {len(references)} are too many")
    if not _is_rising((references["first"], references["second"])):
        raise TablesInvalid("references: not sorted, or one is there twice")
    _check(tables, "attesters", slot=(0, ATTESTERS_MAX - 1), trusted=(0, 1))
    _check_rising(tables, "attesters", "slot")


# --- what is checked of one column --------------------------------------------------------------


def _check(tables: Tables, name: str, **bounds: tuple[int, int]) -> None:
    table: Table = getattr(tables, name)
    for field, (least, most) in bounds.items():
        wrong = (table[field] < least) | (table[field] > most)
        if wrong.any():
            row = int(wrong.argmax())
            value = table[field][row]
            raise TablesInvalid(f"{name}: row {row}: {field} {value} isn't in {least}…{most}")


def _check_numbered(tables: Tables, name: str, field: str, most: int) -> None:
    table: Table = getattr(tables, name)
    if len(table) > most:
        raise TablesInvalid(f"{name}: {len(table)} are too many")
    if not np.array_equal(table[field], np.arange(len(table))):
        raise TablesInvalid(f"{name}: {field} isn't 0, 1, 2 …")


def _check_rising(tables: Tables, name: str, field: str) -> None:
    if not _is_rising((getattr(tables, name)[field],)):
        raise TablesInvalid(f"{name}: not sorted by {field}, or one is there twice")


def _is_rising(keys: tuple[NDArray[Any], ...]) -> bool:
    """Whether each row comes before the next, by the first key that differs."""
    is_less = np.zeros(max(0, len(keys[0]) - 1), np.bool_)
    is_equal = ~is_less
    for key in keys:
        is_less |= is_equal & (key[:-1] < key[1:])
        is_equal &= key[:-1] == key[1:]
    return bool(is_less.all())


def _check_unique(name: str, field: str, *values: NDArray[Any]) -> None:
    ordered = np.sort(np.concatenate(values))
    if (ordered[1:] == ordered[:-1]).any():
        value = ordered[1:][ordered[1:] == ordered[:-1]][0]
        raise TablesInvalid(f"{name}: {field} {value!r} is there twice")
