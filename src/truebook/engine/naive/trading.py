"""One fill: the maker's and the taker's assets change hands, both pay their fees.

Promise: what one gives the other gets, less what the venue gets; nothing is made or lost. The
maker gives what it holds, the taker what it has available.
"""

from truebook.engine.naive.book import Order
from truebook.engine.naive.journal import Journal
from truebook.engine.naive.settings import Market
from truebook.engine.naive.state import State
from truebook.messages import VENUE_ACCOUNT, OrderType


def fill(
    state: State, journal: Journal, market: Market, maker: Order, taker: Order, lots: int
) -> None:
    """Trade `lots` at the maker's price, and say so."""
    price = maker.price
    fees = exchange(state, market, maker, taker, lots)
    note_execution(market, maker, price, lots)
    note_execution(market, taker, price, lots)
    market.book.last_trade_price = price
    market.reach(price)
    market.last_trade_id += 1
    if maker.remaining_qty == 0:
        state.unrest(maker)
    journal.fill(maker, taker, price, lots, fees)


def exchange(
    state: State, market: Market, maker: Order, taker: Order, lots: int
) -> tuple[int, int]:
    """Move both assets and both fees; return the maker's and the taker's fee in atoms."""
    ledger = state.ledger
    for account in (taker.user_id, VENUE_ACCOUNT, maker.user_id):
        ledger.note(account, market.settings.base)
        ledger.note(account, market.settings.quote)
    maker_gives, taker_gives = market.held_asset(maker.side), market.held_asset(taker.side)
    maker_atoms = market.hold_of(maker.side, maker.price, lots)
    taker_atoms = market.hold_of(taker.side, maker.price, lots)
    ledger.spend_locked(maker.user_id, maker_gives, maker_atoms)
    ledger.spend_available(taker.user_id, taker_gives, taker_atoms)
    maker_rate = state.tier_of(maker.user_id).maker_bp
    taker_rate = state.tier_of(taker.user_id).taker_bp
    maker_fee = ledger.receive(maker.user_id, taker_gives, taker_atoms, maker_rate)
    taker_fee = ledger.receive(taker.user_id, maker_gives, maker_atoms, taker_rate)
    return maker_fee, taker_fee


def note_execution(market: Market, order: Order, price: int, lots: int) -> None:
    """Count a fill in the order's own numbers."""
    atoms = market.value(price, lots)
    order.executed_qty += lots
    order.executed_quote += atoms
    order.remaining_qty -= atoms if order.type == OrderType.MARKET_BY_QUOTE else lots
