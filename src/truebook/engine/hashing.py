"""The state hash, record by record: what a record's hash is, and that one has changed.

Promise: a record that has changed since the state hash was last folded (folding.py) is marked, and
its hash is what engine/fingerprint.py defines.

Why it works: whoever changes a record touches it, which sets a bit and asks nothing: no processor
can guess it wrongly. What the hash then costs is paid once a fold, however often a record changed.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from truebook.engine.compiled import inlined, unsigned
from truebook.engine.fingerprint import FINAL_1, FINAL_2, LANE_KEYS, Tag
from truebook.engine.layout import PAGE_BITS, TOUCHED, TRIGGER_BOOKS, WORD_BITS
from truebook.engine.state import (
    State,
    accessor,
    account_at,
    balance_at,
    level_at,
    link_at,
    market_at,
    meta_of,
    order_at,
    touched_balance_at,
)
from truebook.messages import ORDER_HAS_CLIENT_ID

LOW_KEYS = np.array(LANE_KEYS[0], np.uint64)
HIGH_KEYS = np.array(LANE_KEYS[1], np.uint64)
_FINAL_1 = np.uint64(FINAL_1)
_FINAL_2 = np.uint64(FINAL_2)
_HALF = np.uint64(33)
_ZERO = np.uint64(0)
_ONE = np.uint64(1)
_IN_WORD = (1 << WORD_BITS) - 1

_GATEWAY = int(Tag.GATEWAY)
_MARKET = int(Tag.MARKET)
_ACCOUNT = int(Tag.ACCOUNT)
_BALANCE = int(Tag.BALANCE)
_ORDER = int(Tag.ORDER)
_CLIENT = int(Tag.CLIENT)
_CLOCK = int(Tag.CLOCK)
_TRIGGER = int(Tag.TRIGGER)


@inlined
def finalize(x: Any) -> Any:
    """A lane's sum of products becomes its hash."""
    x = (x ^ (x >> _HALF)) * _FINAL_1
    x = (x ^ (x >> _HALF)) * _FINAL_2
    return x ^ (x >> _HALF)


@inlined
def lane(keys: Any, tag: Any, a: Any, b: Any, c: Any) -> Any:
    """One lane of a record of three words, not yet finalized."""
    return (
        unsigned(tag) * keys[0]
        + unsigned(a) * keys[1]
        + unsigned(b) * keys[2]
        + unsigned(c) * keys[3]
    )


@inlined
def long_lane(keys: Any, lane: Any, d: Any, e: Any, f: Any, g: Any, h: Any) -> Any:
    """`lane` and five words more."""
    return (
        lane
        + unsigned(d) * keys[4]
        + unsigned(e) * keys[5]
        + unsigned(f) * keys[6]
        + unsigned(g) * keys[7]
        + unsigned(h) * keys[8]
    )


@inlined
def _short_hash(tag: Any, a: Any, b: Any, c: Any) -> Any:
    return finalize(lane(LOW_KEYS, tag, a, b, c)), finalize(lane(HIGH_KEYS, tag, a, b, c))


@inlined
def put(s: State, low: Any, high: Any) -> None:
    """Add to both lanes of the state hash."""
    meta = meta_of(s)
    meta.hash_low = meta.hash_low + low
    meta.hash_high = meta.hash_high + high


# --- what has changed -------------------------------------------------------------------------


def _touch(name: str) -> Callable[[State, Any], None]:
    """What marks a slot of a pool as changed."""
    words = accessor(f"{name}_marks")

    @inlined
    def touch(s: State, slot: Any) -> None:
        slot = np.int64(slot)
        word = words(s, slot >> WORD_BITS)
        word.bits = word.bits | (_ONE << unsigned(slot & _IN_WORD))

    return touch


touch_order = _touch("order")
touch_account = _touch("account")
_mark_balance = _touch("balance")
_balance_page_at = accessor("balance_pages")


@inlined
def touch_market(s: State, number: Any) -> None:
    """The settings of a market change. (Whatever else does moves its sequence.)"""
    market_at(s, number).folded_sequence = -1


@inlined
def _note_balance(s: State, slot: Any, touched: Any) -> Any:
    """Note the balance behind so many; how many there are then."""
    balance = balance_at(s, slot)
    locked = balance.locked
    touched_balance_at(s, touched).value = slot
    balance.locked = locked | TOUCHED
    return touched + np.int64(locked >= 0)


@inlined
def touch_balance(s: State, slot: Any) -> None:
    """Before a balance changes: it is noted for the end of the entry, once."""
    meta = meta_of(s)
    meta.touched_balances = _note_balance(s, slot, meta.touched_balances)


@inlined
def touch_balances(s: State, first: Any, second: Any) -> None:
    """The same for two: how many there are is written once."""
    meta = meta_of(s)
    touched = _note_balance(s, first, meta.touched_balances)
    meta.touched_balances = _note_balance(s, second, touched)


@inlined
def settle_balance(s: State, slot: Any) -> Any:
    """The entry ends; a balance that was touched has its new value: available and locked. (Whoever
    read them again would wait until they are written.)"""
    balance = balance_at(s, slot)
    available, locked = balance.available, balance.locked & ~TOUCHED
    balance.locked = locked
    _mark_balance(s, slot)
    _balance_page_at(s, np.int64(slot) >> PAGE_BITS).marked = 1
    return available, locked


