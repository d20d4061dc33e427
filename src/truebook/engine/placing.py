"""PLACE: the checks an order must pass, in the order of docs/rules.md, and its way into matching.

Promise: an order that fails a check changes nothing. Every product is bounded before it is formed.
"""

from typing import Any

import numpy as np

from truebook.engine.answer import answer_order, answer_taker
from truebook.engine.book import key_of, new_order, open_orders_place, rest_in_book
from truebook.engine.compiled import highest_bit, inlined, rarely, unsigned
from truebook.engine.emit import emit_accepted, emit_rejected
from truebook.engine.layout import PHASE_MATCH
from truebook.engine.ledger import available, held_slot, hold_of, release
from truebook.engine.maps import is_resting, slot_of_client
from truebook.engine.matching import ENDING_NONE, close_taker
from truebook.engine.scan import SCAN_FUNDS, SCAN_OK, scan
from truebook.engine.state import (
    State,
    account_at,
    balance_at,
    book_at,
    command_at,
    level_at,
    market_at,
    meta_of,
    open_orders_at,
    order_at,
    taker_of,
)
from truebook.limits import AMOUNT_MAX, BASIS_POINTS, NOTIONAL_MAX, ORDERS_MAX
from truebook.messages import (
    ACCEPTED_RESTS,
    ORDER_POST_ONLY,
    ORDER_SELF_TRADE_SHIFT,
    ORDER_TIME_IN_FORCE_SHIFT,
    ORDER_TIME_SHIFT,
    ORDER_TYPE_SHIFT,
    AccountFlag,
    CloseReason,
    CommandKind,
    MarketState,
    OrderStatus,
    OrderType,
    PlaceFlag,
    RejectCode,
    TimeInForce,
)

_PLACE = int(CommandKind.PLACE)
_LIMIT = int(OrderType.LIMIT)
_MARKET = int(OrderType.MARKET)
_BY_QUOTE = int(OrderType.MARKET_BY_QUOTE)
_GTC = int(TimeInForce.GTC)
_FOK = int(TimeInForce.FOK)
_POST_ONLY = int(PlaceFlag.POST_ONLY)
_HAS_CLIENT_ID = int(PlaceFlag.HAS_CLIENT_ID)
_FLAGS_SHIFT = ORDER_POST_ONLY.bit_length() - 1
"""POST_ONLY and HAS_CLIENT_ID stand side by side in commands as in orders."""
_BLOCKED = int(AccountFlag.BLOCKED)
_CANCEL_ONLY = int(MarketState.CANCEL_ONLY)
_POST_ONLY_STATE = int(MarketState.POST_ONLY)
_LIMIT_ONLY = int(MarketState.LIMIT_ONLY)
_CLOSED = int(MarketState.CLOSED)
_STATUS_NEW = int(OrderStatus.NEW)
_STATUS_EXPIRED = int(OrderStatus.EXPIRED)
_IMMEDIATE = int(CloseReason.IMMEDIATE_OR_CANCEL)
_KILL = int(CloseReason.FILL_OR_KILL)
_POST_ONLY_MODE = int(CloseReason.POST_ONLY_MODE)
_NO_LIQUIDITY = int(CloseReason.INSUFFICIENT_LIQUIDITY)

_NOTIONAL_BITS = NOTIONAL_MAX.bit_length() - 1
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
_WOULD_TAKE = int(RejectCode.POST_ONLY_WOULD_TAKE)
_LIMIT_MARKET = int(RejectCode.ORDER_LIMIT_MARKET)
_LIMIT_ACCOUNT = int(RejectCode.ORDER_LIMIT_ACCOUNT)
_FULL = int(RejectCode.ENGINE_FULL)
_NO_FUNDS = int(RejectCode.INSUFFICIENT_FUNDS)


