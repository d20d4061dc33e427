"""CANCEL and CANCEL_ALL: orders leave, and what they held is free again.

Promise: an account can only cancel its own orders; to everybody else they are unknown.
"""

from typing import Any

import numpy as np

from truebook.engine.answer import answer_done
from truebook.engine.book import market_of_book
from truebook.engine.closing import cancel_resting
from truebook.engine.compiled import called, inlined, rarely
from truebook.engine.emit import emit_rejected
from truebook.engine.layout import PHASE_CANCEL_ALL, PHASE_NONE
from truebook.engine.maps import slot_of_client, slot_of_order
from truebook.engine.matching import has_room
from truebook.engine.orderchecks import MALFORMED, OK, UNKNOWN_ACCOUNT, UNKNOWN_MARKET
from truebook.engine.pending import cancel_pending, is_pending
from truebook.engine.state import (
    State,
    account_at,
    ahead_of,
    command_at,
    level_at,
    link_at,
    market_at,
    meta_of,
    order_at,
    taker_of,
    word_at,
)
from truebook.messages import (
    NO_MARKET,
    CancelFlag,
    CommandKind,
    MarketState,
    RejectCode,
    TargetBy,
)

_CANCEL = int(CommandKind.CANCEL)
_CANCEL_ALL = int(CommandKind.CANCEL_ALL)
_CLOSED = int(MarketState.CLOSED)
_UNKNOWN_ORDER = int(RejectCode.UNKNOWN_ORDER)
_PAUSED = int(RejectCode.MARKET_PAUSED)
_RESTING = int(CancelFlag.RESTING)
_PENDING = int(CancelFlag.PENDING)
_EITHER = _RESTING | _PENDING
_CHOICES_SHIFT = 16
_BY_ORDER_ID = int(TargetBy.ORDER_ID)
_BY_CLIENT_ID = int(TargetBy.CLIENT_ID)


@inlined
def target_form(s: State, i: Any, flags: Any, deadline_ms: Any) -> Any:
    """Whether CANCEL and AMEND name their target as they must, and leave the rest 0. `flags` and
    `deadline_ms`: what stands there and is not for this kind of command."""
    c = command_at(s, i)
    zeros = (
        np.int64(c.side)
        | np.int64(c.order_type)
        | np.int64(c.time_in_force)
        | np.int64(c.self_trade)
        | np.int64(flags)
        | np.int64(c.zero_1)
        | np.int64(c.zero_2)
        | np.int64(deadline_ms)
        | np.int64(c.zero_3)
        | c.zero_4
    )
    if rarely(zeros != 0 or c.by > _BY_CLIENT_ID):
        return False
    return c.client_id == 0 if c.by == _BY_ORDER_ID else c.order_id == 0


@inlined
def parties_code(s: State, i: Any) -> Any:
    """Whether account and market of a CANCEL, CANCEL_ALL or AMEND exist."""
    c = command_at(s, i)
    if rarely(c.account == 0 or c.account >= meta_of(s).accounts):
        return UNKNOWN_ACCOUNT
    if rarely(c.market != NO_MARKET and c.market >= meta_of(s).markets):
        return UNKNOWN_MARKET
    return OK


@inlined
def _market_of(s: State, slot: Any) -> Any:
    """The market in which the order rests or is pending."""
    return market_of_book(level_at(s, order_at(s, slot).level).book)


@inlined
def target_slot(s: State, i: Any) -> Any:
    """The account's order that the command names, resting or pending; 0: none such."""
    c = command_at(s, i)
    if rarely(c.by == _BY_CLIENT_ID):
        slot = slot_of_client(s, np.int64(c.account), np.int64(c.client_id))
    else:
        slot = np.int64(ahead_of(s, i).slot)
        if order_at(s, slot).order_id != c.order_id:
            slot = slot_of_order(s, c.order_id)
    if slot == 0 or order_at(s, slot).account != c.account:
        return np.int64(0)
    market = _market_of(s, slot)
    if c.market != NO_MARKET and c.market != market:
        return np.int64(0)
    return slot


@inlined
def _reject(s: State, i: Any, code: Any) -> None:
    c = command_at(s, i)
    emit_rejected(s, c.kind, c.account, c.order_id, code, 0)


@inlined
def _is_usual(s: State, i: Any) -> Any:
    """Whether a CANCEL names its order by id, and every field that it doesn't use is 0: they stand
    side by side and are looked at together."""
    c = command_at(s, i)
    choices = word_at(s, i, 0).value >> _CHOICES_SHIFT
    others = word_at(s, i, 5).value | word_at(s, i, 6).value | c.zero_4
    return choices | np.int64(c.zero_1) | c.price | c.quantity | others == 0


@inlined
def cancel(s: State, i: Any) -> None:
    """Carry out the CANCEL in record `i`."""
    c = command_at(s, i)
    code = parties_code(s, i)
    if rarely(not _is_usual(s, i)):
        if not target_form(s, i, c.flags, c.deadline_ms) or c.price | c.quantity != 0:
            code = MALFORMED
    slot = np.int64(0)
    if code == OK:
        slot = target_slot(s, i)
        if slot == 0:
            code = _UNKNOWN_ORDER
        elif market_at(s, _market_of(s, slot)).state == _CLOSED:
            code = _PAUSED
    if code != OK:
        _reject(s, i, code)
    elif is_pending(s, slot):
        cancel_pending(s, _CANCEL, slot)
    else:
        cancel_resting(s, _CANCEL, slot)


@called
def cancel_all(s: State, i: Any) -> None:
    """Begin the CANCEL_ALL in record `i` (PHASE_CANCEL_ALL)."""
    c = command_at(s, i)
    code = parties_code(s, i)
    rest = np.int64(c.by) | c.order_id | c.price | c.quantity | np.int64(c.client_id)
    unknown = np.int64(c.flags) & ~_EITHER if meta_of(s).rules > 1 else np.int64(c.flags)
    if not target_form(s, i, unknown, c.deadline_ms) or rest != 0:
        code = MALFORMED
    elif code == OK and c.market != NO_MARKET and market_at(s, c.market).state == _CLOSED:
        code = _PAUSED
    if code != OK:
        _reject(s, i, code)
        return
    meta = meta_of(s)
    taker = taker_of(s)
    meta.phase = PHASE_CANCEL_ALL
    meta.step = np.int64(account_at(s, c.account).orders_head)
    taker.account = c.account
    taker.market = c.market
    taker.fills = 0
    taker.tolerance = np.int64(c.flags) if c.flags != 0 else np.int64(_EITHER)


@called
def go_on_cancelling(s: State) -> Any:
    """Cancel the orders from `meta.step` on; False where a buffer is full in the middle."""
    meta = meta_of(s)
    taker = taker_of(s)
    while meta.step != 0:
        if not has_room(s):
            return False
        slot = meta.step
        meta.step = np.int64(link_at(s, slot).next)
        market = _market_of(s, slot)
        waits = is_pending(s, slot)
        wanted = taker.market == NO_MARKET or taker.market == market
        wanted = wanted and taker.tolerance & (_PENDING if waits else _RESTING) != 0
        if wanted and market_at(s, market).state != _CLOSED:
            if waits:
                cancel_pending(s, _CANCEL_ALL, slot)
            else:
                cancel_resting(s, _CANCEL_ALL, slot)
            taker.fills = taker.fills + 1
    if not has_room(s):
        return False
    answer_done(s, _CANCEL_ALL, taker.account, taker.market, taker.fills)
    meta.phase = PHASE_NONE
    return True
