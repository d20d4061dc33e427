"""A taker meets the other side of the book.

Promise: best price first, oldest order first, at the maker's price, never beyond the taker's limit,
never more than the taker wants or can pay, and never between two orders of one account unless its
mode is ALLOW. Rules: docs/rules.md, Matching.
"""

from dataclasses import dataclass

from truebook.engine.naive.book import Order
from truebook.engine.naive.journal import WAS_RESTING, Journal
from truebook.engine.naive.settings import Market
from truebook.engine.naive.state import State
from truebook.engine.naive.trading import fill
from truebook.messages import CloseReason, OrderType, SelfTrade, Side, TimeInForce

BY_QUOTE = OrderType.MARKET_BY_QUOTE


@dataclass(slots=True)
class Matched:
    """How the matching of a taker ended."""

    fills: int = 0
    last_price: int = 0
    """Ticks, of the last fill."""
    reason: CloseReason | None = None
    """What ended it; None: it filled, found nothing more, or rests."""


def within(order: Order, price: int | None) -> bool:
    """Tell whether an order may trade at the opposite side's price (None: the side is empty)."""
    if price is None:
        return False
    return price <= order.price if order.side == Side.BID else price >= order.price


def rests_if_unfilled(order: Order) -> bool:
    """Tell whether what is left of an order goes into the book."""
    return order.type == OrderType.LIMIT and order.time_in_force == TimeInForce.GTC


def match(state: State, journal: Journal, market: Market, taker: Order) -> Matched:
    """Trade the taker for as long as it wants more and somebody offers it."""
    opposite = market.book.opposite(taker.side)
    matched = Matched()
    while taker.remaining_qty > 0 and within(taker, opposite.best_price()):
        maker = opposite.first()
        if maker.user_id == taker.user_id and taker.self_trade != SelfTrade.ALLOW:
            if taker.self_trade != SelfTrade.REJECT_TAKER:
                prevent(state, journal, market, maker)
            if taker.self_trade != SelfTrade.REJECT_MAKER:
                matched.reason = CloseReason.SELF_TRADE_PREVENTION
                return matched
            continue
        wanted = wanted_lots(market, taker, maker.price)
        if wanted == 0:
            filled, nothing = CloseReason.FILLED, CloseReason.INSUFFICIENT_LIQUIDITY
            matched.reason = filled if matched.fills else nothing
            return matched
        lots = affordable(state, market, taker, maker.price, min(wanted, maker.remaining_qty))
        if lots == 0:
            matched.reason = CloseReason.INSUFFICIENT_FUNDS
            return matched
        matched.fills += 1
        matched.last_price = maker.price
        fill(state, journal, market, maker, taker, lots)
    matched.reason = reason_for_the_rest(market, taker, matched)
    return matched


def prevent(state: State, journal: Journal, market: Market, maker: Order) -> None:
    """Close a maker that its own account's taker has met."""
    state.unrest(maker)
    journal.closed(maker, CloseReason.SELF_TRADE_PREVENTION, WAS_RESTING)


def wanted_lots(market: Market, taker: Order, price: int) -> int:
    """Return how many lots the taker would still take at this price."""
    if taker.type == BY_QUOTE:
        return taker.remaining_qty // (price * market.unit)
    return taker.remaining_qty


def affordable(state: State, market: Market, taker: Order, price: int, lots: int) -> int:
    """Return `lots`, or fewer if the taker can't pay for them."""
    available = state.ledger.available(taker.user_id, market.held_asset(taker.side))
    if taker.side == Side.BID and taker.type != BY_QUOTE and not rests_if_unfilled(taker):
        return min(lots, available // (price * market.unit))
    if taker.side == Side.ASK and taker.type == BY_QUOTE:
        return min(lots, available // market.lot_atoms)
    return lots


def reason_for_the_rest(market: Market, taker: Order, matched: Matched) -> CloseReason | None:
    """Say why a taker that found nothing more is closed; None if it is filled or rests."""
    if taker.remaining_qty == 0 or rests_if_unfilled(taker):
        return None
    if taker.type == OrderType.LIMIT and taker.time_in_force == TimeInForce.IOC:
        return CloseReason.IMMEDIATE_OR_CANCEL
    by_quote = taker.type == BY_QUOTE and matched.fills > 0
    if by_quote and wanted_lots(market, taker, matched.last_price) == 0:
        return CloseReason.FILLED
    if market.book.opposite(taker.side).best_price() is None:
        return CloseReason.INSUFFICIENT_LIQUIDITY
    return CloseReason.SLIPPAGE if taker.is_tightened else CloseReason.PRICE_IMPACT
