"""Matching: price, then time, at the maker's price.

Promise: a taker trades with the best level's oldest order until it has enough, or nothing is left
within its limit, or a rule ends it; every fill moves both assets and both fees at once.

The event buffer may be full after any fill. Then the loop writes the taker back to memory
(`TAKER`), and the kernel returns in the middle of the order and is called again (PHASE_MATCH).
"""

from typing import Any

import numpy as np

from truebook.engine.answer import answer_taker
from truebook.engine.book import (
    forget_order,
    key_of,
    leave_account,
    leave_front,
    new_order,
    rest_in_book,
)
from truebook.engine.closing import close_resting
from truebook.engine.compiled import afresh, inlined, rarely
from truebook.engine.emit import emit_closed, emit_fill, emit_rested
from truebook.engine.hashing import touch_balances, touch_order
from truebook.engine.layout import NO_LEVEL
from truebook.engine.ledger import (
    available,
    base_slot,
    charge,
    credit,
    quote_slot,
    spend_locked,
    take_hold,
)
from truebook.engine.state import (
    State,
    account_at,
    book_at,
    level_at,
    market_at,
    meta_of,
    order_at,
    taker_of,
    tier_at,
)
from truebook.messages import (
    ORDER_SLIPPAGE_BASIS_POINTS,
    ORDER_SLIPPAGE_TICKS,
    VENUE_ACCOUNT,
    CloseReason,
    OrderStatus,
    OrderType,
    SelfTrade,
    Side,
    TimeInForce,
)

ENDING_NONE = -1
"""Nothing ended the taker but its limit, its quantity or an empty book."""

ROWS_OF_A_STEP = 8
"""The most event rows that one step of the kernel writes; it looks for room before each."""

_ALLOW = int(SelfTrade.ALLOW)
_REJECT_MAKER = int(SelfTrade.REJECT_MAKER)
_REJECT_TAKER = int(SelfTrade.REJECT_TAKER)
_BID = int(Side.BID)
_LIMIT = int(OrderType.LIMIT)
_BY_QUOTE = int(OrderType.MARKET_BY_QUOTE)
_GTC = int(TimeInForce.GTC)
_IOC = int(TimeInForce.IOC)
_FILLED = int(CloseReason.FILLED)
_SELF_TRADE = int(CloseReason.SELF_TRADE_PREVENTION)
_NO_LIQUIDITY = int(CloseReason.INSUFFICIENT_LIQUIDITY)
_NO_FUNDS = int(CloseReason.INSUFFICIENT_FUNDS)
_IMPACT = int(CloseReason.PRICE_IMPACT)
_SLIPPAGE = int(CloseReason.SLIPPAGE)
_IOC_REASON = int(CloseReason.IMMEDIATE_OR_CANCEL)
_STATUS_NEW = int(OrderStatus.NEW)
_STATUS_PARTIAL = int(OrderStatus.PARTIALLY_FILLED)
_STATUS_FILLED = int(OrderStatus.FILLED)
_STATUS_EXPIRED = int(OrderStatus.EXPIRED)


@inlined
def has_room(s: State) -> Any:
    """Whether one more step fits into the buffers."""
    meta = meta_of(s)
    return meta.next_row <= meta.rows_limit and meta.next_reply < meta.replies_end


@inlined
def _lots_to_fill(s: State, wanted: Any, maker_remaining: Any, unit_value: Any, fills: Any) -> Any:
    """How many lots the taker takes of the maker; 0 where a rule ends it (`ending` says which)."""
    taker = taker_of(s)
    if wanted == 0:
        taker.ending = _FILLED if fills != 0 else _NO_LIQUIDITY
        return wanted
    lots = min(wanted, maker_remaining)
    if rarely(taker.bounded != 0):
        market = market_at(s, taker.market)
        if taker.side == _BID:
            have = available(s, taker.account, market.quote)
            if lots * unit_value > have:
                lots = have // unit_value
        else:
            have = available(s, taker.account, market.base)
            if lots * market.lot_atoms > have:
                lots = have // market.lot_atoms
        if lots == 0:
            taker.ending = _NO_FUNDS
    return lots


