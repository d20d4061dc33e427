"""The state hash, kept up to date record by record.

Promise: after `count_touched`, `hash_low` and `hash_high` are the sum that engine/fingerprint.py
defines, over every record but CLOCK, and each slice's sum is that of its 1,024 slots.

Why it works: before a record changes it is *touched*: its old hash is taken out of the sums, and it
is noted down, once. At the end of a batch every record noted down is put in again with its new
value. So a record that changes a hundred times in a batch is hashed twice, and an order that comes
and goes within one is never hashed.
"""

from typing import Any

import numpy as np

from truebook.engine.compiled import inlined, unsigned
from truebook.engine.fingerprint import FINAL_1, FINAL_2, LANE_KEYS, Tag
from truebook.engine.layout import COUNTED, OFFSETS, SLICE_BITS, TOUCHED
from truebook.engine.state import (
    State,
    account_at,
    balance_at,
    fetch_account,
    fetch_level,
    fetch_order,
    level_at,
    market_at,
    meta_of,
    order_at,
    sum_at,
    touched_account_at,
    touched_balance_at,
    touched_market_at,
    touched_order_at,
)

LOW_KEYS = np.array(LANE_KEYS[0], np.uint64)
HIGH_KEYS = np.array(LANE_KEYS[1], np.uint64)
_FINAL_1 = np.uint64(FINAL_1)
_FINAL_2 = np.uint64(FINAL_2)
_HALF = np.uint64(33)
_ORDER_SUMS = OFFSETS["order_sums"]
_BALANCE_SUMS = OFFSETS["balance_sums"]
_ACCOUNT_SUMS = OFFSETS["account_sums"]
_ZERO = np.uint64(0)

_FAR, _NEAR = 16, 8
"""How many records ahead memory is brought near."""

_GATEWAY = int(Tag.GATEWAY)
_ASSET = int(Tag.ASSET)
_MARKET = int(Tag.MARKET)
_TIER = int(Tag.TIER)
_ACCOUNT = int(Tag.ACCOUNT)
_KEY = int(Tag.KEY)
_BALANCE = int(Tag.BALANCE)
_ORDER = int(Tag.ORDER)
_CLIENT = int(Tag.CLIENT)
_CLOCK = int(Tag.CLOCK)


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


@inlined
def _put_slice(s: State, sums: Any, slot: Any, low: Any, high: Any) -> None:
    place = sum_at(s, sums, slot >> SLICE_BITS)
    place.low = place.low + low
    place.high = place.high + high


# --- orders -----------------------------------------------------------------------------------


@inlined
def _order_lane(s: State, slot: Any, keys: Any) -> Any:
    order = order_at(s, slot)
    level = level_at(s, order.level)
    market = np.int64(level.book) >> 1
    price = level.key if level.book & 1 else -level.key
    owner = np.int64(order.account) | (market << 32)
    first = lane(keys, _ORDER, order.order_id, owner, price)
    flags = order.time_flags & ~COUNTED
    return finalize(
        long_lane(
            keys,
            first,
            order.quantity,
            order.remaining,
            order.executed_quote,
            order.priority,
            flags,
        )
    )


@inlined
def touch_order(s: State, slot: Any) -> None:
    """Before a resting order changes, or leaves."""
    order = order_at(s, slot)
    if order.time_flags & COUNTED:
        low, high = _ZERO - _order_lane(s, slot, LOW_KEYS), _ZERO - _order_lane(s, slot, HIGH_KEYS)
        put(s, low, high)
        _put_slice(s, _ORDER_SUMS, slot, low, high)
        order.time_flags = order.time_flags & ~COUNTED
        note_order(s, slot)


@inlined
def note_order(s: State, slot: Any) -> None:
    """A new order rests; it is counted at the end of the batch, if it is still there."""
    meta = meta_of(s)
    touched_order_at(s, meta.touched_orders).value = slot
    meta.touched_orders += 1


@inlined
def _count_orders(s: State) -> None:
    count = meta_of(s).touched_orders
    for i in range(count):
        # The list may go on with what an earlier batch left there: to prefetch, any slot will do.
        fetch_order(s, touched_order_at(s, i + _FAR).value)
        fetch_level(s, order_at(s, touched_order_at(s, i + _NEAR).value).level)
        slot = touched_order_at(s, i).value
        order = order_at(s, slot)
        # An order without a level is in matching (AMEND): it is noted again when it rests.
        is_resting = order.order_id != 0 and order.level != 0
        if is_resting and not order.time_flags & COUNTED:
            low, high = _order_lane(s, slot, LOW_KEYS), _order_lane(s, slot, HIGH_KEYS)
            put(s, low, high)
            _put_slice(s, _ORDER_SUMS, slot, low, high)
            order.time_flags = order.time_flags | COUNTED
    meta_of(s).touched_orders = 0


