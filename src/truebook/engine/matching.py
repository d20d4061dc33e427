"""Matching: price, then time, at the maker's price.

Promise: a taker trades with the best level's oldest order until it has enough, or nothing is left
within its limit, or a rule ends it; every fill moves both assets and both fees at once.

The taker stands in memory (`TAKER`), not in registers: the event buffer may be full after any fill,
and then the kernel returns in the middle of the order and is called again (PHASE_MATCH).
"""

from typing import Any

import numpy as np

from truebook.engine.book import (
    forget_order,
    key_of,
    leave_account,
    leave_level,
    new_order,
    rest_in_book,
)
from truebook.engine.closing import close_resting
from truebook.engine.compiled import inlined
from truebook.engine.emit import (
    emit_closed,
    emit_fill,
    emit_rested,
    reply_taker,
)
from truebook.engine.hashing import touch_market, touch_order
from truebook.engine.layout import TOUCHED_MAX
from truebook.engine.ledger import (
    available,
    balance_slot,
    charge,
    credit,
    emit_held,
    emit_pair,
    take_hold,
    unlock,
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
    VENUE_ACCOUNT,
    CloseReason,
    CommandKind,
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
_AMEND = int(CommandKind.AMEND)
_FILLED = int(CloseReason.FILLED)
_SELF_TRADE = int(CloseReason.SELF_TRADE_PREVENTION)
_NO_LIQUIDITY = int(CloseReason.INSUFFICIENT_LIQUIDITY)
_NO_FUNDS = int(CloseReason.INSUFFICIENT_FUNDS)
_IMPACT = int(CloseReason.PRICE_IMPACT)
_IOC_REASON = int(CloseReason.IMMEDIATE_OR_CANCEL)
_STATUS_NEW = int(OrderStatus.NEW)
_STATUS_PARTIAL = int(OrderStatus.PARTIALLY_FILLED)
_STATUS_FILLED = int(OrderStatus.FILLED)
_STATUS_EXPIRED = int(OrderStatus.EXPIRED)


@inlined
def has_room(s: State) -> Any:
    """Whether one more step fits into the buffers and the lists of touched records."""
    meta = meta_of(s)
    return (
        meta.row + ROWS_OF_A_STEP <= meta.rows_max
        and meta.reply < meta.replies_max
        and meta.touched_orders < TOUCHED_MAX - 16
        and meta.touched_balances < TOUCHED_MAX - 16
        and meta.touched_accounts < TOUCHED_MAX - 16
    )


@inlined
def _lots_to_fill(s: State, unit_value: Any, maker_remaining: Any) -> Any:
    """How many lots the taker takes of the maker; 0 where a rule ends it (`ending` says which)."""
    taker = taker_of(s)
    by_quote = taker.order_type == _BY_QUOTE
    wanted = taker.remaining // unit_value if by_quote else taker.remaining
    if wanted == 0:
        taker.ending = _FILLED if taker.fills != 0 else _NO_LIQUIDITY
        return wanted
    lots = min(wanted, maker_remaining)
    market = market_at(s, taker.market)
    if taker.side == _BID:
        if not by_quote and not (taker.order_type == _LIMIT and taker.time_in_force == _GTC):
            have = available(s, taker.account, market.quote)
            if lots * unit_value > have:
                lots = have // unit_value
    elif by_quote:
        have = available(s, taker.account, market.base)
        if lots * market.lot_atoms > have:
            lots = have // market.lot_atoms
    if lots == 0:
        taker.ending = _NO_FUNDS
    return lots


@inlined
def _fill(s: State, slot: Any, level: Any, price: Any, unit_value: Any, lots: Any) -> None:
    """Trade `lots` with the maker in `slot`."""
    taker = taker_of(s)
    market = market_at(s, taker.market)
    order = order_at(s, slot)
    maker = np.int64(order.account)
    touch_order(s, slot)
    touch_market(s, taker.market)
    value = lots * unit_value
    base_amount = lots * market.lot_atoms
    order.remaining = order.remaining - lots
    order.executed_quote = order.executed_quote + value
    level_at(s, level).quantity = level_at(s, level).quantity - lots
    if taker.side == _BID:
        given, given_amount, taken, taken_amount = market.base, base_amount, market.quote, value
    else:
        given, given_amount, taken, taken_amount = market.quote, value, market.base, base_amount
    unlock(s, balance_slot(maker, given), given_amount, 0)
    maker_fee = charge(s, taken, taken_amount, tier_at(s, account_at(s, maker).tier).maker_bp)
    credit(s, balance_slot(maker, taken), taken_amount - maker_fee)
    credit(s, balance_slot(taker.account, taken), -taken_amount)
    taker_fee = charge(
        s, given, given_amount, tier_at(s, account_at(s, taker.account).tier).taker_bp
    )
    credit(s, balance_slot(taker.account, given), given_amount - taker_fee)
    taker.remaining = taker.remaining - (value if taker.order_type == _BY_QUOTE else lots)
    taker.executed = taker.executed + lots
    taker.executed_quote = taker.executed_quote + value
    taker.unit_value = unit_value
    taker.fills = taker.fills + 1
    market.last_price = price
    market.trade_id = market.trade_id + 1
    emit_fill(s, slot, price, lots, maker_fee, taker_fee, market.trade_id)
    emit_pair(s, maker, taker.market)
    if order.remaining == 0:
        leave_level(s, slot)
        leave_account(s, slot, maker)
        forget_order(s, slot, taker.market)


@inlined
def match(s: State) -> Any:
    """Match the taker; False where a buffer is full in the middle."""
    taker = taker_of(s)
    market = market_at(s, taker.market)
    book = taker.market * 2 + 1 - taker.side
    while taker.remaining != 0:
        level = np.int64(book_at(s, book).best)
        if level == 0 or level_at(s, level).key > taker.limit_key:
            break
        if not has_room(s):
            return False
        slot = np.int64(level_at(s, level).head)
        if order_at(s, slot).account == taker.account and taker.self_trade != _ALLOW:
            if taker.self_trade != _REJECT_TAKER:
                close_resting(s, slot, _SELF_TRADE)
            if taker.self_trade != _REJECT_MAKER:
                taker.ending = _SELF_TRADE
                break
            continue
        price = key_of(book & 1, level_at(s, level).key)
        unit_value = price * market.unit
        lots = _lots_to_fill(s, unit_value, order_at(s, slot).remaining)
        if lots == 0:
            break
        _fill(s, slot, level, price, unit_value, lots)
    return True


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
    return np.int64(_IMPACT)


@inlined
def rest_taker(s: State, priority: Any) -> None:
    """What is left of the taker rests at its own price."""
    taker = taker_of(s)
    book = taker.market * 2 + taker.side
    slot = taker.slot
    take_hold(s, taker.account, book, taker.price, taker.remaining)
    if slot == 0:
        slot = new_order(s, priority, taker.remaining)
    else:
        order = order_at(s, slot)
        order.quantity = taker.quantity
        order.remaining = taker.remaining
        order.executed_quote = taker.executed_quote
        order.priority = priority
    rest_in_book(s, slot, book, key_of(taker.side, taker.price))


@inlined
def close_taker(s: State, reason: Any) -> None:
    """The taker leaves with something unfilled."""
    taker = taker_of(s)
    book = taker.market * 2 + taker.side
    order_id = taker.order_id
    emit_closed(s, reason, taker.account, order_id, taker.remaining, taker.price, book, 0)


@inlined
def finish(s: State) -> None:
    """After matching: rest, close or be done; balances; the reply."""
    taker = taker_of(s)
    status = np.int64(_STATUS_FILLED)
    reason = np.int64(_FILLED)
    rests = False
    if taker.remaining != 0:
        limit_gtc = taker.order_type == _LIMIT and taker.time_in_force == _GTC
        rests = limit_gtc and taker.ending == ENDING_NONE
        if rests:
            rest_taker(s, emit_rested(s, taker.remaining))
            status = np.int64(_STATUS_PARTIAL if taker.executed != 0 else _STATUS_NEW)
        else:
            reason = _reason_of_end(s)
            close_taker(s, reason)
            if reason != _FILLED:
                status = np.int64(_STATUS_EXPIRED)
    if taker.slot != 0 and not rests:
        forget_order(s, taker.slot, taker.market)
    if taker.fills != 0 or taker.command_kind == _AMEND:
        emit_pair(s, taker.account, taker.market)
    if taker.fills != 0:
        emit_pair(s, np.int64(VENUE_ACCOUNT), taker.market)
    elif rests and taker.command_kind != _AMEND:
        emit_held(s, taker.account, taker.market * 2 + taker.side)
    reply_taker(s, status, reason)
