"""An order meets the other side of its book: steps 8 to 11 of PLACE, and its way into matching.

Promise: an order that fails a check changes nothing. Every product is bounded before it is formed.

The order stands in `TAKER`. Most come from a usual PLACE; `is_usual` says so, as a constant of the
place that calls: what only others need (slippage, deadlines, orders that were pending) is then not
even compiled in.
"""

from typing import Any

import numpy as np

from truebook.engine.answer import answer_order, answer_taker
from truebook.engine.book import key_of, new_order, rest_in_book
from truebook.engine.compiled import highest_bit, inlined, rarely, unsigned
from truebook.engine.emit import emit_accepted, emit_rejected, emit_trigger_failed
from truebook.engine.layout import NO_LEVEL, PHASE_MATCH
from truebook.engine.ledger import available, held_slot, hold_of, release
from truebook.engine.matching import ENDING_NONE, close_taker
from truebook.engine.scan import SCAN_FUNDS, SCAN_OK, scan
from truebook.engine.state import State, book_at, level_at, market_at, meta_of, taker_of
from truebook.limits import BASIS_POINTS, NOTIONAL_MAX
from truebook.messages import (
    ACCEPTED_RESTS,
    ACCEPTED_TRIGGERED,
    ORDER_POST_ONLY,
    ORDER_SLIPPAGE_BASIS_POINTS,
    ORDER_SLIPPAGE_TICKS,
    CloseReason,
    CommandKind,
    MarketState,
    OrderStatus,
    OrderType,
    RejectCode,
    TimeInForce,
)

_PLACE = int(CommandKind.PLACE)
_LIMIT = int(OrderType.LIMIT)
_MARKET = int(OrderType.MARKET)
_BY_QUOTE = int(OrderType.MARKET_BY_QUOTE)
_GTC = int(TimeInForce.GTC)
_FOK = int(TimeInForce.FOK)
_POST_ONLY_STATE = int(MarketState.POST_ONLY)
_STATUS_NEW = int(OrderStatus.NEW)
_STATUS_EXPIRED = int(OrderStatus.EXPIRED)
_IMMEDIATE = int(CloseReason.IMMEDIATE_OR_CANCEL)
_KILL = int(CloseReason.FILL_OR_KILL)
_POST_ONLY_MODE = int(CloseReason.POST_ONLY_MODE)
_NO_LIQUIDITY = int(CloseReason.INSUFFICIENT_LIQUIDITY)
_DEADLINE = int(CloseReason.DEADLINE)

_NOTIONAL_BITS = NOTIONAL_MAX.bit_length() - 1
_OK = int(RejectCode.NONE)
_TOO_SMALL = int(RejectCode.QUANTITY_TOO_SMALL)
_NOTIONAL = int(RejectCode.NOTIONAL_TOO_LARGE)
_WOULD_TAKE = int(RejectCode.POST_ONLY_WOULD_TAKE)
_NO_FUNDS = int(RejectCode.INSUFFICIENT_FUNDS)


@inlined
def load_taker(
    s: State,
    order_id: Any,
    account: Any,
    number: Any,
    price: Any,
    quantity: Any,
    client_id: Any,
    time_flags: Any,
    side: Any,
    order_type: Any,
    time_in_force: Any,
    self_trade: Any,
) -> None:
    """A new order becomes the order in matching."""
    taker = taker_of(s)
    is_limit_gtc = order_type == _LIMIT and time_in_force == _GTC
    is_by_quote = order_type == _BY_QUOTE
    if side:
        bounded = 1 if is_by_quote else 0
    else:
        bounded = 0 if is_by_quote or is_limit_gtc else 1
    taker.order_id = order_id
    taker.price = price
    taker.quantity = quantity
    taker.remaining = quantity
    taker.executed = 0
    taker.executed_quote = 0
    taker.unit_value = 0
    taker.time_flags = time_flags
    taker.market = number
    taker.account = account
    taker.side = side
    taker.order_type = order_type
    taker.time_in_force = time_in_force
    taker.self_trade = self_trade
    taker.client_id = client_id
    taker.bounded = bounded
    taker.fills = 0
    taker.slot = 0
    taker.ending = ENDING_NONE
    taker.command_kind = _PLACE


@inlined
def is_too_much(unit_value: Any, lots: Any) -> Any:
    """Whether lots of that value are worth more than one order may be. Mostly the bits of the two
    factors tell without a division."""
    bits = highest_bit(unsigned(unit_value)) + highest_bit(unsigned(lots)) + 2
    return rarely(bits > _NOTIONAL_BITS) and lots > NOTIONAL_MAX // unit_value


@inlined
def best_opposite(s: State) -> Any:
    """The best level that the taker could trade with; 0: none."""
    taker = taker_of(s)
    return np.int64(book_at(s, taker.market * 2 + 1 - taker.side).best)


@inlined
def best_price_of(s: State, best: Any) -> Any:
    """The price of that level on the other side of the taker; 0: there is none."""
    return key_of(1 - taker_of(s).side, level_at(s, best).key) if best != 0 else np.int64(0)


@inlined
def _tighten(s: State, best_price: Any) -> None:
    """What slippage leaves of the protective price."""
    taker = taker_of(s)
    tolerance, price = taker.tolerance, taker.price
    if taker.time_flags & ORDER_SLIPPAGE_TICKS:
        bound = best_price - tolerance if taker.side else best_price + tolerance
    elif taker.side:
        scaled = best_price * (BASIS_POINTS - tolerance)
        bound = (scaled + BASIS_POINTS - 1) // BASIS_POINTS
    else:
        bound = best_price * (BASIS_POINTS + tolerance) // BASIS_POINTS
    taker.price = max(price, bound) if taker.side else min(price, bound)
    taker.is_tightened = 1 if taker.price != price else 0


