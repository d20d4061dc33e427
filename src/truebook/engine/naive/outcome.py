"""The end of an order's command: it rests, is closed, or is filled, and the gateway is told."""

from truebook.engine.naive.book import Order
from truebook.engine.naive.journal import WAS_TAKING, Journal
from truebook.engine.naive.matching import Matched, rests_if_unfilled
from truebook.engine.naive.settings import Market
from truebook.engine.naive.state import State
from truebook.messages import CloseReason, OrderStatus


def conclude(
    state: State, journal: Journal, market: Market, order: Order, matched: Matched
) -> None:
    """After matching: rest what is left, or close it; then answer."""
    reason = matched.reason
    if reason is not None:
        journal.closed(order, reason, WAS_TAKING)
    elif order.remaining_qty > 0:
        if not rests_if_unfilled(order):
            raise AssertionError("an order that can't rest was left without an outcome")
        state.rest(order)
        journal.rested(order)
    answer_order(journal, order, reason)


def answer_order(journal: Journal, order: Order, reason: CloseReason | None) -> None:
    """Reply with the order; `reason` says why it was closed, None that it was not."""
    journal.answer(order, status_of(order, reason), reason or 0)


def status_of(order: Order, reason: CloseReason | None) -> OrderStatus:
    """Return where the order stands."""
    if reason == CloseReason.CANCELLED:
        return OrderStatus.CANCELLED
    if reason == CloseReason.FILLED or order.remaining_qty == 0:
        return OrderStatus.FILLED
    if reason is not None:
        return OrderStatus.EXPIRED
    if order.is_pending:
        return OrderStatus.TRIGGER_PENDING
    return OrderStatus.PARTIALLY_FILLED if order.executed_qty else OrderStatus.NEW
