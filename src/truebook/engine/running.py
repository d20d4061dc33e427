"""The engine's main loop: entries, commands, and how a full buffer interrupts it.

Promise: `run` carries out as many records as there is room to tell about; called again, it goes on
exactly there. What it has done never depends on the size of the
buffers. The common commands are compiled into the loop; all others are called, so that they don't
weigh on it.
"""

from typing import Any

import numpy as np

from truebook.engine.amending import amend
from truebook.engine.cancelling import cancel, cancel_all, go_on_cancelling
from truebook.engine.compiled import afresh, called, entry, inlined, rarely, signed
from truebook.engine.emit import emit_entry, emit_rejected, write_balance
from truebook.engine.firing import fire, reach
from truebook.engine.growingmap import MAP_BITS_START, NOTHING_TO_MOVE
from truebook.engine.hashing import (
    clock_hash,
    put_gateway,
    settle_balance,
    take_gateway,
    touch_account,
)
from truebook.engine.layout import (
    NEVER_MS,
    NO_LEVEL_KEY,
    PHASE_BALANCES,
    PHASE_CANCEL_ALL,
    PHASE_FINISH,
    PHASE_FIRE,
    PHASE_MATCH,
    PHASE_NONE,
    PHASE_TICK,
    PHASE_TIMERS,
    STATUS_DONE,
    STATUS_FULL,
)
from truebook.engine.ledger import account_of, asset_of
from truebook.engine.lookahead import begin_looking, look_ahead
from truebook.engine.maps import add_name
from truebook.engine.matching import ROWS_OF_A_STEP, finish, has_room, match
from truebook.engine.orderchecks import MALFORMED
from truebook.engine.placing import place
from truebook.engine.pools import POOLS
from truebook.engine.seldom import begin_seldom
from truebook.engine.state import (
    State,
    account_at,
    book_at,
    command_at,
    entry_at,
    fetch_balance,
    gateway_at,
    level_at,
    map_at,
    meta_of,
    node_at,
    touched_balance_at,
)
from truebook.engine.timers import begin_timers, run_timers_out
from truebook.engine.transfers import go_on_ticking
from truebook.limits import GATEWAYS_MAX, TIERS_MAX
from truebook.messages import (
    COMMAND_BYTES,
    EVENT_ROW_BYTES,
    FORMAT_VERSION,
    REPLY_BYTES,
    CommandKind,
    EntryStatus,
)

_ENTRY = int(CommandKind.ENTRY)
_PLACE = int(CommandKind.PLACE)
_CANCEL = int(CommandKind.CANCEL)
_CANCEL_ALL = int(CommandKind.CANCEL_ALL)
_ONE_PLACE, _ONE_CANCEL = _PLACE | 1 << 8, _CANCEL | 1 << 8
_AMEND = int(CommandKind.AMEND)
_APPLIED = int(EntryStatus.APPLIED)
_REPEATED = int(EntryStatus.REPEATED)
_GAP = int(EntryStatus.GAP)
_MALFORMED_ENTRY = int(EntryStatus.MALFORMED)
_BOOKS = POOLS["books"][1]
_ROW_BITS, _REPLY_BITS = EVENT_ROW_BYTES.bit_length() - 1, REPLY_BYTES.bit_length() - 1
_SOON = 12
"""So many balances before its turn one is brought near."""
_EVERY_CHILD = np.uint64((1 << 64) - 1)
"""Where none is missing, lookahead.py looks no further."""
_EVERY_TIER = np.uint64((1 << TIERS_MAX) - 1)
_TIME_LIMIT_MS = 1 << 47
"""A time must fit above the sixteen order flags."""


@inlined
def _entry_status(s: State, i: Any, end: Any) -> Any:
    e = entry_at(s, i)
    zeros = e.zero_1[0] | e.zero_1[1] | e.zero_1[2]
    if e.kind != _ENTRY or e.version != FORMAT_VERSION or zeros != 0:
        return _MALFORMED_ENTRY
    if e.time_ms < 0 or e.time_ms >= _TIME_LIMIT_MS or e.gateway >= GATEWAYS_MAX:
        return _MALFORMED_ENTRY
    if e.sequence < 1 or i + COMMAND_BYTES * (1 + np.int64(e.count)) > end:
        return _MALFORMED_ENTRY
    last = gateway_at(s, e.gateway).sequence
    if e.sequence <= last:
        return _REPEATED
    return _APPLIED if e.sequence == last + 1 else _GAP


