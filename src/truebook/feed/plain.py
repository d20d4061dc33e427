"""Plain orders in the depth of their markets, by columns (messages/plain_orders.py).

Promise: with all other events of the batch folded one after the other in between, levels, orders
and what changed are as if every event had been folded in its turn, and a number that is missing is
found missing. Why it may be so: what an order adds to its level and takes from it again doesn't
depend on what other orders do there, and an order that is plain nobody else names.

What comes and goes within a batch leaves its level as it was, so there is nothing to tell of it but
its numbers.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from truebook.feed.depth import ASK, BID, Depth
from truebook.messages import EventKind
from truebook.messages.event_columns import EventColumns, Starts
from truebook.messages.plain_orders import PlainOrders

IN_BOOK = 1
"""CLOSED.rested of an order that stood in the book."""


class _Events(NamedTuple):
    """Events of one kind, field by field."""

    market: NDArray[np.int64]
    side: NDArray[np.int64]
    order_id: NDArray[np.int64]
    price: NDArray[np.int64]
    lots: NDArray[np.int64]

    def of(self, wanted: NDArray[np.bool_]) -> "_Events":
        """Some of them."""
        return _Events(*(column[wanted] for column in self))


class PlainDepth:
    """What the plain orders of one batch do to the depth."""

    def __init__(self, events: EventColumns, plain: PlainOrders) -> None:
        accepted, closed = events.seen_as(EventKind.ACCEPTED), events.seen_as(EventKind.CLOSED)

        def taken(seen: NDArray[np.void], lots: str, starts: Starts) -> _Events:
            names = ("market", "side", "order_id", "price", lots)
            return _Events(*(seen[name][starts] for name in names))

        self._come = taken(accepted, "quantity", plain.resting)
        self._gone = taken(closed, "remaining", plain.gone[closed["rested"][plain.gone] == IN_BOOK])
        starts = np.sort(plain.all())
        self._markets = accepted["market"][starts]  # the same places in both kinds of events
        self._numbers = accepted["market_sequence"][starts]
        self.markets: list[int] = np.unique(self._markets).tolist()
        """In which there are any."""

    def begin(self, depth: Callable[[int], Depth]) -> None:
        """Tell the depth of each market which numbers are passed over. To be called before the
        other events are folded."""
        for market in self.markets:
            numbers = self._numbers[self._markets == market]
            breaks = np.flatnonzero(np.diff(numbers) != 1)
            firsts = numbers[np.concatenate([[0], breaks + 1])].tolist()
            lasts = numbers[np.concatenate([breaks, [len(numbers) - 1]])].tolist()
            depth(market).pass_over(zip(firsts, lasts, strict=True))

    def end(self, depth: Callable[[int], Depth]) -> None:
        """Change the depths. To be called after the other events were folded."""
        for market in self.markets:
            found = depth(market)
            come, gone = (part.of(part.market == market) for part in (self._come, self._gone))
            found.end_passing()
            found.keep_orders(
                zip(come.order_id.tolist(), come.price.tolist(), come.lots.tolist(), strict=True),
                gone.order_id.tolist(),
            )
            for side in (BID, ASK):
                _change(found, side, *(part.of(part.side == side) for part in (come, gone)))


def _change(depth: Depth, side: int, come: _Events, gone: _Events) -> None:
    prices = np.concatenate([come.price, gone.price])
    if not len(prices):
        return
    order = np.argsort(prices)
    prices = prices[order]
    lots = np.concatenate([come.lots, -gone.lots])[order]
    firsts = np.flatnonzero(np.concatenate([[True], prices[1:] != prices[:-1]]))
    totals = np.add.reduceat(lots, firsts)
    for price, total in zip(prices[firsts].tolist(), totals.tolist(), strict=True):
        depth.change(side, price, total)
