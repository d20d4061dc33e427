"""DEPOSIT, WITHDRAW and TICK: value crosses the door, time passes.

Promise: an asset's supply is what was deposited less what was withdrawn, at most 2^62 atoms. A
deposit that carries a reference is carried out once.
"""

from typing import Any

import numpy as np

from truebook.engine.answer import answer_done
from truebook.engine.compiled import called, inlined
from truebook.engine.emit import emit_rejected, emit_ticked, emit_transferred, head, row
from truebook.engine.hashing import touch_balance
from truebook.engine.hashing_seldom import put_reference
from truebook.engine.layout import PHASE_NONE, PHASE_TICK
from truebook.engine.ledger import balance_slot, credit
from truebook.engine.maps import add_reference, is_known_reference
from truebook.engine.matching import has_room
from truebook.engine.orderchecks import (
    ACCOUNT_BLOCKED,
    MALFORMED,
    OK,
    UNKNOWN_ACCOUNT,
    UNKNOWN_MARKET,
)
from truebook.engine.reserved import TICK_MASKS, TRANSFER_MASKS, reserved_is_zero
from truebook.engine.state import (
    State,
    account_at,
    asset_at,
    balance_at,
    meta_of,
    reference_at,
    tick_at,
    transfer_at,
)
from truebook.limits import AMOUNT_MAX, REFERENCES_MAX
from truebook.messages import TICK_MARKETS_MAX, AccountFlag, CommandKind, EventKind, RejectCode

_DEPOSIT = int(CommandKind.DEPOSIT)
_REFERENCE_SET = int(EventKind.REFERENCE_SET)
_TICK = int(CommandKind.TICK)
_BLOCKED = int(AccountFlag.BLOCKED)
_UNKNOWN_ASSET = int(RejectCode.UNKNOWN_ASSET)
_SUPPLY = int(RejectCode.SUPPLY_TOO_LARGE)
_DUPLICATE_REFERENCE = int(RejectCode.DUPLICATE_REFERENCE)
_FULL = int(RejectCode.SETTINGS_FULL)
_NO_FUNDS = int(RejectCode.INSUFFICIENT_FUNDS)


@inlined
def _transfer_code(s: State, i: Any) -> Any:
    c = transfer_at(s, i)
    has_reference = c.reference[0] | c.reference[1] != 0
    if not reserved_is_zero(s, i, 1, TRANSFER_MASKS) or c.amount < 1:
        return MALFORMED
    if has_reference and (meta_of(s).rules < 2 or c.kind != _DEPOSIT):
        return MALFORMED
    if c.account >= meta_of(s).accounts:
        return UNKNOWN_ACCOUNT
    if account_at(s, c.account).flags & _BLOCKED:
        return ACCOUNT_BLOCKED
    if c.asset >= meta_of(s).assets:
        return _UNKNOWN_ASSET
    if c.kind == _DEPOSIT:
        if has_reference and is_known_reference(s, c.reference[0], c.reference[1]):
            return _DUPLICATE_REFERENCE
        if c.amount > AMOUNT_MAX - asset_at(s, c.asset).supply:
            return _SUPPLY
        return _FULL if has_reference and meta_of(s).references >= REFERENCES_MAX else OK
    have = balance_at(s, balance_slot(c.account, c.asset)).available
    return _NO_FUNDS if c.amount > have else OK


@inlined
def _remember_reference(s: State, account: Any, a: Any, b: Any) -> None:
    """No other deposit with the reference of these two words will be carried out."""
    meta = meta_of(s)
    slot = meta.references + 1
    meta.references = slot
    digest = reference_at(s, slot).digest
    digest[0] = a
    digest[1] = b
    add_reference(s, a, b, slot)
    put_reference(s, slot)
    row(s, head(_REFERENCE_SET, 0, meta_of(s).command, account), np.int64(a), np.int64(b), 0)


@inlined
def transfer(s: State, i: Any) -> None:
    """Carry out the DEPOSIT or WITHDRAW in record `i`."""
    c = transfer_at(s, i)
    account = np.int64(c.account)
    asset = np.int64(c.asset)
    code = _transfer_code(s, i)
    if code != OK:
        emit_rejected(s, c.kind, account, 0, code, 0)
        return
    amount = c.amount if c.kind == _DEPOSIT else -c.amount
    slot = balance_slot(account, asset)
    touch_balance(s, slot)
    credit(s, slot, amount)
    asset_at(s, asset).supply += amount
    emit_transferred(s, c.kind, account, asset, c.amount)
    if c.reference[0] | c.reference[1] != 0:
        _remember_reference(s, account, c.reference[0], c.reference[1])
    answer_done(s, c.kind, account, 0, 0)


@inlined
def _tick_code(s: State, i: Any) -> Any:
    c = tick_at(s, i)
    count = np.int64(c.count)
    if not reserved_is_zero(s, i, 1, TICK_MASKS) or count > TICK_MARKETS_MAX:
        return MALFORMED
    for k in range(count, TICK_MARKETS_MAX):
        if c.markets[k] != 0:
            return MALFORMED
    for k in range(count):
        if c.markets[k] >= meta_of(s).markets:
            return UNKNOWN_MARKET
    return OK


@inlined
def tick(s: State, i: Any) -> None:
    """Begin the TICK in record `i` (PHASE_TICK)."""
    code = _tick_code(s, i)
    if code != OK:
        emit_rejected(s, _TICK, 0, 0, code, 0)
        return
    meta_of(s).phase = PHASE_TICK
    meta_of(s).step = 0


@called
def go_on_ticking(s: State, i: Any) -> Any:
    """Number the markets of the TICK in record `i`; False where a buffer is full in the middle."""
    meta = meta_of(s)
    c = tick_at(s, i)
    while meta.step < c.count:
        if not has_room(s):
            return False
        emit_ticked(s, np.int64(c.markets[meta.step]))
        meta.step += 1
    if not has_room(s):
        return False
    answer_done(s, _TICK, 0, 0, 0)
    meta.phase = PHASE_NONE
    return True