@inlined
def _form(s: State, i: Any) -> Any:
    """Whether the record is a PLACE that means anything."""
    c = command_at(s, i)
    zeros = np.int64(c.by) | np.int64(c.zero_1) | np.int64(c.zero_2) | c.zero_3[0] | c.zero_3[1]
    if rarely(
        zeros != 0 or c.side > 1 or c.order_type > 2 or c.time_in_force > 2 or c.self_trade > 3
    ):
        return False
    if rarely(c.flags > 3 or c.order_id < 1):
        return False
    if rarely(c.client_id != 0) and c.flags & _HAS_CLIENT_ID == 0:
        return False
    if c.order_type != _LIMIT:
        return c.price == 0 and c.flags & _POST_ONLY == 0
    return c.flags & _POST_ONLY == 0 or c.time_in_force == _GTC


@inlined
def price_code(s: State, number: Any, price: Any) -> Any:
    """The filters and bands of a limit price."""
    market = market_at(s, number)
    if rarely(price < market.price_min):
        return _PRICE_LOW
    if rarely(price > market.price_max):
        return _PRICE_HIGH
    last = market.last_price if market.last_price != 0 else market.price_reference
    if last != 0:
        scaled = price * BASIS_POINTS
        if rarely(market.band_max_bp != 0) and scaled > last * market.band_max_bp:
            return _OUT_OF_BAND
        if rarely(market.band_min_bp != 0) and scaled < last * market.band_min_bp:
            return _OUT_OF_BAND
    return OK


@inlined
def is_too_much(unit_value: Any, lots: Any) -> Any:
    """Whether lots of that value are worth more than one order may be. Mostly the bits of the two
    factors tell without a division."""
    bits = highest_bit(unsigned(unit_value)) + highest_bit(unsigned(lots)) + 2
    return rarely(bits > _NOTIONAL_BITS) and lots > NOTIONAL_MAX // unit_value


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
def _standing_code(s: State, i: Any) -> Any:
    """Account, market, price, quantity: steps 2 to 5 of the rules."""
    c = command_at(s, i)
    account = np.int64(c.account)
    number = np.int64(c.market)
    if rarely(account == 0 or account >= meta_of(s).accounts):
        return UNKNOWN_ACCOUNT
    if rarely(account_at(s, account).flags & _BLOCKED != 0):
        return ACCOUNT_BLOCKED
    if rarely(number >= meta_of(s).markets):
        return UNKNOWN_MARKET
    state = market_at(s, number).state
    if rarely(state != 0):
        if state == _CANCEL_ONLY or state == _CLOSED:
            return _PAUSED
        if state == _LIMIT_ONLY and c.order_type != _LIMIT:
            return _LIMIT_ONLY_CODE
    if c.order_type == _BY_QUOTE:
        if c.quantity < 1:
            return _TOO_SMALL
        return _TOO_LARGE if c.quantity > AMOUNT_MAX else OK
    if c.order_type == _LIMIT:
        code = price_code(s, number, c.price)
        if code != OK:
            return code
    return quantity_code(s, number, c.price, c.quantity)


@inlined
def _book_code(s: State, i: Any) -> Any:
    """Ids and caps: steps 6 and 7."""
    c = command_at(s, i)
    account = np.int64(c.account)
    if rarely(is_resting(s, c.order_id)):
        return _DUPLICATE_ID
    if c.flags & _HAS_CLIENT_ID and slot_of_client(s, account, np.int64(c.client_id)) != 0:
        return _DUPLICATE_CLIENT
    if c.order_type == _LIMIT and c.time_in_force == _GTC:
        place = open_orders_place(c.market, account)
        if rarely(open_orders_at(s, place).value >= market_at(s, c.market).open_orders_max):
            return _LIMIT_MARKET
        owner = account_at(s, account)
        if rarely(owner.orders >= owner.open_orders_max):
            return _LIMIT_ACCOUNT
        if rarely(meta_of(s).orders >= ORDERS_MAX - 1):
            return _FULL
    return OK