@inlined
def put_client(s: State, account: Any, client_id: Any, order_id: Any) -> None:
    """A client id is taken by a resting order."""
    low, high = _short_hash(_CLIENT, account, client_id, order_id)
    put(s, low, high)


@inlined
def take_client(s: State, account: Any, client_id: Any, order_id: Any) -> None:
    """A client id is free again."""
    low, high = _short_hash(_CLIENT, account, client_id, order_id)
    put(s, _ZERO - low, _ZERO - high)


# --- balances ---------------------------------------------------------------------------------


@inlined
def _balance_hash(slot: Any, available: Any, locked: Any) -> Any:
    if available == 0 and locked == 0:
        return _ZERO, _ZERO
    # The slot is asset group, account, asset within its group (ledger.py).
    slot = np.int64(slot)
    asset = ((slot >> 24) << 2) | (slot & 3)
    account = (slot >> 2) & 0x3FFFFF
    return _short_hash(_BALANCE, account | (asset << 32), available, locked)


@inlined
def touch_balance(s: State, slot: Any) -> None:
    """Before a balance changes."""
    balance = balance_at(s, slot)
    locked = balance.locked
    if locked >= 0:
        balance.locked = locked | TOUCHED
        low, high = _balance_hash(slot, balance.available, locked)
        put(s, _ZERO - low, _ZERO - high)
        _put_slice(s, _BALANCE_SUMS, slot, _ZERO - low, _ZERO - high)
        meta = meta_of(s)
        touched_balance_at(s, meta.touched_balances).value = slot
        meta.touched_balances += 1


@inlined
def count_balance(s: State, slot: Any) -> None:
    """A balance that was touched has its new value."""
    balance = balance_at(s, slot)
    locked = balance.locked & ~TOUCHED
    balance.locked = locked
    low, high = _balance_hash(slot, balance.available, locked)
    put(s, low, high)
    _put_slice(s, _BALANCE_SUMS, slot, low, high)


# --- accounts and markets ---------------------------------------------------------------------


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
def touch_account(s: State, number: Any) -> None:
    """Before an account's sequence or settings change; not before it exists."""
    account = account_at(s, number)
    if account.touched == 0:
        low, high = (
            _ZERO - _account_lane(s, number, LOW_KEYS),
            _ZERO - _account_lane(s, number, HIGH_KEYS),
        )
        put(s, low, high)
        _put_slice(s, _ACCOUNT_SUMS, number, low, high)
        note_account(s, number)


@inlined
def note_account(s: State, number: Any) -> None:
    """A new account; it is counted at the end of the batch."""
    account_at(s, number).touched = 1
    meta = meta_of(s)
    touched_account_at(s, meta.touched_accounts).value = number
    meta.touched_accounts += 1


@inlined
def _count_accounts(s: State) -> None:
    count = meta_of(s).touched_accounts
    for i in range(count):
        fetch_account(s, touched_account_at(s, i + _FAR).value)
        number = np.int64(touched_account_at(s, i).value)
        low, high = _account_lane(s, number, LOW_KEYS), _account_lane(s, number, HIGH_KEYS)
        put(s, low, high)
        _put_slice(s, _ACCOUNT_SUMS, number, low, high)
        account_at(s, number).touched = 0
    meta_of(s).touched_accounts = 0


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
def touch_market(s: State, number: Any) -> None:
    """Before a market's figures or settings change; not before it exists."""
    if market_at(s, number).touched == 0:
        low, high = _market_lane(s, number, LOW_KEYS), _market_lane(s, number, HIGH_KEYS)
        put(s, _ZERO - low, _ZERO - high)
        note_market(s, number)


@inlined
def note_market(s: State, number: Any) -> None:
    """A new market; it is counted at the end of the batch."""
    market_at(s, number).touched = 1
    meta = meta_of(s)
    touched_market_at(s, meta.touched_markets).value = number
    meta.touched_markets += 1


@inlined
def _count_markets(s: State) -> None:
    meta = meta_of(s)
    for i in range(meta.touched_markets):
        number = np.int64(touched_market_at(s, i).value)
        low, high = _market_lane(s, number, LOW_KEYS), _market_lane(s, number, HIGH_KEYS)
        put(s, low, high)
        market_at(s, number).touched = 0
    meta.touched_markets = 0


@inlined
def count_touched(s: State) -> None:
    """Put every record that was touched into the sums again, with its new value. (Balances follow
    at the end of their entry, when they are told.)"""
    _count_orders(s)
    _count_accounts(s)
    _count_markets(s)


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