@inlined
def match(s: State) -> Any:
    """Match the taker; False where a buffer is full in the middle."""
    taker = taker_of(s)
    account, number, side, self_trade = taker.account, taker.market, taker.side, taker.self_trade
    book, limit_key = number * 2 + 1 - side, taker.limit_key
    by_quote = taker.order_type == _BY_QUOTE
    remaining, executed, fills = taker.remaining, taker.executed, taker.fills
    executed_quote, last_value = taker.executed_quote, taker.unit_value
    market = market_at(s, number)
    unit, lot_atoms = market.unit, market.lot_atoms
    taker_bp = tier_at(s, account_at(s, account).tier).taker_bp
    taker_base, taker_quote = base_slot(market, account), quote_slot(market, account)
    venue_base = base_slot(market, VENUE_ACCOUNT)
    venue_quote = quote_slot(market, VENUE_ACCOUNT)
    is_done = True
    while remaining != 0:
        # As in the main loop (running.py): what the compiler worked out before the first fill to
        # use in all of them, it had no registers for, and a taker has two or three fills.
        s = afresh(s)
        market = market_at(s, number)
        key = book_at(s, book).best_key
        if key > limit_key:
            break
        if rarely(not has_room(s)):
            is_done = False
            break
        level = np.int64(book_at(s, book).best)
        here = level_at(s, level)
        slot = np.int64(here.head)
        order = order_at(s, slot)
        maker, maker_id = np.int64(order.account), order.order_id
        if rarely(maker == account and self_trade != _ALLOW):
            if self_trade != _REJECT_TAKER:
                close_resting(s, slot, _SELF_TRADE)
            if self_trade != _REJECT_MAKER:
                taker.ending = _SELF_TRADE
                break
            continue
        price = key_of(book & 1, key)
        unit_value = price * unit
        left = order.remaining
        wanted = remaining // unit_value if by_quote else remaining
        lots = _lots_to_fill(s, wanted, left, unit_value, fills)
        if lots == 0:
            break
        if fills == 0:
            taker.first_price = price
            touch_balances(s, taker_base, taker_quote)
            touch_balances(s, venue_base, venue_quote)
        maker_base, maker_quote = base_slot(market, maker), quote_slot(market, maker)
        touch_balances(s, maker_base, maker_quote)
        touch_order(s, slot)
        value, base_amount = lots * unit_value, lots * lot_atoms
        left -= lots
        order.remaining = left
        order.executed_quote = order.executed_quote + value
        here.quantity = here.quantity - lots
        maker_bp = tier_at(s, account_at(s, maker).tier).maker_bp
        if side == _BID:
            spend_locked(s, maker_base, base_amount)
            credit(s, taker_quote, -value)
            maker_fee = charge(s, venue_quote, value, maker_bp)
            credit(s, maker_quote, value - maker_fee)
            taker_fee = charge(s, venue_base, base_amount, taker_bp)
            credit(s, taker_base, base_amount - taker_fee)
        else:
            spend_locked(s, maker_quote, value)
            credit(s, taker_base, -base_amount)
            maker_fee = charge(s, venue_base, base_amount, maker_bp)
            credit(s, maker_base, base_amount - maker_fee)
            taker_fee = charge(s, venue_quote, value, taker_bp)
            credit(s, taker_quote, value - taker_fee)
        trade_id = market.trade_id + 1
        market.trade_id = trade_id
        market.last_price = price
        emit_fill(
            s,
            book,
            maker,
            account,
            maker_id,
            taker.order_id,
            price,
            lots,
            maker_fee,
            taker_fee,
            left,
            trade_id,
        )
        if left == 0:
            leave_front(s, slot, level, book)
            leave_account(s, slot, maker)
            forget_order(s, slot, number)
        remaining -= value if by_quote else lots
        executed += lots
        executed_quote += value
        last_value = unit_value
        fills += 1
    taker.remaining, taker.executed, taker.fills = remaining, executed, fills
    taker.executed_quote, taker.unit_value = executed_quote, last_value
    return is_done


@inlined
def _reason_of_end(s: State) -> Any:
    """Why a taker with something left doesn't rest."""
    taker = taker_of(s)
    if taker.ending != ENDING_NONE:
        return taker.ending
    if taker.order_type == _LIMIT and taker.time_in_force == _IOC:
        return np.int64(_IOC_REASON)
    if taker.order_type == _BY_QUOTE and taker.fills != 0:
        if taker.remaining // taker.unit_value == 0:
            return np.int64(_FILLED)
    if book_at(s, taker.market * 2 + 1 - taker.side).best == 0:
        return np.int64(_NO_LIQUIDITY)
    if taker.time_flags & (ORDER_SLIPPAGE_TICKS | ORDER_SLIPPAGE_BASIS_POINTS):
        return np.int64(_SLIPPAGE if taker.is_tightened else _IMPACT)
    return np.int64(_IMPACT)


@inlined
def _rest(s: State) -> None:
    """What is left of the taker rests at its own price."""
    taker = taker_of(s)
    account, side, number = taker.account, taker.side, taker.market
    remaining, executed_quote, price = taker.remaining, taker.executed_quote, taker.price
    book = number * 2 + side
    priority = emit_rested(s, book, account, taker.order_id, remaining)
    take_hold(s, account, book, price, remaining)
    slot = taker.slot
    if slot == 0:
        slot = new_order(
            s,
            taker.order_id,
            account,
            number,
            taker.quantity,
            remaining,
            executed_quote,
            priority,
            taker.time_flags,
            taker.client_id,
        )
    else:
        order = order_at(s, slot)
        order.quantity = taker.quantity
        order.remaining = remaining
        order.executed_quote = executed_quote
        order.priority = priority
    rest_in_book(s, slot, book, key_of(side, price), account, remaining, NO_LEVEL)


@inlined
def close_taker(s: State, reason: Any) -> None:
    """The taker leaves with something unfilled."""
    taker = taker_of(s)
    book = taker.market * 2 + taker.side
    order_id = taker.order_id
    emit_closed(s, reason, taker.account, order_id, taker.remaining, taker.price, book, 0)


@inlined
def finish(s: State) -> None:
    """After matching: rest, close or be done; the reply, if anybody waits for one."""
    taker = taker_of(s)
    status = np.int64(_STATUS_FILLED)
    reason = np.int64(_FILLED)
    rests = False
    if taker.remaining != 0:
        limit_gtc = taker.order_type == _LIMIT and taker.time_in_force == _GTC
        rests = limit_gtc and taker.ending == ENDING_NONE
        if rests:
            _rest(s)
            status = np.int64(_STATUS_PARTIAL if taker.executed != 0 else _STATUS_NEW)
        else:
            reason = _reason_of_end(s)
            close_taker(s, reason)
            if reason != _FILLED:
                status = np.int64(_STATUS_EXPIRED)
    if taker.slot != 0 and not rests:
        forget_order(s, taker.slot, taker.market)
    if meta_of(s).is_firing == 0:
        answer_taker(s, status, reason)
