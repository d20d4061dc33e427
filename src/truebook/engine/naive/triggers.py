"""PLACE_TRIGGER: orders that wait until the last price reaches their trigger price, and then fire.

Promise: a pending order holds nothing and stands in no book; each fires at most once, after the
command whose fills reached it, and then meets the market as a PLACE would (docs/rules.md).
"""

from truebook.engine.naive.book import Order
from truebook.engine.naive.checks import NONE, trader_fault
from truebook.engine.naive.deadlines import is_late
from truebook.engine.naive.entering import enter, set_price_bound
from truebook.engine.naive.journal import Journal
from truebook.engine.naive.matching import BY_QUOTE
from truebook.engine.naive.neworder import new_order
from truebook.engine.naive.orderchecks import (
    LIMIT,
    cap_fault,
    form_fault,
    identity_fault,
    market_fault,
    number_fault,
    quantity_fault,
)
from truebook.engine.naive.outcome import answer_order
from truebook.engine.naive.records import PLACE_TRIGGER, OrderCommand, order_command
from truebook.engine.naive.settings import Market
from truebook.engine.naive.state import State
from truebook.limits import BASIS_POINTS
from truebook.messages import (
    ACCEPTED_TRIGGERED,
    ORDER_PERCENT,
    ORDER_RISES,
    ORDER_TRIGGER,
    RejectCode,
    Side,
    TriggerFlag,
)

PERCENT = int(TriggerFlag.PERCENT)


def place_trigger(state: State, journal: Journal, record: bytes) -> RejectCode:
    """Carry out a PLACE_TRIGGER (two records), or return why not."""
    command = order_command(record)
    _, *unused, trigger_price, reserved = PLACE_TRIGGER.unpack(record)
    continued, flags, more_reserved = unused
    if continued or flags & ~PERCENT or any(reserved) or any(more_reserved):
        return RejectCode.MALFORMED
    fault = form_fault(state.version, command)
    if flags & PERCENT and not fault:
        fault = percent_form_fault(command)
    fault = fault or trader_fault(state, command.account)
    fault = fault or market_fault(state, command.market, command.order_type)
    if fault:
        return fault
    market = state.markets[command.market]
    fault = price_fault(market, command, trigger_price)
    if not fault and not flags & PERCENT:
        fault = quantity_fault(market, command.order_type, command.price, command.quantity)
    fault = fault or identity_fault(state, command) or cap_fault(state, market, command.account)
    if not fault and is_late(state, journal, command):
        fault = RejectCode.DEADLINE_PASSED
    if fault:
        return fault
    order = new_order(state, command)
    order.trigger_price = trigger_price
    order.more_flags |= ORDER_TRIGGER | (ORDER_PERCENT if flags & PERCENT else 0)
    order.more_flags |= ORDER_RISES if rises(market, order) else 0
    state.suspend(order)
    journal.trigger_placed(order)
    answer_order(journal, order, None)
    return NONE


def percent_form_fault(command: OrderCommand) -> RejectCode:
    """MALFORMED: a share of what is available that is none."""
    if command.order_type == BY_QUOTE or not 1 <= command.quantity <= BASIS_POINTS:
        return RejectCode.MALFORMED
    return NONE


def price_fault(market: Market, command: OrderCommand, trigger_price: int) -> RejectCode:
    """Refuse a trigger price, or a limit, outside the market's filter; bands come when it fires."""
    for price in (trigger_price, command.price)[: 2 if command.order_type == LIMIT else 1]:
        if price < market.settings.price_min:
            return RejectCode.PRICE_TOO_LOW
        if price > market.settings.price_max:
            return RejectCode.PRICE_TOO_HIGH
    return NONE


def rises(market: Market, order: Order) -> bool:
    """Tell whether an order fires at its trigger price or above, instead of at it or below."""
    reference = market.book.last_trade_price or market.settings.price_reference
    if reference in (0, order.trigger_price):
        return order.side == Side.BID
    return order.trigger_price > reference


# --- firing -----------------------------------------------------------------------------------


def fire(state: State, journal: Journal, market: Market) -> None:
    """Place every pending order of the market that the prices of the last fills reached."""
    journal.is_silent = True
    while order := next_reached(state, market):
        place_reached(state, journal, market, order)
    journal.is_silent = False
    market.reached = None


def next_reached(state: State, market: Market) -> Order | None:
    """Return the pending order that fires next: rising ones first, from the lowest up."""
    if market.reached is None:
        return None
    lowest, highest = market.reached
    waiting = [order for order in state.pending.values() if order.market == market.index]
    rising = [order for order in waiting if order.more_flags & ORDER_RISES]
    up = [order for order in rising if order.trigger_price <= highest]
    if up:
        return min(up, key=lambda order: (order.trigger_price, order.priority))
    falling = [order for order in waiting if not order.more_flags & ORDER_RISES]
    down = [order for order in falling if order.trigger_price >= lowest]
    return min(down, key=lambda order: (-order.trigger_price, order.priority), default=None)


def place_reached(state: State, journal: Journal, market: Market, order: Order) -> None:
    """Place an order whose trigger price was reached, or say why it can't be."""
    state.resume(order)
    order.trigger_price = 0
    asked = order.price
    set_price_bound(market, order, asked)
    if order.more_flags & ORDER_PERCENT:
        order.more_flags &= ~ORDER_PERCENT
        order.original_qty = order.remaining_qty = lots_of_part(state, market, order)
    fault = trader_fault(state, order.user_id) or market_fault(state, market.index, order.type)
    fault = fault or number_fault(market, order.type, asked, order.original_qty)
    fault = fault or enter(state, journal, market, order, False, ACCEPTED_TRIGGERED)
    if fault:
        journal.trigger_failed(order, fault)


def lots_of_part(state: State, market: Market, order: Order) -> int:
    """Return the lots that this many basis points of what the account has available come to."""
    available = state.ledger.available(order.user_id, market.held_asset(order.side))
    whole, rest = divmod(available, BASIS_POINTS)
    part = whole * order.original_qty + rest * order.original_qty // BASIS_POINTS
    if order.side == Side.ASK:
        return part // market.lot_atoms
    return part // market.value(order.price, 1) if order.price else 0
