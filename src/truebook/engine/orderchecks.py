"""The checks an order must pass before it meets its book: steps 1 to 7 of docs/rules.md, PLACE.

Promise: a check changes nothing. Every product is bounded before it is formed.
"""

from typing import Any

import numpy as np

from truebook.engine.book import open_orders_place
from truebook.engine.compiled import called, inlined, rarely
from truebook.engine.emit import emit_rejected
from truebook.engine.maps import is_resting, slot_of_client
from truebook.engine.state import (
    State,
    account_at,
    command_at,
    market_at,
    meta_of,
    open_orders_at,
    order_at,
    word_at,
)
from truebook.engine.taking import is_too_much
from truebook.limits import (
    AMOUNT_MAX,
    BASIS_POINTS,
    DEADLINE_MS_DEFAULT,
    ORDERS_MAX,
    PRICE_TICKS_MAX,
)
from truebook.messages import (
    ORDER_POST_ONLY,
    ORDER_SELF_TRADE_SHIFT,
    ORDER_TIME_IN_FORCE_SHIFT,
    ORDER_TIME_SHIFT,
    ORDER_TYPE_SHIFT,
    AccountFlag,
    MarketState,
    OrderType,
    PlaceFlag,
    RejectCode,
    TimeInForce,
)

_LIMIT = int(OrderType.LIMIT)
_BY_QUOTE = int(OrderType.MARKET_BY_QUOTE)
_GTC = int(TimeInForce.GTC)
_POST_ONLY = int(PlaceFlag.POST_ONLY)
_HAS_CLIENT_ID = int(PlaceFlag.HAS_CLIENT_ID)
_TICKS = int(PlaceFlag.SLIPPAGE_TICKS)
_SLIPPAGE = _TICKS | int(PlaceFlag.SLIPPAGE_BASIS_POINTS)
_USUAL_FLAGS = _POST_ONLY | _HAS_CLIENT_ID
_FLAGS_SHIFT = ORDER_POST_ONLY.bit_length() - 1
"""The four flags stand side by side in commands as in orders."""
_BLOCKED = int(AccountFlag.BLOCKED)
_CANCEL_ONLY = int(MarketState.CANCEL_ONLY)
_LIMIT_ONLY = int(MarketState.LIMIT_ONLY)
_CLOSED = int(MarketState.CLOSED)

OK = int(RejectCode.NONE)
MALFORMED = int(RejectCode.MALFORMED)
UNKNOWN_ACCOUNT = int(RejectCode.UNKNOWN_ACCOUNT)
ACCOUNT_BLOCKED = int(RejectCode.ACCOUNT_BLOCKED)
UNKNOWN_MARKET = int(RejectCode.UNKNOWN_MARKET)
_PAUSED = int(RejectCode.MARKET_PAUSED)
_LIMIT_ONLY_CODE = int(RejectCode.MARKET_LIMIT_ONLY)
_PRICE_LOW = int(RejectCode.PRICE_TOO_LOW)
_PRICE_HIGH = int(RejectCode.PRICE_TOO_HIGH)
_OUT_OF_BAND = int(RejectCode.PRICE_OUT_OF_BAND)
_TOO_SMALL = int(RejectCode.QUANTITY_TOO_SMALL)
_TOO_LARGE = int(RejectCode.QUANTITY_TOO_LARGE)
_NOTIONAL = int(RejectCode.NOTIONAL_TOO_LARGE)
_DUPLICATE_ID = int(RejectCode.DUPLICATE_ORDER_ID)
_DUPLICATE_CLIENT = int(RejectCode.DUPLICATE_CLIENT_ID)
_LIMIT_MARKET = int(RejectCode.ORDER_LIMIT_MARKET)
_LIMIT_ACCOUNT = int(RejectCode.ORDER_LIMIT_ACCOUNT)
_FULL = int(RejectCode.ENGINE_FULL)

_FLAGS_AND_BY_SHIFT, _ZERO_2_SHIFT = 48, 32
_CHOICES_SHIFT = 16
_CHOICES = (1 << 32) - 1
_HIGHEST_BITS = 0x80808080
_FROM_TOO_LARGE = _HIGHEST_BITS - (2 | 3 << 8 | 3 << 16 | 4 << 24)
"""How far the first wrong side, order type, time in force and self-trade mode are from that bit."""

_EVERYWHERE = 2
"""The version of the rules that knows flags and deadlines beyond the usual ones."""


@inlined
def reserved_of(s: State, i: Any) -> Any:
    """Not 0 where a PLACE has something in a field that no version of the rules knows."""
    c = command_at(s, i)
    return np.int64(c.by) | np.int64(c.zero_1) | np.int64(c.zero_2) | np.int64(c.zero_3) | c.zero_4