# --- the hash of a record in a slot; zeros where none stands that counts --------------------------


@inlined
def _resting_lane(s: State, slot: Any, owner: Any, price: Any, keys: Any) -> Any:
    order = order_at(s, slot)
    return long_lane(
        keys,
        lane(keys, _ORDER, order.order_id, owner, price),
        order.quantity,
        order.remaining,
        order.executed_quote,
        order.priority,
        order.time_flags,
    )


@inlined
def _pending_lane(s: State, slot: Any, owner: Any, trigger_price: Any, keys: Any) -> Any:
    order = order_at(s, slot)
    return long_lane(
        keys,
        lane(keys, _TRIGGER, order.order_id, owner, order.executed_quote),
        order.quantity,
        trigger_price,
        order.priority,
        order.time_flags,
        0,
    )


@inlined
def _order_lane(s: State, slot: Any, keys: Any) -> Any:
    order = order_at(s, slot)
    level = level_at(s, order.level)
    book = np.int64(level.book)
    price = level.key if book & 1 else -level.key
    owner = np.int64(order.account) | (((book & (TRIGGER_BOOKS - 1)) >> 1) << 32)
    if book >= TRIGGER_BOOKS:
        total = finalize(_pending_lane(s, slot, owner, price, keys))
    else:
        total = finalize(_resting_lane(s, slot, owner, price, keys))
    if order.time_flags & ORDER_HAS_CLIENT_ID:
        client_id = link_at(s, slot).client_id
        total += finalize(lane(keys, _CLIENT, order.account, client_id, order.order_id))
    return total


@inlined
def order_hash(s: State, slot: Any) -> Any:
    """ORDER of a resting order, TRIGGER of a pending one, and CLIENT where it has a client id."""
    if order_at(s, slot).order_id == 0 or order_at(s, slot).level == 0:
        return _ZERO, _ZERO
    return _order_lane(s, slot, LOW_KEYS), _order_lane(s, slot, HIGH_KEYS)


@inlined
def balance_hash(s: State, slot: Any) -> Any:
    """BALANCE."""
    balance = balance_at(s, slot)
    if balance.available == 0 and balance.locked == 0:
        return _ZERO, _ZERO
    # The slot is asset group, account, asset within its group (ledger.py).
    asset = ((slot >> 24) << 2) | (slot & 3)
    account = (slot >> 2) & 0x3FFFFF
    return _short_hash(_BALANCE, account | (asset << 32), balance.available, balance.locked)


@inlined
def _account_lane(s: State, number: Any, keys: Any) -> Any:
    account = account_at(s, number)
    settings = (
        np.int64(account.tier)
        | (np.int64(account.flags) << 8)
        | (np.int64(account.open_orders_max) << 32)
    )
    first = lane(keys, _ACCOUNT, number, settings, account.sequence)
    name = account.name
    return finalize(
        first + name[0] * keys[4] + name[1] * keys[5] + name[2] * keys[6],
    )


@inlined
def account_hash(s: State, number: Any) -> Any:
    """ACCOUNT."""
    if number >= meta_of(s).accounts:
        return _ZERO, _ZERO
    return _account_lane(s, number, LOW_KEYS), _account_lane(s, number, HIGH_KEYS)


@inlined
def _market_lane(s: State, number: Any, keys: Any) -> Any:
    market = market_at(s, number)
    kind = market.base | (market.quote << 16) | (market.state << 32)
    exponents = market.tick_exponent | (market.step_exponent << 8)
    bands = (
        market.band_max_bp
        | (market.band_min_bp << 16)
        | (market.impact_max_bp << 32)
        | (market.impact_min_bp << 48)
    )
    total = lane(keys, _MARKET, number, kind, market.tick_mantissa)
    total = long_lane(
        keys,
        total,
        market.step_mantissa,
        exponents,
        market.price_min,
        market.price_max,
        market.quantity_min,
    )
    total += unsigned(market.quantity_max) * keys[9] + unsigned(market.price_reference) * keys[10]
    total += unsigned(market.open_orders_max) * keys[11] + unsigned(bands) * keys[12]
    total += unsigned(market.last_price) * keys[13] + unsigned(market.sequence) * keys[14]
    return finalize(total + unsigned(market.trade_id) * keys[15])


@inlined
def market_hash(s: State, number: Any) -> Any:
    """MARKET."""
    if number >= meta_of(s).markets:
        return _ZERO, _ZERO
    return _market_lane(s, number, LOW_KEYS), _market_lane(s, number, HIGH_KEYS)


# --- settings and gateways, changed seldom: out and in at once ----------------------------------


@inlined
def put_gateway(s: State, number: Any, sequence: Any) -> None:
    """A gateway's last sequence is put in; `take_gateway` took the old one out."""
    low, high = _short_hash(_GATEWAY, number, sequence, 0)
    put(s, low, high)


@inlined
def take_gateway(s: State, number: Any, sequence: Any) -> None:
    """A gateway's last sequence is about to change; 0 was never put in."""
    if sequence != 0:
        low, high = _short_hash(_GATEWAY, number, sequence, 0)
        put(s, _ZERO - low, _ZERO - high)


@inlined
def clock_hash(s: State) -> Any:
    """The two lanes of CLOCK."""
    return _short_hash(_CLOCK, meta_of(s).time_ms, 0, 0)
