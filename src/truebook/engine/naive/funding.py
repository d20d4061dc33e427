"""Value enters and leaves the exchange: DEPOSIT, WITHDRAW, and withdrawals that somebody settles.

Promise: a deposit with a reference counts once, ever; what a requested withdrawal locks is gone
from the account's hands until it is settled, and leaves the exchange only when it is confirmed.
"""

from truebook.engine.naive import records
from truebook.engine.naive.checks import NONE, blocked_fault, trader_fault
from truebook.engine.naive.journal import Journal
from truebook.engine.naive.state import State, Withdrawal
from truebook.limits import AMOUNT_MAX, REFERENCES_MAX, WITHDRAWALS_PENDING_MAX
from truebook.messages import RejectCode, WithdrawalState

NO_REFERENCE = (0, 0)


def deposit(state: State, journal: Journal, record: bytes) -> RejectCode:
    """Carry out a DEPOSIT, or return why not."""
    account, asset, amount, reference, fault = _read(state, record)
    if reference != NO_REFERENCE and state.version == 1:
        return RejectCode.MALFORMED
    if not fault and reference in state.references:
        fault = RejectCode.DUPLICATE_REFERENCE
    if not fault and state.ledger.supply.get(asset, 0) + amount > AMOUNT_MAX:
        fault = RejectCode.SUPPLY_TOO_LARGE
    if not fault and reference != NO_REFERENCE and len(state.references) == REFERENCES_MAX:
        fault = RejectCode.SETTINGS_FULL
    if fault:
        return fault
    if reference != NO_REFERENCE:
        state.references.add(reference)
    state.ledger.deposit(account, asset, amount)
    _tell(journal, account, asset, amount)
    if reference != NO_REFERENCE:
        journal.reference_set(account, reference)
    return NONE


def withdraw(state: State, journal: Journal, record: bytes) -> RejectCode:
    """Carry out a WITHDRAW, or return why not."""
    account, asset, amount, reference, fault = _read(state, record)
    if reference != NO_REFERENCE:
        return RejectCode.MALFORMED
    if fault:
        return fault
    if amount > state.ledger.available(account, asset):
        return RejectCode.INSUFFICIENT_FUNDS
    state.ledger.withdraw(account, asset, amount)
    _tell(journal, account, asset, amount)
    return NONE


def request_withdrawal(state: State, journal: Journal, record: bytes) -> RejectCode:
    """Carry out a REQUEST_WITHDRAWAL, or return why not."""
    fields = records.REQUEST_WITHDRAWAL.unpack(record)
    _, _, zero_1, account, asset, zero_2, amount, withdrawal_id, zero_3 = fields
    if any(zero_1) or zero_2 or any(zero_3) or amount < 1 or withdrawal_id < 1:
        return RejectCode.MALFORMED
    fault = trader_fault(state, account)
    if fault:
        return fault
    if asset >= len(state.assets):
        return RejectCode.UNKNOWN_ASSET
    if withdrawal_id in state.withdrawals:
        return RejectCode.DUPLICATE_WITHDRAWAL
    if len(state.withdrawals) == WITHDRAWALS_PENDING_MAX:
        return RejectCode.WITHDRAWAL_LIMIT
    if amount > state.ledger.available(account, asset):
        return RejectCode.INSUFFICIENT_FUNDS
    withdrawal = Withdrawal(withdrawal_id, account, asset, amount)
    state.withdrawals[withdrawal_id] = withdrawal
    state.ledger.hold(account, asset, amount)
    journal.withdrawal_set(withdrawal, WithdrawalState.PENDING)
    return NONE


def settle_withdrawal(state: State, journal: Journal, record: bytes) -> RejectCode:
    """Carry out a SETTLE_WITHDRAWAL, or return why not."""
    _, _, outcome, zero_1, withdrawal_id, zero_2 = records.SETTLE_WITHDRAWAL.unpack(record)
    settled = (WithdrawalState.CONFIRMED, WithdrawalState.REFUSED)
    if any(zero_1) or any(zero_2) or outcome not in settled or withdrawal_id < 1:
        return RejectCode.MALFORMED
    withdrawal = state.withdrawals.pop(withdrawal_id, None)
    if withdrawal is None:
        return RejectCode.UNKNOWN_WITHDRAWAL
    confirmed = outcome == WithdrawalState.CONFIRMED
    move = state.ledger.withdraw_locked if confirmed else state.ledger.release
    move(withdrawal.account, withdrawal.asset, withdrawal.amount)
    journal.withdrawal_set(withdrawal, outcome)
    return NONE


def _read(state: State, record: bytes) -> tuple[int, int, int, tuple[int, int], RejectCode]:
    """Return account, asset, amount, reference, and why both commands would refuse them."""
    _, _, zero_1, account, asset, zero_2, amount, *digest, zero_3 = records.TRANSFER.unpack(record)
    if any(zero_1) or zero_2 or any(zero_3) or amount < 1:
        fault = RejectCode.MALFORMED
    elif account >= len(state.accounts):
        fault = RejectCode.UNKNOWN_ACCOUNT
    elif blocked_fault(state, account):
        fault = RejectCode.ACCOUNT_BLOCKED
    elif asset >= len(state.assets):
        fault = RejectCode.UNKNOWN_ASSET
    else:
        fault = NONE
    low, high = digest
    return account, asset, amount, (low, high), fault


def _tell(journal: Journal, account: int, asset: int, amount: int) -> None:
    journal.transferred(account, amount, asset)
    journal.done(account)
