"""AMEND: a resting order gets a new price or quantity, at once or not at all.

Promise: less at the same price keeps its place in the queue; anything else leaves its level and
goes the way of a new order, with the same id and with what it has executed. At no moment is the
order gone without being checked: whatever could refuse it is looked at first.
"""

from typing import Any

import numpy as np

from truebook.engine.answer import answer_resting
from truebook.engine.book import key_of, leave_account, leave_level
from truebook.engine.cancelling import parties_code, target_form, target_slot
from truebook.engine.compiled import called, inlined
from truebook.engine.emit import emit_amended, emit_rejected
from truebook.engine.hashing import touch_order
from truebook.engine.layout import PHASE_MATCH
from truebook.engine.ledger import (
    available,
    held_asset,
    hold_of,
    release_hold,
)
from truebook.engine.matching import ENDING_NONE
from truebook.engine.orderchecks import (
    ACCOUNT_BLOCKED,
    MALFORMED,
    OK,
    UNKNOWN_ACCOUNT,
    is_late,
    price_code,
    quantity_code,
)
from truebook.engine.pending import is_pending
from truebook.engine.state import (
    State,
    account_at,
    book_at,
    command_at,
    level_at,
    link_at,
    market_at,
    meta_of,
    order_at,
    taker_of,
)
from truebook.limits import NOTIONAL_MAX
from truebook.messages import (
    AMENDED_KEPT,
    AMENDED_REENTERS,
    ORDER_POST_ONLY,
    ORDER_SELF_TRADE_SHIFT,
    AccountFlag,
    CommandKind,
    MarketState,
    OrderStatus,
    OrderType,
    RejectCode,
    TimeInForce,
)

_AMEND = int(CommandKind.AMEND)
_BLOCKED = int(AccountFlag.BLOCKED)
_CANCEL_ONLY = int(MarketState.CANCEL_ONLY)
_CLOSED = int(MarketState.CLOSED)
_POST_ONLY_STATE = int(MarketState.POST_ONLY)
_STATUS_NEW = int(OrderStatus.NEW)
_STATUS_PARTIAL = int(OrderStatus.PARTIALLY_FILLED)
_LIMIT = int(OrderType.LIMIT)
_GTC = int(TimeInForce.GTC)
_UNKNOWN_ORDER = int(RejectCode.UNKNOWN_ORDER)
_PAUSED = int(RejectCode.MARKET_PAUSED)
_TOO_SMALL = int(RejectCode.QUANTITY_TOO_SMALL)
_NOTIONAL = int(RejectCode.NOTIONAL_TOO_LARGE)
_WOULD_TAKE = int(RejectCode.POST_ONLY_WOULD_TAKE)
_NO_FUNDS = int(RejectCode.INSUFFICIENT_FUNDS)
_DEADLINE_PASSED = int(RejectCode.DEADLINE_PASSED)


@inlined
def _standing_code(s: State, i: Any) -> Any:
    """The account, the form, and what the command names."""
    c = command_at(s, i)
    code = parties_code(s, i)
    unknown = np.int64(c.deadline_ms) if meta_of(s).rules < 2 else np.int64(0)
    if not target_form(s, i, c.flags, unknown):
        return MALFORMED
    if code == UNKNOWN_ACCOUNT:
        return code
    if account_at(s, c.account).flags & _BLOCKED:
        return ACCOUNT_BLOCKED
    return code


@inlined
def _numbers_code(s: State, i: Any, slot: Any) -> Any:
    """The new price and quantity against filters, bands and what has been filled."""
    c = command_at(s, i)
    order = order_at(s, slot)
    level = level_at(s, order.level)
    book = np.int64(level.book)
    number = book >> 1
    state = market_at(s, number).state
    if state == _CANCEL_ONLY or state == _CLOSED:
        return _PAUSED
    if c.price != key_of(book & 1, level.key):
        code = price_code(s, number, c.price)
        if code != OK:
            return code
    code = quantity_code(s, number, c.price, c.quantity)
    if code != OK:
        return code
    if c.quantity <= order.quantity - order.remaining:
        return _TOO_SMALL
    return _NOTIONAL if order.executed_quote > NOTIONAL_MAX else OK


