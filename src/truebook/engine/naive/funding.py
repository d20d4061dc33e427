"""DEPOSIT and WITHDRAW: value enters or leaves the exchange."""

from truebook.engine.naive import records
from truebook.engine.naive.checks import NONE, blocked_fault
from truebook.engine.naive.journal import Journal
from truebook.engine.naive.state import State
from truebook.limits import AMOUNT_MAX
from truebook.messages import RejectCode


def deposit(state: State, journal: Journal, record: bytes) -> RejectCode:
    """Carry out a DEPOSIT, or return why not."""
    account, asset, amount, fault = _read(state, record)
    if fault:
        return fault
    if state.ledger.supply.get(asset, 0) + amount > AMOUNT_MAX:
        return RejectCode.SUPPLY_TOO_LARGE
    state.ledger.deposit(account, asset, amount)
    _tell(journal, account, asset, amount)
    return NONE


def withdraw(state: State, journal: Journal, record: bytes) -> RejectCode:
    """Carry out a WITHDRAW, or return why not."""
    account, asset, amount, fault = _read(state, record)
    if fault:
        return fault
    if amount > state.ledger.available(account, asset):
        return RejectCode.INSUFFICIENT_FUNDS
    state.ledger.withdraw(account, asset, amount)
    _tell(journal, account, asset, amount)
    return NONE


def _read(state: State, record: bytes) -> tuple[int, int, int, RejectCode]:
    """Return account, asset, amount, and why both commands would refuse them."""
    _, _, zero_1, account, asset, zero_2, amount, zero_3 = records.TRANSFER.unpack(record)
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
    return account, asset, amount, fault


def _tell(journal: Journal, account: int, asset: int, amount: int) -> None:
    journal.transferred(account, amount, asset)
    journal.done(account)
