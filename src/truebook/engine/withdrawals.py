"""REQUEST_WITHDRAWAL and SETTLE_WITHDRAWAL: value leaves the exchange in two steps.

Promise: what was requested is locked, so nothing else can spend it; it leaves the exchange only
when it is confirmed, and is available again when it is refused; each is settled once.
"""

from typing import Any

from truebook.engine.answer import answer_withdrawal
from truebook.engine.compiled import inlined
from truebook.engine.emit import emit_rejected, head, row
from truebook.engine.hashing import touch_balance
from truebook.engine.hashing_seldom import put_withdrawal, take_withdrawal
from truebook.engine.ledger import available, balance_slot, release, spend_locked
from truebook.engine.maps import add_withdrawal_id, remove_withdrawal_id, slot_of_withdrawal
from truebook.engine.orderchecks import ACCOUNT_BLOCKED, MALFORMED, OK, UNKNOWN_ACCOUNT
from truebook.engine.reserved import (
    REQUEST_WITHDRAWAL_MASKS,
    SETTLE_WITHDRAWAL_MASKS,
    reserved_is_zero,
)
from truebook.engine.state import State, account_at, asset_at, meta_of, withdrawal_at
from truebook.limits import WITHDRAWALS_PENDING_MAX
from truebook.messages import (
    AccountFlag,
    CommandKind,
    EventKind,
    RejectCode,
    WithdrawalState,
)

_REQUEST = int(CommandKind.REQUEST_WITHDRAWAL)
_SETTLE = int(CommandKind.SETTLE_WITHDRAWAL)
_WITHDRAWAL_SET = int(EventKind.WITHDRAWAL_SET)
_PENDING = int(WithdrawalState.PENDING)
_CONFIRMED = int(WithdrawalState.CONFIRMED)
_REFUSED = int(WithdrawalState.REFUSED)
_BLOCKED = int(AccountFlag.BLOCKED)
_UNKNOWN_ASSET = int(RejectCode.UNKNOWN_ASSET)
_DUPLICATE = int(RejectCode.DUPLICATE_WITHDRAWAL)
_UNKNOWN = int(RejectCode.UNKNOWN_WITHDRAWAL)
_LIMIT = int(RejectCode.WITHDRAWAL_LIMIT)
_NO_FUNDS = int(RejectCode.INSUFFICIENT_FUNDS)


@inlined
def _tell(s: State, kind: Any, slot: Any, state: Any) -> None:
    """WITHDRAWAL_SET, and the reply."""
    w = withdrawal_at(s, slot)
    first = head(_WITHDRAWAL_SET, state, meta_of(s).command, w.account)
    row(s, first, w.withdrawal_id, w.amount, w.asset)
    answer_withdrawal(s, kind, w.account, w.withdrawal_id, w.amount)


@inlined
def _request_code(s: State, i: Any, c: Any) -> Any:
    meta = meta_of(s)
    if not reserved_is_zero(s, i, 1, REQUEST_WITHDRAWAL_MASKS):
        return MALFORMED
    if c.amount < 1 or c.withdrawal_id < 1:
        return MALFORMED
    if c.account == 0 or c.account >= meta.accounts:
        return UNKNOWN_ACCOUNT
    if account_at(s, c.account).flags & _BLOCKED:
        return ACCOUNT_BLOCKED
    if c.asset >= meta.assets:
        return _UNKNOWN_ASSET
    if slot_of_withdrawal(s, c.withdrawal_id) != 0:
        return _DUPLICATE
    if meta.withdrawals >= WITHDRAWALS_PENDING_MAX:
        return _LIMIT
    return _NO_FUNDS if c.amount > available(s, c.account, c.asset) else OK


@inlined
def _new_slot(s: State) -> Any:
    meta = meta_of(s)
    slot = meta.withdrawals_free
    if slot != 0:
        meta.withdrawals_free = withdrawal_at(s, slot).account
    else:
        slot = meta.withdrawals_top + 1
        meta.withdrawals_top = slot
    meta.withdrawals += 1
    return slot


@inlined
def request_withdrawal(s: State, i: Any, c: Any) -> None:
    """Carry out the REQUEST_WITHDRAWAL `c` in record `i`."""
    code = _request_code(s, i, c)
    if code != OK:
        emit_rejected(s, _REQUEST, c.account, c.withdrawal_id, code, 0)
        return
    slot = _new_slot(s)
    w = withdrawal_at(s, slot)
    w.withdrawal_id = c.withdrawal_id
    w.account = c.account
    w.asset = c.asset
    w.amount = c.amount
    add_withdrawal_id(s, c.withdrawal_id, slot)
    put_withdrawal(s, slot)
    release(s, balance_slot(c.account, c.asset), -c.amount)
    _tell(s, _REQUEST, slot, _PENDING)


@inlined
def _settle_code(s: State, i: Any, c: Any) -> Any:
    if not reserved_is_zero(s, i, 1, SETTLE_WITHDRAWAL_MASKS) or c.withdrawal_id < 1:
        return MALFORMED
    if c.state != _CONFIRMED and c.state != _REFUSED:
        return MALFORMED
    return _UNKNOWN if slot_of_withdrawal(s, c.withdrawal_id) == 0 else OK


@inlined
def settle_withdrawal(s: State, i: Any, c: Any) -> None:
    """Carry out the SETTLE_WITHDRAWAL `c` in record `i`."""
    code = _settle_code(s, i, c)
    if code != OK:
        emit_rejected(s, _SETTLE, 0, c.withdrawal_id, code, 0)
        return
    slot = slot_of_withdrawal(s, c.withdrawal_id)
    w = withdrawal_at(s, slot)
    held = balance_slot(w.account, w.asset)
    if c.state == _CONFIRMED:
        touch_balance(s, held)
        spend_locked(s, held, w.amount)
        asset_at(s, w.asset).supply -= w.amount
    else:
        release(s, held, w.amount)
    _tell(s, _SETTLE, slot, c.state)
    take_withdrawal(s, slot)
    remove_withdrawal_id(s, c.withdrawal_id, slot)
    w.withdrawal_id = 0
    w.account = meta_of(s).withdrawals_free
    meta_of(s).withdrawals_free = slot
    meta_of(s).withdrawals -= 1