@inlined
def _entering_code(s: State, i: Any, slot: Any, crosses: Any) -> Any:
    """Whether an order that leaves its place may enter again."""
    c = command_at(s, i)
    order = order_at(s, slot)
    level = level_at(s, order.level)
    book = np.int64(level.book)
    post_only = order.time_flags & ORDER_POST_ONLY != 0
    if crosses and (post_only or market_at(s, book >> 1).state == _POST_ONLY_STATE):
        return _WOULD_TAKE
    account = np.int64(order.account)
    held = hold_of(s, book, key_of(book & 1, level.key), order.remaining)
    left = c.quantity - (order.quantity - order.remaining)
    need = hold_of(s, book, c.price, left)
    if need > available(s, account, held_asset(s, book)) + held:
        return _NO_FUNDS
    return OK


@inlined
def _keep(s: State, i: Any, slot: Any) -> None:
    """Less at the same price: the order stays where it is."""
    c = command_at(s, i)
    order = order_at(s, slot)
    level = level_at(s, order.level)
    book = np.int64(level.book)
    account = np.int64(order.account)
    less = order.quantity - c.quantity
    touch_order(s, slot)
    order.quantity = c.quantity
    order.remaining = order.remaining - less
    level.quantity = level.quantity - less
    release_hold(s, account, book, c.price, less)
    emit_amended(
        s, AMENDED_KEPT, account, order.order_id, c.price, c.quantity, book, order.remaining
    )
    partly = order.remaining != order.quantity
    answer_resting(s, _AMEND, _STATUS_PARTIAL if partly else _STATUS_NEW, 0, slot)


@inlined
def _enter_again(s: State, i: Any, slot: Any) -> None:
    """The order leaves its level and becomes the taker."""
    c = command_at(s, i)
    order = order_at(s, slot)
    book = np.int64(level_at(s, order.level).book)
    price = key_of(book & 1, level_at(s, order.level).key)
    taker = taker_of(s)
    touch_order(s, slot)
    leave_level(s, slot)
    leave_account(s, slot, np.int64(order.account))
    release_hold(s, np.int64(order.account), book, price, order.remaining)
    taker.order_id = order.order_id
    taker.price = c.price
    taker.limit_key = key_of(1 - (book & 1), c.price)
    taker.quantity = c.quantity
    taker.executed = order.quantity - order.remaining
    taker.remaining = c.quantity - taker.executed
    taker.executed_quote = order.executed_quote
    taker.unit_value = 0
    taker.time_flags = order.time_flags
    taker.market = book >> 1
    taker.account = order.account
    taker.side = book & 1
    taker.order_type = _LIMIT
    taker.time_in_force = _GTC
    taker.self_trade = (order.time_flags >> ORDER_SELF_TRADE_SHIFT) & 3
    taker.client_id = link_at(s, slot).client_id
    taker.bounded = 0
    taker.fills = 0
    taker.slot = slot
    taker.ending = ENDING_NONE
    taker.command_kind = _AMEND
    emit_amended(
        s,
        AMENDED_REENTERS,
        taker.account,
        taker.order_id,
        c.price,
        c.quantity,
        book,
        taker.remaining,
    )
    meta_of(s).phase = PHASE_MATCH


@called
def amend(s: State, i: Any) -> None:
    """Carry out the AMEND in record `i`, up to matching where it enters again."""
    c = command_at(s, i)
    code = _standing_code(s, i)
    slot = np.int64(0)
    if code == OK:
        slot = target_slot(s, i)
        known = slot != 0 and not is_pending(s, slot)
        code = _numbers_code(s, i, slot) if known else _UNKNOWN_ORDER
    keeps = False
    if code == OK:
        level = level_at(s, order_at(s, slot).level)
        book = np.int64(level.book)
        same_price = c.price == key_of(book & 1, level.key)
        keeps = same_price and c.quantity <= order_at(s, slot).quantity
        best = np.int64(book_at(s, book ^ 1).best)
        limit_key = key_of(1 - (book & 1), c.price)
        crosses = best != 0 and level_at(s, best).key <= limit_key
        if not keeps:
            code = _entering_code(s, i, slot, crosses)
        if code == OK and is_late(s, c.deadline_ms):
            code = _DEADLINE_PASSED
    if code != OK:
        emit_rejected(s, _AMEND, c.account, c.order_id, code, 0)
    elif keeps:
        _keep(s, i, slot)
    else:
        _enter_again(s, i, slot)
