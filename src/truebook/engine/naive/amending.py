"""AMEND: a resting order gets a new price or quantity, at once and wholly or not at all.

Promise: less quantity at the same price keeps the order's place in the queue; anything else leaves
the book and comes in again like a new order, with funds checked for the whole of it.
"""

from truebook.engine.naive.book import Order
from truebook.engine.naive.cancelling import named_market_fault, target, target_form_fault
from truebook.engine.naive.checks import (
    NONE,
    limit_quantity_fault,
    price_fault,
    trader_fault,
)
from truebook.engine.naive.deadlines import is_late
from truebook.engine.naive.journal import Journal
from truebook.engine.naive.matching import match
from truebook.engine.naive.outcome import answer_order, conclude
from truebook.engine.naive.records import order_command
from truebook.engine.naive.settings import Market
from truebook.engine.naive.state import State
from truebook.engine.naive.triggers import fire
from truebook.limits import NOTIONAL_MAX
from truebook.messages import MarketState, RejectCode, Side


def amend(state: State, journal: Journal, record: bytes) -> RejectCode:
    """Carry out an AMEND, or return why not."""
    command = order_command(record)
    fault = target_form_fault(state, command) or trader_fault(state, command.account)
    fault = fault or named_market_fault(state, command.market)
    if fault:
        return fault
    order = target(state, command)
    if order is None or order.is_pending:
        return RejectCode.UNKNOWN_ORDER
    market = state.markets[order.market]
    if market.settings.state in (MarketState.CANCEL_ONLY, MarketState.CLOSED):
        return RejectCode.MARKET_PAUSED
    price, quantity = command.price, command.quantity
    fault = new_numbers_fault(market, order, price, quantity)
    if fault:
        return fault
    keeps_its_place = price == order.price and quantity <= order.original_qty
    if not keeps_its_place:
        fault = reentry_fault(state, market, order, price, quantity)
    if not fault and is_late(state, journal, command):
        fault = RejectCode.DEADLINE_PASSED
    if fault:
        return fault
    if keeps_its_place:
        reduce(state, journal, market, order, quantity)
    else:
        reenter(state, journal, market, order, price, quantity)
    return NONE


def new_numbers_fault(market: Market, order: Order, price: int, quantity: int) -> RejectCode:
    """Refuse a price or quantity outside the filters, or at or below what was executed."""
    fault = NONE if price == order.price else price_fault(market, price)
    fault = fault or limit_quantity_fault(market, price, quantity)
    if fault:
        return fault
    if quantity <= order.executed_qty:
        return RejectCode.QUANTITY_TOO_SMALL
    if order.executed_quote > NOTIONAL_MAX:
        return RejectCode.NOTIONAL_TOO_LARGE
    return NONE


def reentry_fault(
    state: State, market: Market, order: Order, price: int, quantity: int
) -> RejectCode:
    """Refuse a re-entry that may not take, or that the account can't pay."""
    best = market.book.opposite(order.side).best_price()
    crosses = best is not None and (best <= price if order.side == Side.BID else best >= price)
    if crosses and (order.post_only or market.settings.state == MarketState.POST_ONLY):
        return RejectCode.POST_ONLY_WOULD_TAKE
    available = state.ledger.available(order.user_id, market.held_asset(order.side))
    present = market.hold_of(order.side, order.price, order.remaining_qty)
    if available + present < market.hold_of(order.side, price, quantity - order.executed_qty):
        return RejectCode.INSUFFICIENT_FUNDS
    return NONE


def reduce(state: State, journal: Journal, market: Market, order: Order, quantity: int) -> None:
    """Make the order smaller where it stands."""
    remaining = quantity - order.executed_qty
    released = market.hold_of(order.side, order.price, order.remaining_qty - remaining)
    order.original_qty, order.remaining_qty = quantity, remaining
    state.ledger.release(order.user_id, market.held_asset(order.side), released)
    journal.amended(order, reenters=False)
    answer_order(journal, order, None)


def reenter(
    state: State, journal: Journal, market: Market, order: Order, price: int, quantity: int
) -> None:
    """Take the order out and bring it in again with its new numbers."""
    state.unrest(order)
    order.price, order.original_qty = price, quantity
    order.remaining_qty = quantity - order.executed_qty
    journal.amended(order, reenters=True)
    matched = match(state, journal, market, order)
    conclude(state, journal, market, order, matched)
    fire(state, journal, market)