@inlined
def set_limit(s: State, best_price: Any, is_usual: Any) -> None:
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
        if not is_usual:
            if taker.time_flags & (ORDER_SLIPPAGE_TICKS | ORDER_SLIPPAGE_BASIS_POINTS):
                _tighten(s, best_price)
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
    if need > have:
        return _NO_FUNDS
    if by_quote and crosses and taker.quantity < best_price * market.unit:
        return _TOO_SMALL
    return _OK


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
def refuse_taker(s: State, code: Any) -> None:
    """A check refuses the order: REJECTED, or TRIGGER_FAILED where it was pending until now."""
    taker = taker_of(s)
    if meta_of(s).is_firing:
        book = taker.market * 2 + taker.side
        emit_trigger_failed(s, book, taker.account, taker.order_id, code)
    else:
        emit_rejected(s, _PLACE, taker.account, taker.order_id, code, 0)


@inlined
def _accept(s: State, flags: Any, is_usual: Any) -> Any:
    """ACCEPTED; the market sequence it has."""
    taker = taker_of(s)
    if not is_usual:
        flags |= ACCEPTED_TRIGGERED if meta_of(s).is_firing else 0
    return emit_accepted(
        s,
        flags,
        taker.market * 2 + taker.side,
        taker.account,
        taker.order_id,
        taker.price,
        taker.quantity,
        taker.client_id,
        taker.time_flags,
    )


@inlined
def _close_at_once(s: State, reason: Any, is_usual: Any) -> None:
    _accept(s, 0, is_usual)
    close_taker(s, reason)
    if is_usual or not meta_of(s).is_firing:
        answer_taker(s, _STATUS_EXPIRED, reason)


@inlined
def _reason_beside(s: State) -> Any:
    """Why an order that doesn't cross ends."""
    taker = taker_of(s)
    if taker.time_in_force == _FOK:
        return np.int64(_KILL)
    return np.int64(_IMMEDIATE if taker.order_type == _LIMIT else _NO_LIQUIDITY)


@inlined
def rest_at_once(
    s: State,
    flags: Any,
    book: Any,
    account: Any,
    order_id: Any,
    price: Any,
    quantity: Any,
    client_id: Any,
    time_flags: Any,
    guess: Any,
) -> None:
    """A limit order that doesn't cross, is good till cancelled and can be paid for: it rests, maybe
    in the level that was guessed."""
    release(s, held_slot(s, book, account), -hold_of(s, book, price, quantity))
    number = book >> 1
    priority = emit_accepted(
        s, flags, book, account, order_id, price, quantity, client_id, time_flags
    )
    order = new_order(
        s, order_id, account, number, quantity, quantity, 0, priority, time_flags, client_id
    )
    rest_in_book(s, order, book, key_of(book & 1, price), account, quantity, guess)


@inlined
def answer_rested(
    s: State,
    number: Any,
    order_id: Any,
    account: Any,
    client_id: Any,
    price: Any,
    quantity: Any,
    time_flags: Any,
) -> None:
    """The reply about an order that rests and has executed nothing."""
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
def _rest_taker(s: State) -> None:
    """The taker doesn't cross, and rests."""
    taker = taker_of(s)
    order_id, account, number = taker.order_id, taker.account, taker.market
    price, quantity = taker.price, taker.quantity
    client_id, time_flags = taker.client_id, taker.time_flags
    flags = np.int64(ACCEPTED_RESTS)
    if meta_of(s).is_firing:
        flags |= ACCEPTED_TRIGGERED
    book = number * 2 + taker.side
    rest_at_once(
        s, flags, book, account, order_id, price, quantity, client_id, time_flags, NO_LEVEL
    )
    if not meta_of(s).is_firing:
        answer_rested(s, number, order_id, account, client_id, price, quantity, time_flags)


@inlined
def take(s: State, best: Any, is_late: Any, is_usual: Any) -> None:
    """Steps 8 to 11 for the taker, up to matching (PHASE_MATCH); `best` is the opposite side's best
    level. A usual one that neither crosses nor must end at once has been dealt with before."""
    taker = taker_of(s)
    best_price = best_price_of(s, best)
    set_limit(s, best_price, is_usual)
    crosses = level_at(s, best).key <= taker.limit_key
    code = _crossing_code(s, crosses, best_price)
    found = np.int64(SCAN_OK)
    post_only_mode = market_at(s, taker.market).state == _POST_ONLY_STATE
    if code == _OK and crosses and taker.time_in_force == _FOK:
        if not post_only_mode and not is_late:
            found = scan(s)
            if found == SCAN_FUNDS:
                code = _NO_FUNDS
    is_limit_gtc = taker.order_type == _LIMIT and taker.time_in_force == _GTC
    if code != _OK:
        refuse_taker(s, code)
    elif is_late:
        _close_at_once(s, np.int64(_DEADLINE), is_usual)
    elif not crosses:
        if not is_usual and is_limit_gtc:
            _rest_taker(s)
        else:
            _close_at_once(s, _reason_beside(s), is_usual)
    elif post_only_mode:
        _close_at_once(s, np.int64(_POST_ONLY_MODE), is_usual)
    elif found != SCAN_OK:
        _close_at_once(s, np.int64(_KILL), is_usual)
    else:
        _accept(s, 0, is_usual)
        meta_of(s).phase = PHASE_MATCH
