"""CANCEL_AFTER: dead man's switches, and what happens when one runs out.

Promise: a timer runs out at the beginning of the first entry whose time is at or after it, before
that entry's commands; then all orders of its account are cancelled, as by CANCEL_ALL.
"""

from truebook.engine.naive import records
from truebook.engine.naive.cancelling import close, is_closed
from truebook.engine.naive.checks import NONE, account_fault
from truebook.engine.naive.journal import Journal
from truebook.engine.naive.state import State
from truebook.limits import TIMER_MS_MAX
from truebook.messages import NO_COMMAND, RejectCode, Timer


def cancel_after(state: State, journal: Journal, record: bytes) -> RejectCode:
    """Carry out a CANCEL_AFTER, or return why not."""
    fields = records.CANCEL_AFTER.unpack(record)
    _, _, timer, zero_1, account, zero_2, timeout_ms, zero_3 = fields
    if any(zero_1) or zero_2 or any(zero_3) or timer > Timer.CONNECTION:
        return RejectCode.MALFORMED
    if not 0 <= timeout_ms <= TIMER_MS_MAX:
        return RejectCode.MALFORMED
    fault = account_fault(state, account)
    if fault:
        return fault
    expires_ms = state.time_ms + timeout_ms if timeout_ms else 0
    state.timers.pop((account, timer), None)
    if expires_ms:
        state.timers[account, timer] = expires_ms
    journal.timer_set(account, timer, expires_ms)
    journal.done(account)
    return NONE


def run_out(state: State, journal: Journal) -> None:
    """Let every timer whose time has come run out, the earliest first."""
    journal.command, journal.is_silent = NO_COMMAND, True
    for expires_ms, account, timer in in_order(state):
        if expires_ms > state.time_ms:
            break
        del state.timers[account, timer]
        journal.timer_set(account, timer, 0)
        for order in list(state.accounts[account].orders.values()):
            if not is_closed(state, order.market):
                close(state, journal, order)
    journal.is_silent = False


def in_order(state: State) -> list[tuple[int, int, int]]:
    """Return (expires_ms, account, timer) of those that are on, as they will run out."""
    return sorted((expires_ms, *whose) for whose, expires_ms in state.timers.items())
