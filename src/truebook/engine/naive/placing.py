"""PLACE: the checks, in their order; then the order meets its market (entering.py).

Promise: an order is refused whole or accepted; orders whose trigger price its fills reached fire
when it has ended (triggers.py). The numbers are those of docs/rules.md, PLACE.
"""

from truebook.engine.naive.checks import trader_fault
from truebook.engine.naive.deadlines import is_late
from truebook.engine.naive.entering import enter, set_price_bound
from truebook.engine.naive.journal import Journal
from truebook.engine.naive.neworder import new_order
from truebook.engine.naive.orderchecks import (
    GTC,
    LIMIT,
    cap_fault,
    form_fault,
    identity_fault,
    market_fault,
    number_fault,
)
from truebook.engine.naive.records import order_command
from truebook.engine.naive.state import State
from truebook.engine.naive.triggers import fire
from truebook.messages import RejectCode


def place(state: State, journal: Journal, record: bytes) -> RejectCode:
    """Carry out a PLACE, or return why not."""
    command = order_command(record)
    fault = form_fault(state.version, command) or trader_fault(state, command.account)
    fault = fault or market_fault(state, command.market, command.order_type)
    if fault:
        return fault
    market = state.markets[command.market]
    fault = number_fault(market, command.order_type, command.price, command.quantity)
    fault = fault or identity_fault(state, command)
    if command.order_type == LIMIT and command.time_in_force == GTC:
        fault = fault or cap_fault(state, market, command.account)
    if fault:
        return fault
    order = new_order(state, command)
    set_price_bound(market, order, command.price)
    fault = enter(state, journal, market, order, is_late(state, journal, command), flags=0)
    if not fault:
        fire(state, journal, market)
    return fault