@inlined
def _begin_entry(s: State, end: Any) -> None:
    """The header at the cursor: apply the entry's commands, or pass it over; the input ends at
    `end`."""
    meta = meta_of(s)
    e = entry_at(s, meta.cursor)
    status = _entry_status(s, meta.cursor, end)
    if 0 <= e.time_ms < _TIME_LIMIT_MS:
        meta.time_ms = max(meta.time_ms, e.time_ms)
    emit_entry(s, status, e.count, e.gateway, e.sequence)
    entry_end = min(meta.cursor + COMMAND_BYTES * (1 + np.int64(e.count)), end)
    meta.entry_end = entry_end
    meta.command = 0
    if status == _APPLIED:
        take_gateway(s, e.gateway, gateway_at(s, e.gateway).sequence)
        gateway_at(s, e.gateway).sequence = e.sequence
        put_gateway(s, e.gateway, e.sequence)
        meta.cursor += COMMAND_BYTES
        meta.lateness_ms = e.reached_ms - e.time_ms if e.reached_ms > e.time_ms else np.int64(0)
        begin_looking(s, meta.cursor)
        if meta.next_timer_ms <= meta.time_ms:
            begin_timers(s)
    else:
        meta.cursor = entry_end


@called
def _begin_other(s: State, i: Any) -> Any:
    """The command in record `i`, which is neither PLACE nor CANCEL; how many records it has."""
    c = command_at(s, i)
    kind = np.int64(c.kind)
    size = np.int64(1)
    if c.records == 1 and kind == _AMEND:
        amend(s, i)
    elif c.records == 1 and kind == _CANCEL_ALL:
        cancel_all(s, i)
    else:
        size = begin_seldom(s, i)
        if size == 0:
            emit_rejected(s, kind, 0, 0, MALFORMED, 0)
            size = np.int64(1)
    return size


@inlined
def _begin_command(s: State) -> None:
    """The command at the cursor. (Two kinds only: of more the compiler makes a table of places to
    jump to, and a wrong guess is found out later.)"""
    meta = meta_of(s)
    i = meta.cursor
    kind_and_records = command_at(s, i).kind | np.int64(command_at(s, i).records) << 8
    size = np.int64(1)
    if kind_and_records == _ONE_PLACE:
        place(s, i)
    elif kind_and_records == _ONE_CANCEL:
        cancel(s, i)
    else:
        size = _begin_other(s, i)
    meta.cursor += size * COMMAND_BYTES
    if meta.phase == PHASE_NONE:
        meta.command += 1


@inlined
def _tell_balances(s: State) -> Any:
    """The entry's commands are carried out: BALANCE of all that they moved; False where a buffer is
    full in the middle."""
    meta = meta_of(s)
    step, touched, at = meta.step, meta.touched_balances, meta.next_row
    room = meta.rows_max - ((at - meta.events) >> _ROW_BITS)
    end = min(touched, step + room)
    while step < end:
        slot = touched_balance_at(s, step).value
        fetch_balance(s, touched_balance_at(s, step + _SOON).value)
        now_available, now_locked = settle_balance(s, slot)
        write_balance(at, account_of(slot), asset_of(slot), now_available, now_locked)
        at += EVENT_ROW_BYTES
        step += 1
    meta.next_row = at
    if step < touched:
        meta.step = step
        meta.phase = PHASE_BALANCES
        return False
    meta.touched_balances = 0
    meta.phase = PHASE_NONE
    return True


