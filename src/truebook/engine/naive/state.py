"""All that the engine knows.

Promise: every resting order is in exactly these places: its market's book, its account's list, the
index of ids, and that of client ids if it has one. They change together, here.
"""

from dataclasses import dataclass, field

from truebook.engine.naive.book import Order
from truebook.engine.naive.ledger import Ledger
from truebook.engine.naive.settings import Account, Asset, Key, Market, Tier
from truebook.limits import TIERS_MAX
from truebook.messages import VENUE_ACCOUNT

VENUE_NAME = b"venue".ljust(24, b"\0")


def _venue() -> list[Account]:
    return [Account(VENUE_ACCOUNT, tier=0, flags=0, open_orders_max=0, name=VENUE_NAME)]


@dataclass(slots=True)
class State:
    """The state that the log prefix read so far leads to."""

    time_ms: int = 0
    gateways: dict[int, int] = field(default_factory=dict)
    """The last sequence applied of each gateway."""
    assets: list[Asset] = field(default_factory=list)
    markets: list[Market] = field(default_factory=list)
    tiers: list[Tier] = field(default_factory=lambda: [Tier() for _ in range(TIERS_MAX)])
    accounts: list[Account] = field(default_factory=_venue)
    names: dict[bytes, int] = field(default_factory=lambda: {VENUE_NAME: VENUE_ACCOUNT})
    """Accounts by name."""
    keys: dict[bytes, Key] = field(default_factory=dict)
    """By public key, in the order in which they were first set."""
    ledger: Ledger = field(default_factory=Ledger)
    orders: dict[int, Order] = field(default_factory=dict)
    """Resting orders by id."""
    client_ids: dict[tuple[int, int], Order] = field(default_factory=dict)
    """Resting orders by account and client id."""

    def tier_of(self, account: int) -> Tier:
        """Return the fee tier that an account is in now."""
        return self.tiers[self.accounts[account].tier]

    def rest(self, order: Order) -> None:
        """Put an order into the book, last in its price level, and take its hold."""
        market = self.markets[order.market]
        account = self.accounts[order.user_id]
        market.book.side(order.side).add(order)
        self.orders[order.id] = order
        account.add(order)
        if order.has_client_id:
            self.client_ids[order.user_id, order.client_id] = order
        atoms = market.hold_of(order.side, order.price, order.remaining_qty)
        self.ledger.hold(order.user_id, market.held_asset(order.side), atoms)

    def unrest(self, order: Order) -> None:
        """Take an order out of the book and release what it still holds."""
        market = self.markets[order.market]
        market.book.side(order.side).remove(order.id)
        del self.orders[order.id]
        self.accounts[order.user_id].remove(order)
        if order.has_client_id:
            del self.client_ids[order.user_id, order.client_id]
        atoms = market.hold_of(order.side, order.price, order.remaining_qty)
        self.ledger.release(order.user_id, market.held_asset(order.side), atoms)
