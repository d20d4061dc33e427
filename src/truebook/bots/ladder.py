"""The quotes that a market maker wants to have in the book, and what is to be done to get there.

    price   ask  3 ████████
            ask  2 ██████
            ask  1 ████           each level a step further away, and larger
          centre ----------       the reference, shifted against the inventory
            bid  1 ████
            bid  2 ██████
            bid  3 ████████

Promise: all bids of a ladder are below all its asks, so that a maker never trades with itself.
Prices lie on a grid of their own, the multiples of the step. So while the reference moves within a
step nothing changes, and when it has moved by a step one level at each end of a side is wrong, not
all of them.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

from truebook.bots.client import Order
from truebook.bots.market import Market

GROWTH = Decimal("0.5")
"""How much larger than the first each further level is, in first levels."""
BASIS_POINTS = 10_000


class Quote(NamedTuple):
    """An order that should rest. Ticks and lots."""

    is_bid: bool
    price: int
    quantity: int


class Shape(NamedTuple):
    """What all ladders of a maker have in common."""

    levels: int
    """On each side."""
    spread_bp: int
    """Between the best bid and the best ask, at least."""
    step_bp: int
    """From level to level."""
    level_quote: Decimal
    """What the level next to the centre is worth."""
    skew_bp: int
    """How far the centre is shifted at most."""


def ladder(market: Market, shape: Shape, centre: int) -> list[Quote]:
    """The wanted quotes around a centre in ticks: bids, then asks, each from the best one."""
    step = max(1, centre * shape.step_bp // BASIS_POINTS)
    half = centre * shape.spread_bp // (2 * BASIS_POINTS)
    bid = (centre - half) // step * step
    ask = max(-(-(centre + half) // step) * step, bid + step)
    return [
        Quote(is_bid, price, _size(market, shape, level, price))
        for is_bid, best, away in ((True, bid, -step), (False, ask, step))
        for level in range(shape.levels)
        if (price := best + level * away) > 0
    ]


def _size(market: Market, shape: Shape, level: int, price: int) -> int:
    return market.lots_worth(shape.level_quote * (1 + GROWTH * level), price)


def skewed(centre: int, shape: Shape, excess: Decimal) -> int:
    """The centre, shifted against the inventory: who has too much quotes lower, to sell it.

    `excess` is how far the inventory is from its target, in ladders' sides: at ±1 the shift is the
    largest there is.
    """
    bounded = max(Decimal(-1), min(Decimal(1), excess))
    return max(1, centre - int(centre * shape.skew_bp * bounded / BASIS_POINTS))


def affordable(
    market: Market, quotes: Iterable[Quote], base: Decimal, quote: Decimal
) -> list[Quote]:
    """The quotes that these amounts are enough for, the best ones first."""
    left = {True: quote, False: base}
    kept = []
    for wanted in quotes:
        per_lot = market.unit * wanted.price if wanted.is_bid else market.step
        left[wanted.is_bid] -= per_lot * wanted.quantity
        if left[wanted.is_bid] >= 0:
            kept.append(wanted)
    return kept


def difference(
    market: Market, wanted: Sequence[Quote], resting: Iterable[Order]
) -> tuple[list[Order], list[Quote]]:
    """Which resting orders are wrong, and which wanted quotes are missing.

    An order is right if it rests at a wanted price with between half and twice the wanted quantity;
    of two such at one price, the first.
    """
    missing = {(quote.is_bid, quote.price): quote for quote in wanted}
    wrong = []
    for order in resting:
        place = (order.is_bid, market.ticks(order.price))
        quote, lots = missing.get(place), market.lots(order.remaining)
        if quote is not None and quote.quantity <= 2 * lots <= 4 * quote.quantity:
            del missing[place]
        else:
            wrong.append(order)
    return wrong, list(missing.values())


class Steps(NamedTuple):
    """What is to be done, in this order, so that the book never has an empty side meanwhile."""

    place: list[Quote]
    """What can be placed while everything still rests."""
    make_way: list[Order]
    """What would trade with the rest of the quotes: to be cancelled."""
    place_then: list[Quote]
    cancel: list[Order]
    """What is left of the wrong orders."""


def steps(market: Market, wrong: Sequence[Order], missing: Sequence[Quote]) -> Steps:
    """The way from what rests to what is wanted."""
    in_the_way = [o for o in wrong if any(_cross(market, quote, o) for quote in missing)]
    waiting = [q for q in missing if any(_cross(market, q, order) for order in in_the_way)]
    return Steps(
        [quote for quote in missing if quote not in waiting],
        in_the_way,
        waiting,
        [order for order in wrong if order not in in_the_way],
    )


def _cross(market: Market, quote: Quote, order: Order) -> bool:
    """Whether a quote would trade with a resting order."""
    if quote.is_bid == order.is_bid:
        return False
    price = market.ticks(order.price)
    return quote.price >= price if quote.is_bid else quote.price <= price