@inlined
def _go_on(s: State) -> Any:
    """Bring the unfinished command on, maybe not to its end; False where a buffer is full in the
    middle."""
    meta = meta_of(s)
    if meta.phase == PHASE_MATCH:
        if not match(s):
            return False
        meta.phase = PHASE_FINISH
    if meta.phase == PHASE_FINISH:
        if not has_room(s):
            return False
        finish(s)
        meta.phase = PHASE_NONE
        if reach(s):
            return True
    elif meta.phase == PHASE_FIRE:
        if not fire(s):
            return False
        if meta.phase == PHASE_MATCH:
            return True
    elif meta.phase == PHASE_TIMERS:
        return run_timers_out(s)
    elif meta.phase == PHASE_CANCEL_ALL:
        if not go_on_cancelling(s):
            return False
    elif meta.phase == PHASE_TICK:
        if not go_on_ticking(s, meta.cursor - COMMAND_BYTES):
            return False
    else:
        return _tell_balances(s)
    meta.command += 1
    return True


@entry("int64(int64, int64)")
def run(s: State, count: Any) -> Any:
    """Carry out `count` records for the state `s`. Where they begin, and where events and replies
    are to be written, stands in `META`: every number that Python passes costs time.

    Returns STATUS_… | event rows << 8 | replies << 36. After STATUS_FULL the caller takes the
    events and replies away and calls again with the same records.
    """
    meta = meta_of(s)
    meta.next_row = meta.events
    meta.rows_limit = meta.events + (meta.rows_max - ROWS_OF_A_STEP) * EVENT_ROW_BYTES
    meta.next_reply = meta.replies
    meta.replies_end = meta.replies + meta.replies_max * REPLY_BYTES
    if meta.cursor == 0:
        meta.cursor = meta.entry_end = meta.input
    end = meta.input + count * COMMAND_BYTES
    status = STATUS_FULL
    while True:
        # Nothing may be kept from one command to the next: a processor works out where a pool is
        # while it reaches for it, and has no registers to remember it in.
        s = afresh(s)
        meta = meta_of(s)
        if rarely(meta.phase != PHASE_NONE):
            if not _go_on(s):
                break
        elif rarely(meta.cursor == meta.entry_end):
            meta.step = 0
            if meta.touched_balances != 0 and not _tell_balances(s):
                break
            if meta.cursor == end:
                meta.cursor = 0
                status = STATUS_DONE
                break
            if not has_room(s):
                break
            _begin_entry(s, end)
        elif rarely(not has_room(s)):
            break
        else:
            look_ahead(s, meta.cursor)
            _begin_command(s)
    rows = (meta.next_row - meta.events) >> _ROW_BITS
    replies = (meta.next_reply - meta.replies) >> _REPLY_BITS
    return status | (rows << 8) | (replies << 36)


@entry("int64(int64, int64, int64, int64, int64, int64, int64)")
def start(s: State, rows_max: Any, replies_max: Any, look_from: Any, a: Any, b: Any, c: Any) -> Any:
    """Make the state of an exchange before its first entry: a clock and the venue's account, whose
    name is the three words."""
    meta = meta_of(s)
    meta.rows_max = rows_max
    meta.replies_max = replies_max
    meta.look_from = look_from
    for number in range(2):
        map_at(s, number).bits = MAP_BITS_START
        map_at(s, number).moved = NOTHING_TO_MOVE
    meta.accounts = 1
    name = account_at(s, 0).name
    name[0], name[1], name[2] = np.uint64(a), np.uint64(b), np.uint64(c)
    for book in range(_BOOKS):
        book_at(s, book).best_key = NO_LEVEL_KEY
    meta.next_timer_ms = NEVER_MS
    meta.rules = 1
    meta.tiers_set = _EVERY_TIER
    level_at(s, 0).key = NO_LEVEL_KEY
    node_at(s, 0).bits = _EVERY_CHILD
    add_name(s, name[0], name[1], name[2], 0)
    touch_account(s, 0)
    return 0


@entry("int64(int64, int64)")
def state_hash_lane(s: State, high: Any) -> Any:
    """One lane of the state hash, as it was folded last (folding.py)."""
    low_clock, high_clock = clock_hash(s)
    meta = meta_of(s)
    return signed(meta.hash_high + high_clock) if high else signed(meta.hash_low + low_clock)
