"""An order meets its market: the last checks, then it rests, is closed or is matched.

Promise: every check is made before anything changes; after ACCEPTED nothing can be refused, only
closed. PLACE comes here, and what waited for its trigger price (docs/rules.md, PLACE 8 to 11).
"""

from truebook.engine.naive.book import Order
from truebook.engine.naive.checks import NONE, notional_fault
from truebook.engine.naive.fok import Scan, scan
from truebook.engine.naive.journal import WAS_TAKING, Journal
from truebook.engine.naive.matching import BY_QUOTE, match, rests_if_unfilled, wanted_lots, within
from truebook.engine.naive.orderchecks import FOK, LIMIT, MARKET
from truebook.engine.naive.outcome import answer_order, conclude
from truebook.engine.naive.settings import Market
from truebook.engine.naive.state import State
from truebook.limits import BASIS_POINTS
from truebook.messages import (
    ACCEPTED_RESTS,
    ORDER_SLIPPAGE_BASIS_POINTS,
    ORDER_SLIPPAGE_TICKS,
    CloseReason,
    MarketState,
    RejectCode,
    Side,
)


def enter(
    state: State, journal: Journal, market: Market, order: Order, is_late: bool, flags: int
) -> RejectCode:
    """Let the order in, or return why not; `flags` are more of ACCEPTED's."""
    best = market.book.opposite(order.side).best_price()
    crosses = within(order, best)
    fault = crossing_fault(market, order, best if crosses else None)
    fault = fault or funds_fault(state, market, order, best if crosses else None)
    if fault:
        return fault
    if is_late:
        close_late(journal, order, flags)
        return NONE
    is_scanned = crosses and order.time_in_force == FOK and not post_only_mode(market)
    scanned = scan(state, market, order) if is_scanned else Scan.FILLS
    if scanned is Scan.UNFUNDED:
        return RejectCode.INSUFFICIENT_FUNDS
    if not crosses and rests_if_unfilled(order):
        journal.accepted(order, flags | ACCEPTED_RESTS)
        state.rest(order)
        answer_order(journal, order, None)
        return NONE
    journal.accepted(order, flags)
    reason = immediate_close(market, order, crosses, scanned)
    if reason is not None:
        journal.closed(order, reason, WAS_TAKING)
        answer_order(journal, order, reason)
        return NONE
    matched = match(state, journal, market, order)
    conclude(state, journal, market, order, matched)
    return NONE


def close_late(journal: Journal, order: Order, flags: int) -> None:
    """Close an order whose deadline had passed before it was reached."""
    journal.accepted(order, flags)
    journal.closed(order, CloseReason.DEADLINE, WAS_TAKING)
    answer_order(journal, order, CloseReason.DEADLINE)


def immediate_close(
    market: Market, order: Order, crosses: bool, scanned: Scan
) -> CloseReason | None:
    """Say why an order that doesn't rest is closed without matching; None: it is matched."""
    if crosses and post_only_mode(market):
        return CloseReason.POST_ONLY_MODE
    if crosses and scanned is Scan.FILLS:
        return None
    if order.time_in_force == FOK:
        return CloseReason.FILL_OR_KILL
    if order.type == LIMIT:
        return CloseReason.IMMEDIATE_OR_CANCEL
    return CloseReason.INSUFFICIENT_LIQUIDITY


def post_only_mode(market: Market) -> bool:
    """Tell whether the market lets nobody take."""
    return market.settings.state == MarketState.POST_ONLY


def set_price_bound(market: Market, order: Order, price: int) -> None:
    """8. Give the order the price that bounds it: its limit, or the protective price.

    `price` is the command's: the limit, or the slippage that a market order allows.
    """
    order.is_tightened = False
    if order.type == LIMIT:
        order.price = price
        return
    usual = protective_price(market, order.side)
    order.price = with_slippage(market, order, usual, price)
    order.is_tightened = order.price != usual


def protective_price(market: Market, side: int) -> int:
    """8. Return the worst price at which a market order trades; 0 if nobody offers anything."""
    best = market.book.opposite(side).best_price()
    if best is None:
        return 0
    settings = market.settings
    if side == Side.BID:
        bound = best * settings.impact_max_bp // BASIS_POINTS
        return min(max(bound, best), settings.price_max)
    bound = -(-best * settings.impact_min_bp // BASIS_POINTS)
    return max(min(bound, best), settings.price_min)


def with_slippage(market: Market, order: Order, protective: int, tolerance: int) -> int:
    """Return the protective price, or a tighter one that the order's slippage asks for."""
    best = market.book.opposite(order.side).best_price()
    if best is None:
        return protective
    is_bid = order.side == Side.BID
    if order.more_flags & ORDER_SLIPPAGE_TICKS:
        bound = best + tolerance if is_bid else best - tolerance
    elif order.more_flags & ORDER_SLIPPAGE_BASIS_POINTS:
        if is_bid:
            bound = best * (BASIS_POINTS + tolerance) // BASIS_POINTS
        else:
            bound = -(-best * (BASIS_POINTS - tolerance) // BASIS_POINTS)
    else:
        return protective
    return min(protective, bound) if is_bid else max(protective, bound)


def crossing_fault(market: Market, order: Order, best: int | None) -> RejectCode:
    """8. What is refused because the order would trade; `best` is None if it wouldn't."""
    if best is None:
        return NONE
    if order.type == MARKET:
        return notional_fault(market, max(best, order.price), order.original_qty)
    return RejectCode.POST_ONLY_WOULD_TAKE if order.post_only else NONE


def funds_fault(state: State, market: Market, order: Order, best: int | None) -> RejectCode:
    """9 and 10. The account can pay, and an amount buys at least one lot."""
    available = state.ledger.available(order.user_id, market.held_asset(order.side))
    if available < funds_needed(market, order, best):
        return RejectCode.INSUFFICIENT_FUNDS
    if best is not None and wanted_lots(market, order, best) == 0:
        return RejectCode.QUANTITY_TOO_SMALL
    return NONE


def funds_needed(market: Market, order: Order, best: int | None) -> int:
    """9. Return the atoms that must be available; `best` is None if the order doesn't cross."""
    if order.type == BY_QUOTE:
        return order.original_qty if order.side == Side.BID else market.lot_atoms
    if order.side == Side.ASK:
        return order.original_qty * market.lot_atoms
    if rests_if_unfilled(order):
        return market.value(order.price, order.original_qty)
    return 0 if best is None else market.value(best, order.original_qty)
