"""What a place in the fast engine's memory is called, and what stands there."""

from collections.abc import Callable
from typing import Any

from numpy.typing import NDArray

from truebook.engine.layout import ACCOUNT_BITS, ACCOUNT_MASK
from truebook.engine.scrubbing import structure
from truebook.faults import Fault
from truebook.messages import Side

Pool = Callable[[str], NDArray[Any]]

UNCHANGED = "what it was when a command last changed it"
"""All that a kept hash can tell."""

_WRONG_ORDER = {
    structure.WRONG_LEVEL: ("its price level", "one that the price index leads to"),
    structure.WRONG_ID: ("not found by its id", "found"),
    structure.WRONG_CLIENT: ("not found by its client id", "found"),
    structure.WRONG_NEIGHBOUR: ("its place in its price level", "between its neighbours"),
    structure.WRONG_LINK: ("its place in its account's list", "between its neighbours"),
}


def changed(pool: Pool, name: str, slot: int) -> Fault:
    """A record whose hash isn't the one that was kept."""
    record = pool(name)[slot]
    if name == "orders":
        return _order(pool, slot, _fields(record, "quantity", "remaining", "executed_quote"))
    if name == "balances":
        account, asset = slot >> 2 & ACCOUNT_MASK, slot >> (ACCOUNT_BITS + 2) << 2 | slot & 3
        place = f"balance of account {account} in asset {asset}"
        found = _fields(record, "available", "locked")
        return Fault(place, found, UNCHANGED, "balances", (account, asset))
    if name == "accounts":
        found = _fields(record, "tier", "flags", "open_orders_max", "sequence")
        return Fault(f"account {slot}", found, UNCHANGED, "accounts", (slot,))
    found = _fields(record, "state", "last_price", "sequence", "trade_id", "price_max")
    return Fault(f"market {slot}", found, UNCHANGED, "markets", (slot,))


def misplaced_order(pool: Pool, slot: int, wrong: int) -> Fault:
    """An order that something leads to wrongly, or that leads somewhere wrong itself."""
    found, expected = _WRONG_ORDER[wrong]
    named = _order(pool, slot, found)
    return Fault(named.place, found, expected, named.table, named.key)


def wrong_level(pool: Pool, slot: int, wrong: int, quantity: int, orders: int) -> Fault:
    """A level that isn't the sum of its orders, or isn't where it belongs."""
    level = pool("levels")[slot]
    market, side = int(level["book"]) >> 1, Side(int(level["book"]) & 1)
    price = int(level["key"]) if side else -int(level["key"])
    place = f"level {price} of {side.name.lower()}s in market {market}"
    if wrong == structure.WRONG_QUANTITY:
        return Fault(f"quantity of {place}", str(int(level["quantity"])), str(quantity))
    if wrong == structure.WRONG_COUNT:
        return Fault(f"number of orders in {place}", str(int(level["count"])), str(orders))
    return Fault(place, "beside the wrong levels", "in order of price")


def wrong_account(pool: Pool, account: int, wrong: int, held: list[int]) -> Fault:
    """An account whose locked amounts or list of orders aren't what its orders say. `held`: of each
    asset, what they hold."""
    if wrong == structure.WRONG_COUNT:
        count = int(pool("accounts")[account]["orders"])
        return Fault(f"number of orders of account {account}", str(count), "those of its list")
    for asset, expected in enumerate(held):
        balance = pool("balances")[asset >> 2 << (ACCOUNT_BITS + 2) | account << 2 | asset & 3]
        place = f"balance of account {account} in asset {asset}"
        key = (account, asset)
        if balance["locked"] != expected:
            found = f"locked {balance['locked']}"
            return Fault(place, found, f"{expected}, which its orders hold", "balances", key)
        if balance["available"] < 0:
            found = f"available {balance['available']}"
            return Fault(place, found, "0 or more", "balances", key)
    return Fault(f"account {account}", "something that comes and goes", UNCHANGED)


def _order(pool: Pool, slot: int, found: str) -> Fault:
    record = pool("orders")[slot]
    order_id, account = int(record["order_id"]), int(record["account"])
    return Fault(f"order {order_id} of account {account}", found, UNCHANGED, "orders", (order_id,))


def _fields(record: Any, *names: str) -> str:
    return ", ".join(f"{name} {int(record[name])}" for name in names)