@inlined
def _time_flags(s: State, i: Any) -> Any:
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


@inlined
def _load_taker(s: State, i: Any) -> None:
    """The command becomes the order in matching."""
    c = command_at(s, i)
    taker = taker_of(s)
    time_flags = _time_flags(s, i)
    is_limit_gtc = c.order_type == _LIMIT and c.time_in_force == _GTC
    is_by_quote = c.order_type == _BY_QUOTE
    if c.side:
        bounded = 1 if is_by_quote else 0
    else:
        bounded = 0 if is_by_quote or is_limit_gtc else 1
    taker.order_id = c.order_id
    taker.price = c.price
    taker.quantity = c.quantity
    taker.remaining = c.quantity
    taker.executed = 0
    taker.executed_quote = 0
    taker.unit_value = 0
    taker.time_flags = time_flags
    taker.market = c.market
    taker.account = c.account
    taker.side = c.side
    taker.order_type = c.order_type
    taker.time_in_force = c.time_in_force
    taker.self_trade = c.self_trade
    taker.client_id = c.client_id
    taker.bounded = bounded
    taker.fills = 0
    taker.slot = 0
    taker.ending = ENDING_NONE
    taker.command_kind = _PLACE


@inlined
def _set_limit(s: State, best_price: Any) -> None:
    """The taker's limit: its price, or for market types the protective price (0: empty book)."""
    taker = taker_of(s)
    market = market_at(s, taker.market)
    if taker.order_type != _LIMIT and best_price != 0:
        if taker.side == 0:
            bound = best_price * market.impact_max_bp // BASIS_POINTS
            taker.price = min(max(bound, best_price), market.price_max)
        else:
            bound = (best_price * market.impact_min_bp + BASIS_POINTS - 1) // BASIS_POINTS
            taker.price = max(min(bound, best_price), market.price_min)
    taker.limit_key = key_of(1 - taker.side, taker.price)


@inlined
def _funds_code(s: State, crosses: Any, best_price: Any) -> Any:
    """Step 9: whether what is available suffices; step 10 for an amount too small."""
    taker = taker_of(s)
    market = market_at(s, taker.market)
    by_quote = taker.order_type == _BY_QUOTE
    if taker.side:
        have = available(s, taker.account, market.base)
        need = (np.int64(1) if by_quote else taker.quantity) * market.lot_atoms
    else:
        have = available(s, taker.account, market.quote)
        if by_quote:
            need = taker.quantity
        elif taker.order_type == _LIMIT and taker.time_in_force == _GTC:
            need = taker.price * taker.quantity * market.unit
        else:
            need = best_price * taker.quantity * market.unit if crosses else np.int64(0)
    if rarely(need > have):
        return _NO_FUNDS
    if by_quote and crosses and taker.quantity < best_price * market.unit:
        return _TOO_SMALL
    return OK


@inlined
def _crossing_code(s: State, crosses: Any, best_price: Any) -> Any:
    """Steps 8 to 10, which depend on the opposite side's best price."""
    taker = taker_of(s)
    market = market_at(s, taker.market)
    if crosses:
        if taker.order_type == _MARKET:
            worst = max(best_price, taker.price)
            if is_too_much(worst * market.unit, taker.quantity):
                return _NOTIONAL
        if taker.time_flags & ORDER_POST_ONLY:
            return _WOULD_TAKE
    return _funds_code(s, crosses, best_price)


@inlined
def _reject(s: State, i: Any, code: Any, other_id: Any) -> None:
    c = command_at(s, i)
    emit_rejected(s, _PLACE, c.account, c.order_id, code, other_id)


@inlined
def _accept(s: State) -> None:
    taker = taker_of(s)
    emit_accepted(
        s,
        0,
        taker.market * 2 + taker.side,
        taker.account,
        taker.order_id,
        taker.price,
        taker.quantity,
        taker.client_id,
        taker.time_flags,
    )