@inlined
def is_unusual(s: State, i: Any) -> Any:
    """Whether a PLACE has something in a reserved field, a flag or a deadline that are seldom seen,
    or the entry is late. What is 0 in any other stands side by side and is looked at together."""
    c = command_at(s, i)
    flags_and_by = word_at(s, i, 0).value >> _FLAGS_AND_BY_SHIFT
    others = (word_at(s, i, 5).value >> _ZERO_2_SHIFT) | word_at(s, i, 6).value | c.zero_4
    unknown = (flags_and_by & ~_USUAL_FLAGS) | np.int64(c.zero_1) | others
    return unknown | meta_of(s).lateness_ms != 0


@inlined
def _choices_valid(s: State, i: Any) -> Any:
    """Whether side, order type, time in force and self-trade mode are known ones. They stand side
    by side and are looked at together: what is too large sets the highest bit of its byte."""
    four = (word_at(s, i, 0).value >> _CHOICES_SHIFT) & _CHOICES
    return (four | (four + _FROM_TOO_LARGE)) & _HIGHEST_BITS == 0


@inlined
def values_valid(s: State, i: Any) -> Any:
    """Whether the values of a PLACE mean something: those of version 1, and no price is looked at
    that a market order may have with slippage."""
    c = command_at(s, i)
    if rarely(not _choices_valid(s, i) or c.order_id < 1):
        return False
    if c.client_id != 0 and c.flags & _HAS_CLIENT_ID == 0:
        return False
    if c.order_type != _LIMIT:
        return c.flags & _POST_ONLY == 0
    return c.flags & _POST_ONLY == 0 or c.time_in_force == _GTC


@inlined
def _slippage_valid(s: State, i: Any) -> Any:
    """Whether a PLACE has at most one kind of slippage, and one that means something."""
    c = command_at(s, i)
    slippage = c.flags & _SLIPPAGE
    if c.order_type == _LIMIT:
        return slippage == 0
    if slippage == 0:
        return c.price == 0
    most = PRICE_TICKS_MAX if slippage == _TICKS else BASIS_POINTS
    return slippage != _SLIPPAGE and 0 <= c.price <= most


@inlined
def form_valid(s: State, i: Any) -> Any:
    """Step 1, whatever the order is asked to be: whether the record is a PLACE that means anything
    under the rules that are followed."""
    c = command_at(s, i)
    if reserved_of(s, i) != 0 or c.flags > (_USUAL_FLAGS | _SLIPPAGE):
        return False
    if meta_of(s).rules < _EVERYWHERE and (c.deadline_ms != 0 or c.flags > _USUAL_FLAGS):
        return False
    return values_valid(s, i) and _slippage_valid(s, i)


@inlined
def is_late(s: State, deadline_ms: Any) -> Any:
    """Whether the present entry was reached too late for a command with that deadline."""
    deadline = np.int64(deadline_ms) if deadline_ms != 0 else np.int64(DEADLINE_MS_DEFAULT)
    return meta_of(s).rules >= _EVERYWHERE and meta_of(s).lateness_ms > deadline


@called
def _state_code(state: Any, order_type: Any) -> Any:
    """Whether a market that isn't Open takes the order."""
    if state == _CANCEL_ONLY or state == _CLOSED:
        return _PAUSED
    return _LIMIT_ONLY_CODE if state == _LIMIT_ONLY and order_type != _LIMIT else OK


@inlined
def standing_code(s: State, account: Any, number: Any, order_type: Any) -> Any:
    """Steps 2 and 3: account and market."""
    if rarely(account == 0 or account >= meta_of(s).accounts):
        return UNKNOWN_ACCOUNT
    if rarely(account_at(s, account).flags & _BLOCKED != 0):
        return ACCOUNT_BLOCKED
    if rarely(number >= meta_of(s).markets):
        return UNKNOWN_MARKET
    state = market_at(s, number).state
    return OK if state == 0 else _state_code(np.int64(state), np.int64(order_type))


@inlined
def bounds_code(s: State, number: Any, price: Any) -> Any:
    """The filters of a price."""
    market = market_at(s, number)
    if rarely(price < market.price_min):
        return _PRICE_LOW
    return _PRICE_HIGH if rarely(price > market.price_max) else OK


@inlined
def price_code(s: State, number: Any, price: Any) -> Any:
    """The filters and bands of a limit price."""
    code = bounds_code(s, number, price)
    if code != OK:
        return code
    market = market_at(s, number)
    if market.band_max_bp | market.band_min_bp == 0:
        return OK
    last = last_price_of(s, number)
    if last != 0:
        scaled = price * BASIS_POINTS
        if market.band_max_bp != 0 and scaled > last * market.band_max_bp:
            return _OUT_OF_BAND
        if market.band_min_bp != 0 and scaled < last * market.band_min_bp:
            return _OUT_OF_BAND
    return OK


