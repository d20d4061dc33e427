"""Fill-or-kill: whether an order can be filled whole, found out before anything changes.

Promise: the scan sees the makers that matching would see, in that order; if it says FILLS, matching
fills the order whole.
"""

from enum import Enum

from truebook.engine.naive.book import Order
from truebook.engine.naive.matching import BY_QUOTE, within
from truebook.engine.naive.settings import Market
from truebook.engine.naive.state import State
from truebook.messages import SelfTrade, Side


class Scan(Enum):
    """What would become of an order of all or nothing."""

    FILLS = 0
    KILLED = 1
    """Too little is offered, or self-trade prevention would end it."""
    UNFUNDED = 2
    """Enough is offered, but the account can't pay for all of it."""


def scan(state: State, market: Market, taker: Order) -> Scan:
    """Go through the other side as matching would, with unlimited funds, then look at the cost."""
    left, lots, cost = taker.remaining_qty, 0, 0
    whole = False
    for maker in market.book.opposite(taker.side):
        if left == 0 or not within(taker, maker.price):
            break
        if maker.user_id == taker.user_id and taker.self_trade != SelfTrade.ALLOW:
            if taker.self_trade == SelfTrade.REJECT_MAKER:
                continue
            return Scan.KILLED
        by_quote = taker.type == BY_QUOTE
        unit = maker.price * market.unit
        wanted = left // unit if by_quote else left
        if wanted == 0:
            whole = lots > 0
            break
        taken = min(wanted, maker.remaining_qty)
        lots, cost = lots + taken, cost + taken * unit
        left -= taken * unit if by_quote else taken
        whole = left < unit if by_quote else left == 0
        if taken < maker.remaining_qty:
            break
    if not whole:
        return Scan.KILLED
    needed = cost if taker.side == Side.BID else lots * market.lot_atoms
    available = state.ledger.available(taker.user_id, market.held_asset(taker.side))
    return Scan.FILLS if needed <= available else Scan.UNFUNDED