@inlined
def _close_at_once(s: State, reason: Any) -> None:
    _accept(s)
    close_taker(s, reason)
    answer_taker(s, _STATUS_EXPIRED, reason)


@inlined
def _reason_beside(s: State) -> Any:
    """Why an order that doesn't cross ends."""
    taker = taker_of(s)
    if taker.time_in_force == _FOK:
        return np.int64(_KILL)
    return np.int64(_IMMEDIATE if taker.order_type == _LIMIT else _NO_LIQUIDITY)


@inlined
def _rest_at_once(s: State, i: Any, book: Any, key: Any) -> None:
    """A limit order that doesn't cross and is good till cancelled: step 9, then it rests."""
    c = command_at(s, i)
    account, client_id, price = np.int64(c.account), np.int64(c.client_id), c.price
    order_id, quantity = c.order_id, c.quantity
    slot = held_slot(s, book, account)
    amount = hold_of(s, book, price, quantity)
    if rarely(amount > balance_at(s, slot).available):
        _reject(s, i, _NO_FUNDS, 0)
        return
    time_flags = _time_flags(s, i)
    number = book >> 1
    release(s, slot, -amount)
    priority = emit_accepted(
        s, ACCEPTED_RESTS, book, account, order_id, price, quantity, client_id, time_flags
    )
    order = new_order(
        s, order_id, account, number, quantity, quantity, 0, priority, time_flags, client_id
    )
    rest_in_book(s, order, book, key, account, quantity)
    answer_order(
        s,
        _PLACE,
        _STATUS_NEW,
        0,
        number,
        order_id,
        account,
        client_id,
        price,
        quantity,
        0,
        0,
        time_flags,
    )


@inlined
def _take(s: State, i: Any, best: Any) -> None:
    """An order that crosses, or that can't rest: steps 8 to 11, up to matching (PHASE_MATCH)."""
    _load_taker(s, i)
    taker = taker_of(s)
    best_price = key_of(1 - taker.side, level_at(s, best).key) if best != 0 else np.int64(0)
    _set_limit(s, best_price)
    crosses = level_at(s, best).key <= taker.limit_key
    code = _crossing_code(s, crosses, best_price)
    found = np.int64(SCAN_OK)
    post_only_mode = market_at(s, taker.market).state == _POST_ONLY_STATE
    if code == OK and crosses and taker.time_in_force == _FOK and not post_only_mode:
        found = scan(s)
        if found == SCAN_FUNDS:
            code = _NO_FUNDS
    if code != OK:
        _reject(s, i, code, 0)
    elif not crosses:
        _close_at_once(s, _reason_beside(s))
    elif post_only_mode:
        _close_at_once(s, _POST_ONLY_MODE)
    elif found != SCAN_OK:
        _close_at_once(s, _KILL)
    else:
        _accept(s)
        meta_of(s).phase = PHASE_MATCH


@inlined
def place(s: State, i: Any) -> None:
    """Carry out the PLACE in record `i`, up to matching (PHASE_MATCH)."""
    if rarely(not _form(s, i)):
        _reject(s, i, MALFORMED, 0)
        return
    code = _standing_code(s, i)
    if code == OK:
        code = _book_code(s, i)
    c = command_at(s, i)
    if rarely(code != OK):
        other_id = np.int64(0)
        if code == _DUPLICATE_CLIENT:
            slot = slot_of_client(s, np.int64(c.account), np.int64(c.client_id))
            other_id = order_at(s, slot).order_id
        _reject(s, i, code, other_id)
        return
    side = np.int64(c.side)
    book = np.int64(c.market) * 2 + side
    best = np.int64(book_at(s, book ^ 1).best)
    beside = book_at(s, book ^ 1).best_key > key_of(1 - side, c.price)
    if beside and c.order_type == _LIMIT and c.time_in_force == _GTC:
        _rest_at_once(s, i, book, key_of(side, c.price))
    else:
        _take(s, i, best)