@inlined
def last_price_of(s: State, number: Any) -> Any:
    """The price of the market's last trade, else its reference price; 0: neither."""
    market = market_at(s, number)
    return market.last_price if market.last_price != 0 else market.price_reference


@inlined
def quantity_code(s: State, number: Any, price: Any, quantity: Any) -> Any:
    """The filters of a quantity in lots, and the bound on its value at `price` (0: no bound)."""
    market = market_at(s, number)
    if rarely(quantity < market.quantity_min):
        return _TOO_SMALL
    if rarely(quantity > market.quantity_max):
        return _TOO_LARGE
    return _NOTIONAL if price != 0 and is_too_much(price * market.unit, quantity) else OK


@inlined
def amount_code(s: State, number: Any, order_type: Any, price: Any, quantity: Any) -> Any:
    """Step 5: quantity and value of an order of any type; only a LIMIT has a price."""
    if order_type == _BY_QUOTE:
        if quantity < 1:
            return _TOO_SMALL
        return _TOO_LARGE if quantity > AMOUNT_MAX else OK
    return quantity_code(s, number, price if order_type == _LIMIT else np.int64(0), quantity)


@inlined
def numbers_code(s: State, number: Any, order_type: Any, price: Any, quantity: Any) -> Any:
    """Steps 4 and 5: price, quantity and value."""
    if order_type == _LIMIT:
        code = price_code(s, number, price)
        if code != OK:
            return code
    return amount_code(s, number, order_type, price, quantity)


@inlined
def identity_code(s: State, i: Any) -> Any:
    """Step 6: the ids of the order placed in record `i`."""
    c = command_at(s, i)
    if rarely(is_resting(s, c.order_id)):
        return _DUPLICATE_ID
    if c.flags & _HAS_CLIENT_ID:
        if slot_of_client(s, np.int64(c.account), np.int64(c.client_id)) != 0:
            return _DUPLICATE_CLIENT
    return OK


@inlined
def caps_code(s: State, account: Any, number: Any) -> Any:
    """Step 7: how many orders may rest or be pending."""
    place = open_orders_place(number, account)
    if rarely(open_orders_at(s, place).value >= market_at(s, number).open_orders_max):
        return _LIMIT_MARKET
    owner = account_at(s, account)
    if rarely(owner.orders >= owner.open_orders_max):
        return _LIMIT_ACCOUNT
    return _FULL if rarely(meta_of(s).orders >= ORDERS_MAX - 1) else OK


@inlined
def order_code(s: State, i: Any) -> Any:
    """Steps 2 to 6 of the PLACE in record `i`."""
    c = command_at(s, i)
    account, number = np.int64(c.account), np.int64(c.market)
    code = standing_code(s, account, number, c.order_type)
    if code == OK:
        code = numbers_code(s, number, c.order_type, c.price, c.quantity)
    if code == OK:
        code = identity_code(s, i)
    return code


@inlined
def may_rest(s: State, i: Any) -> Any:
    """Whether the PLACE in record `i` is of a kind that rests."""
    c = command_at(s, i)
    return (c.order_type == _LIMIT) & (c.time_in_force == _GTC)


@inlined
def place_code(s: State, i: Any) -> Any:
    """Steps 2 to 7 of the PLACE in record `i`."""
    c = command_at(s, i)
    code = order_code(s, i)
    if code == OK and may_rest(s, i):
        code = caps_code(s, np.int64(c.account), np.int64(c.market))
    return code


@inlined
def _holder_of_client_id(s: State, i: Any) -> Any:
    """The id of the order that has the client id of the one placed in record `i`."""
    c = command_at(s, i)
    slot = slot_of_client(s, np.int64(c.account), np.int64(c.client_id))
    return order_at(s, slot).order_id


@inlined
def reject_place(s: State, i: Any, code: Any) -> None:
    """REJECTED for the PLACE or PLACE_TRIGGER in record `i`."""
    c = command_at(s, i)
    other_id = _holder_of_client_id(s, i) if code == _DUPLICATE_CLIENT else np.int64(0)
    emit_rejected(s, c.kind, c.account, c.order_id, code, other_id)


@inlined
def time_flags_of(s: State, i: Any) -> Any:
    """The present time and the flags that the order keeps."""
    c = command_at(s, i)
    return (
        (meta_of(s).time_ms << ORDER_TIME_SHIFT)
        | np.int64(c.side)
        | (np.int64(c.time_in_force) << ORDER_TIME_IN_FORCE_SHIFT)
        | (np.int64(c.self_trade) << ORDER_SELF_TRADE_SHIFT)
        | (np.int64(c.order_type) << ORDER_TYPE_SHIFT)
        | (np.int64(c.flags) << _FLAGS_SHIFT)
    )
