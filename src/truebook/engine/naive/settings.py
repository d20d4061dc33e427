"""What SET_… commands set: assets, markets, fee tiers, accounts, keys, attesters.

Promise: a Market's `unit` and `lot_atoms` are whole and at least 1. Values are checked before they
come here (configuring.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from truebook.engine.naive.book import Order, OrderBook
from truebook.messages import Side


@dataclass(slots=True)
class Asset:
    """Something that can be owned; 10 ** decimals atoms make a unit."""

    index: int
    decimals: int
    symbol: bytes
    """16 bytes, padded with NUL."""
    display_name: bytes
    """24 bytes, padded with NUL."""


@dataclass(slots=True)
class MarketSettings:
    """Filters, bands and caps of a market, as in SET_MARKET and MARKET_SET."""

    state: int
    base: int
    quote: int
    tick_exponent: int
    step_exponent: int
    tick_mantissa: int
    step_mantissa: int
    price_min: int
    price_max: int
    quantity_min: int
    quantity_max: int
    price_reference: int
    open_orders_max: int
    band_max_bp: int
    band_min_bp: int
    impact_max_bp: int
    impact_min_bp: int

    def identity(self) -> tuple[int, ...]:
        """Return what can't change any more once the market exists."""
        ticks = (self.tick_mantissa, self.tick_exponent)
        return (self.base, self.quote, *ticks, self.step_mantissa, self.step_exponent)


@dataclass(slots=True)
class Market:
    """A market: its settings, its book, its numbering."""

    index: int
    settings: MarketSettings
    book: OrderBook
    unit: int
    """Quote atoms in one tick × one lot."""
    lot_atoms: int
    """Base atoms in one lot."""
    sequence: int = 0
    last_trade_id: int = 0
    reached: tuple[int, int] | None = None
    """Lowest and highest price of the fills since triggers were last looked at."""

    def value(self, price: int, lots: int) -> int:
        """Return the quote atoms that `lots` cost at `price` ticks."""
        return price * lots * self.unit

    def held_asset(self, side: int) -> int:
        """Return the asset that an order of this side gives, and holds while it rests."""
        return self.settings.quote if side == Side.BID else self.settings.base

    def hold_of(self, side: int, price: int, lots: int) -> int:
        """Return the atoms that an order holds while `lots` of it rest at `price`."""
        return self.value(price, lots) if side == Side.BID else lots * self.lot_atoms

    def next_sequence(self) -> int:
        """Number one more event of this market."""
        self.sequence += 1
        return self.sequence

    def reach(self, price: int) -> None:
        """Widen the range of prices reached to this one."""
        lowest, highest = self.reached or (price, price)
        self.reached = min(lowest, price), max(highest, price)


@dataclass(slots=True)
class Tier:
    """A fee tier: basis points of what is received; negative: a rebate."""

    maker_bp: int = 0
    taker_bp: int = 0
    is_set: bool = False
    """Accounts may be in it, and its rates count; from version 2 of the rules on."""


@dataclass(slots=True)
class Account:
    """An account's settings, numbering and orders."""

    number: int
    tier: int
    flags: int
    open_orders_max: int
    name: bytes
    """24 bytes, padded with NUL."""
    sequence: int = 0
    orders: dict[int, Order] = field(default_factory=dict)
    """Resting and pending orders by id, oldest placement first."""
    orders_in: dict[int, int] = field(default_factory=dict)
    """How many of them are in each market."""

    def next_sequence(self) -> int:
        """Number one more private event of this account."""
        self.sequence += 1
        return self.sequence

    def add(self, order: Order) -> None:
        """Note an order that now rests or is pending; it is the youngest."""
        self.orders[order.id] = order
        self.orders_in[order.market] = self.orders_in.get(order.market, 0) + 1

    def remove(self, order: Order) -> None:
        """Forget an order that rests or is pending no more."""
        del self.orders[order.id]
        self.orders_in[order.market] -= 1


@dataclass(slots=True)
class Key:
    """An API key; without any permission it is revoked."""

    public_key: bytes
    """The 32 bytes of an Ed25519 public key."""
    account: int
    permissions: int
    expires_ms: int


@dataclass(slots=True)
class Attester:
    """Somebody whose attestations of the state are trusted, or are no more."""

    slot: int
    trusted: int
    public_key: bytes
    """The 32 bytes of an Ed25519 public key."""
    name: bytes
    """16 bytes, padded with NUL."""


def scaled(mantissas: Sequence[int], exponent: int) -> int | None:
    """Return the product of `mantissas` × 10 ** `exponent`; None unless it is whole."""
    product = 1
    for mantissa in mantissas:
        product *= mantissa
    if exponent >= 0:
        return product * 10**exponent
    whole, rest = divmod(product, 10**-exponent)
    return None if rest else whole
