"""CANCEL and CANCEL_ALL: orders leave the book, and their holds come back; pending ones just go."""

from truebook.engine.naive.book import Order
from truebook.engine.naive.checks import NONE, account_fault
from truebook.engine.naive.journal import WAS_PENDING, WAS_RESTING, Journal
from truebook.engine.naive.outcome import answer_order
from truebook.engine.naive.records import OrderCommand, order_command
from truebook.engine.naive.state import State
from truebook.messages import (
    NO_MARKET,
    CancelFlag,
    CloseReason,
    CommandKind,
    MarketState,
    RejectCode,
    TargetBy,
)

PENDING, BOTH = int(CancelFlag.PENDING), int(CancelFlag.RESTING | CancelFlag.PENDING)


def cancel(state: State, journal: Journal, record: bytes) -> RejectCode:
    """Carry out a CANCEL, or return why not."""
    command = order_command(record)
    if command.price or command.quantity or command.deadline_ms:
        return RejectCode.MALFORMED
    fault = target_form_fault(state, command) or account_fault(state, command.account)
    fault = fault or named_market_fault(state, command.market)
    if fault:
        return fault
    order = target(state, command)
    if order is None:
        return RejectCode.UNKNOWN_ORDER
    if is_closed(state, order.market):
        return RejectCode.MARKET_PAUSED
    close(state, journal, order)
    return NONE


def cancel_all(state: State, journal: Journal, record: bytes) -> RejectCode:
    """Carry out a CANCEL_ALL, or return why not."""
    command = order_command(record)
    unused = (command.by, command.order_id, command.price, command.quantity, command.deadline_ms)
    if any(unused):
        return RejectCode.MALFORMED
    fault = target_form_fault(state, command) or account_fault(state, command.account)
    fault = fault or named_market_fault(state, command.market)
    if fault:
        return fault
    if command.market != NO_MARKET and is_closed(state, command.market):
        return RejectCode.MARKET_PAUSED
    both = command.flags in (0, BOTH)
    orders = [
        order
        for order in state.accounts[command.account].orders.values()
        if command.market in (NO_MARKET, order.market)
        and (both or (command.flags == PENDING) == order.is_pending)
        and not is_closed(state, order.market)
    ]
    for order in orders:
        close(state, journal, order)
    journal.done(command.account, command.market, len(orders))
    return NONE


def close(state: State, journal: Journal, order: Order) -> None:
    """Take a resting or pending order out as cancelled, and say so."""
    if order.is_pending:
        state.resume(order)
        journal.closed(order, CloseReason.CANCELLED, WAS_PENDING)
    else:
        state.unrest(order)
        journal.closed(order, CloseReason.CANCELLED, WAS_RESTING)
    answer_order(journal, order, CloseReason.CANCELLED)


def target_form_fault(state: State, command: OrderCommand) -> RejectCode:
    """MALFORMED: a field that no command with a target uses, or the id that `by` doesn't name.

    From version 2 of the rules on CANCEL_ALL has flags and AMEND a deadline.
    """
    known_flags = BOTH if command.kind == CommandKind.CANCEL_ALL and state.version >= 2 else 0
    unused = (
        *(command.side, command.order_type, command.time_in_force, command.self_trade),
        *(command.flags & ~known_flags, command.zero_1, command.zero_2),
        *(command.deadline_ms if state.version == 1 else 0, any(command.zero_3)),
        command.order_id if command.by == TargetBy.CLIENT_ID else command.client_id,
    )
    return RejectCode.MALFORMED if command.by > TargetBy.CLIENT_ID or any(unused) else NONE


def named_market_fault(state: State, market: int) -> RejectCode:
    """UNKNOWN_MARKET if a market is named that doesn't exist."""
    if market != NO_MARKET and market >= len(state.markets):
        return RejectCode.UNKNOWN_MARKET
    return NONE


def target(state: State, command: OrderCommand) -> Order | None:
    """Return the account's order, resting or pending, that CANCEL or AMEND means."""
    if command.by == TargetBy.CLIENT_ID:
        order = state.client_ids.get((command.account, command.client_id))
    else:
        order = state.orders.get(command.order_id) or state.pending.get(command.order_id)
    if order is None or order.user_id != command.account:
        return None
    return order if command.market in (NO_MARKET, order.market) else None


def is_closed(state: State, market: int) -> bool:
    """Tell whether nothing at all may happen in the market."""
    return state.markets[market].settings.state == MarketState.CLOSED
