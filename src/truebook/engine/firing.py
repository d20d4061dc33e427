"""Firing: pending orders whose trigger price was reached are placed, one after another.

Promise: they fire after the order that reached them has ended, in an order that depends on nothing
but prices and priorities, and what their own fills reach fires after them. No buffer's size shows
in the result: between two orders and within each the kernel may return and be called again.

`lowest` and `highest` in META are the range of prices reached. While it is set, `is_firing` is 1:
then nobody waits for replies, and what a check refuses is told as TRIGGER_FAILED.
"""

from typing import Any

import numpy as np

from truebook.engine.compiled import called, inlined
from truebook.engine.layout import PHASE_FIRE, PHASE_NONE, TRIGGER_BOOKS
from truebook.engine.ledger import available
from truebook.engine.matching import has_room
from truebook.engine.orderchecks import OK, numbers_code, standing_code
from truebook.engine.pending import stop_waiting
from truebook.engine.state import (
    State,
    book_at,
    level_at,
    link_at,
    market_at,
    meta_of,
    order_at,
    taker_of,
)
from truebook.engine.taking import (
    best_opposite,
    best_price_of,
    load_taker,
    refuse_taker,
    set_limit,
    take,
)
from truebook.limits import BASIS_POINTS
from truebook.messages import (
    ORDER_PERCENT,
    ORDER_SELF_TRADE_SHIFT,
    ORDER_SIDE_SHIFT,
    ORDER_TIME_IN_FORCE_SHIFT,
    ORDER_TYPE_SHIFT,
    OrderType,
)

_LIMIT = int(OrderType.LIMIT)


@inlined
def reach(s: State) -> Any:
    """The taker has ended: whether its fills, or those before it, reached a pending order; then it
    is time to fire (PHASE_FIRE)."""
    meta = meta_of(s)
    taker = taker_of(s)
    has_fills, is_firing = taker.fills != 0, meta.is_firing != 0
    if not has_fills:
        if is_firing:
            meta.phase = PHASE_FIRE
        return is_firing
    first, last = taker.first_price, market_at(s, taker.market).last_price
    lowest, highest = min(first, last), max(first, last)
    if is_firing:
        lowest, highest = min(lowest, meta.lowest), max(highest, meta.highest)
    else:
        book = TRIGGER_BOOKS + taker.market * 2
        if book_at(s, book).best_key > -lowest and book_at(s, book + 1).best_key > highest:
            return False
        meta.is_firing = 1
    meta.lowest = lowest
    meta.highest = highest
    meta.phase = PHASE_FIRE
    return True


@inlined
def _next_slot(s: State) -> Any:
    """The pending order that fires next; 0: the range reaches none."""
    meta = meta_of(s)
    book = TRIGGER_BOOKS + taker_of(s).market * 2
    if book_at(s, book + 1).best_key <= meta.highest:
        return np.int64(level_at(s, book_at(s, book + 1).best).head)
    if book_at(s, book).best_key <= -meta.lowest:
        return np.int64(level_at(s, book_at(s, book).best).head)
    return np.int64(0)


@inlined
def _find_quantity(s: State, best: Any) -> None:
    """The taker's quantity is basis points of what its account has: how many lots that are."""
    taker = taker_of(s)
    market = market_at(s, taker.market)
    set_limit(s, best_price_of(s, best), False)
    have = available(s, taker.account, market.base if taker.side else market.quote)
    part = have // BASIS_POINTS * taker.quantity
    part += have % BASIS_POINTS * taker.quantity // BASIS_POINTS
    of_a_lot = market.lot_atoms if taker.side else taker.price * market.unit
    lots = part // of_a_lot if of_a_lot != 0 else np.int64(0)
    taker.quantity = lots
    taker.remaining = lots


@inlined
def _load(s: State, slot: Any) -> None:
    """The pending order in `slot` stops waiting and becomes the taker."""
    order = order_at(s, slot)
    flags, price = order.time_flags, order.executed_quote
    order_type = (flags >> ORDER_TYPE_SHIFT) & 3
    load_taker(
        s,
        order.order_id,
        order.account,
        taker_of(s).market,
        price if order_type == _LIMIT else np.int64(0),
        order.quantity,
        link_at(s, slot).client_id,
        flags & ~ORDER_PERCENT,
        (flags >> ORDER_SIDE_SHIFT) & 1,
        order_type,
        (flags >> ORDER_TIME_IN_FORCE_SHIFT) & 3,
        (flags >> ORDER_SELF_TRADE_SHIFT) & 3,
    )
    taker_of(s).tolerance = price
    taker_of(s).is_tightened = 0
    stop_waiting(s, slot)


@inlined
def _place(s: State, slot: Any) -> None:
    """Place the pending order in `slot`, up to matching (PHASE_MATCH)."""
    is_percent = order_at(s, slot).time_flags & ORDER_PERCENT != 0
    _load(s, slot)
    taker = taker_of(s)
    best = best_opposite(s)
    if is_percent:
        _find_quantity(s, best)
    code = standing_code(s, taker.account, taker.market, taker.order_type)
    if code == OK:
        code = numbers_code(s, taker.market, taker.order_type, taker.price, taker.quantity)
    if code == OK:
        take(s, best, False, False)
    else:
        refuse_taker(s, code)


@called
def fire(s: State) -> Any:
    """Place what the range reaches, until one is to be matched (PHASE_MATCH) or none is left
    (PHASE_NONE); False where a buffer is full in the middle."""
    meta = meta_of(s)
    while meta.phase == PHASE_FIRE:
        slot = _next_slot(s)
        if slot == 0:
            meta.is_firing = 0
            meta.phase = PHASE_NONE
        elif has_room(s):
            _place(s, slot)
        else:
            return False
    return True
