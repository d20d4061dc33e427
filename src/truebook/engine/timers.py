"""Timers: unless one is set anew before it runs out, all orders of its account are cancelled.

Promise: the next timer to run out is known at any moment; setting, moving or stopping one costs a
few steps whatever their number; each entry begins with what has run out by its time.

How it works: a binary heap of the timers that are on, the earliest at its top, equal times in order
of account and timer; beside it, for each timer, its place in the heap.
"""

from typing import Any

import numpy as np

from truebook.engine.answer import answer_done
from truebook.engine.book import market_of_book
from truebook.engine.closing import close_resting
from truebook.engine.compiled import called, inlined
from truebook.engine.emit import emit_rejected, head, row
from truebook.engine.hashing_seldom import put_timer, take_timer
from truebook.engine.layout import NEVER_MS, PHASE_NONE, PHASE_TIMERS
from truebook.engine.matching import has_room
from truebook.engine.orderchecks import MALFORMED, OK, UNKNOWN_ACCOUNT
from truebook.engine.pending import close_pending, is_pending
from truebook.engine.reserved import CANCEL_AFTER_MASKS, reserved_is_zero
from truebook.engine.state import (
    State,
    account_at,
    level_at,
    link_at,
    market_at,
    meta_of,
    order_at,
    timer_at,
    timer_place_at,
)
from truebook.limits import TIMER_MS_MAX
from truebook.messages import (
    NO_COMMAND,
    CloseReason,
    CommandKind,
    EventKind,
    MarketState,
    Timer,
)

_CANCEL_AFTER = int(CommandKind.CANCEL_AFTER)
_TIMER_SET = int(EventKind.TIMER_SET)
_CANCELLED = int(CloseReason.CANCELLED)
_CLOSED = int(MarketState.CLOSED)
_TIMER_MAX = int(max(Timer))

# --- the heap: places are counted from 1, so that those below place p are 2p and 2p + 1 -----------


@inlined
def _is_before(s: State, expires_ms: Any, number: Any, place: Any) -> Any:
    """Whether a timer runs out before the one in that place."""
    there = timer_at(s, place - 1)
    if expires_ms != there.expires_ms:
        return expires_ms < there.expires_ms
    return number < there.number


@inlined
def _put(s: State, place: Any, expires_ms: Any, number: Any) -> None:
    here = timer_at(s, place - 1)
    here.expires_ms = expires_ms
    here.number = number
    timer_place_at(s, number).value = place


@inlined
def _move(s: State, source: Any, place: Any) -> None:
    there = timer_at(s, source - 1)
    _put(s, place, there.expires_ms, there.number)


@inlined
def _settle(s: State, place: Any, expires_ms: Any, number: Any) -> None:
    """Put a timer into the free place, or where it belongs above or below it."""
    count = meta_of(s).timers
    while place > 1 and _is_before(s, expires_ms, number, place >> 1):
        _move(s, place >> 1, place)
        place >>= 1
    while 2 * place <= count:
        below = 2 * place
        if below < count:
            other = timer_at(s, below)
            if _is_before(s, other.expires_ms, other.number, below):
                below += 1
        if _is_before(s, expires_ms, number, below):
            break
        _move(s, below, place)
        place = below
    _put(s, place, expires_ms, number)


@inlined
def _stop(s: State, number: Any) -> None:
    """Switch a timer off, if it is on."""
    place = np.int64(timer_place_at(s, number).value)
    if place == 0:
        return
    meta = meta_of(s)
    take_timer(s, number, timer_at(s, place - 1).expires_ms)
    timer_place_at(s, number).value = 0
    last = timer_at(s, meta.timers - 1)
    expires_ms, moved = last.expires_ms, last.number
    meta.timers -= 1
    if place <= meta.timers:
        _settle(s, place, expires_ms, moved)


@inlined
def start_timer(s: State, number: Any, expires_ms: Any) -> None:
    """Switch a timer on that is off."""
    meta = meta_of(s)
    meta.timers += 1
    _settle(s, meta.timers, expires_ms, number)
    put_timer(s, number, expires_ms)


@inlined
def look_at_next_timer(s: State) -> None:
    """Which one is next may have changed."""
    meta = meta_of(s)
    meta.next_timer_ms = timer_at(s, 0).expires_ms if meta.timers != 0 else np.int64(NEVER_MS)


# --- CANCEL_AFTER -----------------------------------------------------------------------------


@inlined
def _code(s: State, i: Any, c: Any) -> Any:
    if not reserved_is_zero(s, i, 1, CANCEL_AFTER_MASKS) or c.timer > _TIMER_MAX:
        return MALFORMED
    if c.timeout_ms < 0 or c.timeout_ms > TIMER_MS_MAX:
        return MALFORMED
    return UNKNOWN_ACCOUNT if c.account == 0 or c.account >= meta_of(s).accounts else OK


@inlined
def _emit(s: State, number: Any, expires_ms: Any) -> None:
    """TIMER_SET."""
    row(s, head(_TIMER_SET, number & 1, meta_of(s).command, number >> 1), expires_ms, 0, 0)


@inlined
def cancel_after(s: State, i: Any, c: Any) -> None:
    """Carry out the CANCEL_AFTER `c` in record `i`."""
    code = _code(s, i, c)
    if code != OK:
        emit_rejected(s, _CANCEL_AFTER, c.account, 0, code, 0)
        return
    number = np.int64(c.account) * 2 + np.int64(c.timer)
    expires_ms = np.int64(0)
    _stop(s, number)
    if c.timeout_ms != 0:
        expires_ms = meta_of(s).time_ms + c.timeout_ms
        start_timer(s, number, expires_ms)
    look_at_next_timer(s)
    _emit(s, number, expires_ms)
    answer_done(s, _CANCEL_AFTER, c.account, 0, 0)


# --- running out ------------------------------------------------------------------------------


@called
def begin_timers(s: State) -> None:
    """An entry is applied at whose time a timer has run out (PHASE_TIMERS)."""
    meta = meta_of(s)
    meta.phase = PHASE_TIMERS
    meta.step = 0
    meta.command = NO_COMMAND


@inlined
def _close(s: State, slot: Any) -> None:
    """Cancel the order in that slot, unless its market is closed."""
    if market_at(s, market_of_book(level_at(s, order_at(s, slot).level).book)).state != _CLOSED:
        if is_pending(s, slot):
            close_pending(s, slot)
        else:
            close_resting(s, slot, _CANCELLED)


@called
def run_timers_out(s: State) -> Any:
    """Let every timer run out whose time has come: `meta.step` is the next order of the account
    whose timer did; False where a buffer is full in the middle."""
    meta = meta_of(s)
    while meta.step != 0 or meta.next_timer_ms <= meta.time_ms:
        if not has_room(s):
            return False
        if meta.step != 0:
            slot = meta.step
            meta.step = np.int64(link_at(s, slot).next)
            _close(s, slot)
        else:
            number = timer_at(s, 0).number
            _stop(s, number)
            look_at_next_timer(s)
            _emit(s, number, 0)
            meta.step = np.int64(account_at(s, number >> 1).orders_head)
    meta.phase = PHASE_NONE
    meta.command = 0
    return True
