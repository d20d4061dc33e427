"""All that the engine knows.

Promise: every resting order is in exactly these places: its market's book, its account's list, the
index of ids, and that of client ids if it has one; a pending one in the same but for the book and
with its own index of ids. They change together, here.
"""

from dataclasses import dataclass, field

from truebook.engine.naive.book import Order
from truebook.engine.naive.ledger import Ledger
from truebook.engine.naive.settings import Account, Asset, Attester, Key, Market, Tier
from truebook.limits import TIERS_MAX
from truebook.messages import VENUE_ACCOUNT

VENUE_NAME = b"venue".ljust(24, b"\0")


def _venue() -> list[Account]:
    return [Account(VENUE_ACCOUNT, tier=0, flags=0, open_orders_max=0, name=VENUE_NAME)]


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """What was requested and not settled; `amount` in atoms."""

    id: int
    account: int
    asset: int
    amount: int


@dataclass(slots=True)
class State:
    """The state that the log prefix read so far leads to."""

    time_ms: int = 0
    version: int = 1
    """Of the rules."""
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
    """Resting and pending orders by account and client id."""
    pending: dict[int, Order] = field(default_factory=dict)
    """Orders that wait for their trigger price, by id."""
    timers: dict[tuple[int, int], int] = field(default_factory=dict)
    """When those that are on run out, in milliseconds, by account and Timer."""
    withdrawals: dict[int, Withdrawal] = field(default_factory=dict)
    """Requested and not settled, by id."""
    references: set[tuple[int, int]] = field(default_factory=set)
    """Of every deposit that had one."""
    attesters: dict[int, Attester] = field(default_factory=dict)
    """By slot, those ever set."""

    def tier_of(self, account: int) -> Tier:
        """Return the fee tier that an account is in now."""
        return self.tiers[self.accounts[account].tier]

    def rest(self, order: Order) -> None:
        """Put an order into the book, last in its price level, and take its hold."""
        market = self.markets[order.market]
        market.book.side(order.side).add(order)
        self.orders[order.id] = order
        self._list(order)
        atoms = market.hold_of(order.side, order.price, order.remaining_qty)
        self.ledger.hold(order.user_id, market.held_asset(order.side), atoms)

    def unrest(self, order: Order) -> None:
        """Take an order out of the book and release what it still holds."""
        market = self.markets[order.market]
        market.book.side(order.side).remove(order.id)
        del self.orders[order.id]
        self._unlist(order)
        atoms = market.hold_of(order.side, order.price, order.remaining_qty)
        self.ledger.release(order.user_id, market.held_asset(order.side), atoms)

    def suspend(self, order: Order) -> None:
        """Let an order wait for its trigger price."""
        self.pending[order.id] = order
        self._list(order)

    def resume(self, order: Order) -> None:
        """Let an order wait no longer."""
        del self.pending[order.id]
        self._unlist(order)

    def _list(self, order: Order) -> None:
        self.accounts[order.user_id].add(order)
        if order.has_client_id:
            self.client_ids[order.user_id, order.client_id] = order

    def _unlist(self, order: Order) -> None:
        self.accounts[order.user_id].remove(order)
        if order.has_client_id:
            del self.client_ids[order.user_id, order.client_id]
