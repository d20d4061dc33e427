"""Level-2 depth of one market: what stands at each price, and what changed since it was last told.

Promise: with every event folded, the levels are the engine's after that event; the updates of one
chain, laid one on another, give the levels; an update covers the market sequences U … u, and the
next one of its chain begins at u + 1. A level in an update is its whole size, 0 for a level that is
gone, so to be told a level again does no harm.

What an event does to the levels stands in it, but for one thing: an amendment doesn't say where its
order stood and how much of it. Hence a map of resting orders. It begins empty: an amendment of an
order that was placed before the feed was started makes the levels `is_lost`, and they are loaded
from the engine again, as is a level that the engine did not tell because it is so far away.

`load` may come at any time, with the levels as of a market sequence before or after the last event
folded *so far*, but not before one that will be folded: events up to it then only say which prices
they touched.

Cost: a dictionary entry for each event; the order of prices is kept once an update, for the prices
that came or went in between.
"""

from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from truebook.feed.channels import DEPTH_PERIODS_MS

Levels = list[tuple[int, int]]
"""Price in ticks and quantity in lots."""

BID, ASK = 0, 1


class DepthUpdate(NamedTuple):
    """The levels that the events `first` … `last` changed, with their sizes; prices ascending."""

    first: int
    last: int
    bids: Levels
    asks: Levels


class Chain:
    """One sequence of updates: up to where it has told, and what changed since."""

    __slots__ = ("changed", "told")

    def __init__(self) -> None:
        self.told = 0
        self.changed: tuple[set[int], set[int]] = (set(), set())

    def take(self, levels: tuple[dict[int, int], dict[int, int]], last: int) -> DepthUpdate | None:
        """The next update, up to `last`; None if there is no event to tell of."""
        if last <= self.told:
            return None
        bids, asks = (
            [(price, levels[side].get(price, 0)) for price in sorted(self.changed[side])]
            for side in (BID, ASK)
        )
        update = DepthUpdate(self.told + 1, last, bids, asks)
        self.begin(last)
        return update

    def begin(self, told: int) -> None:
        """Go on behind that number."""
        self.told = told
        for changed in self.changed:
            changed.clear()


class Depth:
    """The levels of one market."""

    def __init__(self) -> None:
        self.levels: tuple[dict[int, int], dict[int, int]] = ({}, {})
        """Lots by price, of bids and of asks."""
        self.folded = 0
        """The market sequence of the last event; 0: there was none yet."""
        self.loaded = -1
        """The market sequence that the levels were loaded at; -1: not yet."""
        self.is_lost = False
        """Whether the levels can't be told from the events alone, and must be loaded."""
        self.is_behind = False
        """Whether events between the last update of some period and `loaded` are still to be
        folded."""
        self._is_cut = False
        """Whether it isn't known what changed since the last update."""
        self._is_ahead = False
        """Whether the levels were loaded, and the update that leads to them isn't told yet."""
        self._now = Chain()
        self._later = {period: Chain() for period, ms in DEPTH_PERIODS_MS.items() if ms}
        self._prices: tuple[list[int], list[int]] = ([], [])
        self._orders: dict[int, tuple[int, int]] = {}
        self._entering: tuple[int, int] = (0, 0)
        self._passed: deque[tuple[int, int]] = deque()

    # events

    def number(self, sequence: int) -> None:
        """Every event of the market passes here first."""
        if self._passed and sequence != self.folded + 1:
            self._join()
        if self.folded:
            self.is_lost = self.is_lost or sequence != self.folded + 1
        elif self.loaded >= 0:
            self.is_lost = self.is_lost or sequence > self.loaded + 1
            self._begin_chains(sequence)
        self.folded = sequence
        if sequence >= self.loaded:
            self.is_behind = False

    @property
    def is_followed(self) -> bool:
        """Whether the levels are those after the event folded last, so that changes count in any
        order."""
        return 0 < self.folded >= self.loaded >= 0

    def pass_over(self, runs: Iterable[tuple[int, int]]) -> None:
        """Numbers of events that come without `number`, since they are folded together (plain.py):
        first and last of each run."""
        self._passed.extend(runs)

    def end_passing(self) -> None:
        """All other events have come."""
        self._join()
        if self._passed:
            self.is_lost = True
            self.folded = self._passed[-1][1]
            self._passed.clear()

    def _join(self) -> None:
        while self._passed and self._passed[0][0] == self.folded + 1:
            self.folded = self._passed.popleft()[1]

    def _begin_chains(self, first: int) -> None:
        """With the first event that is known: chains that ended before it can't go on."""
        if self.is_behind and first > self._now.told + 1:
            self.lose()
        for chain in self._later.values():
            if first > chain.told + 1:
                chain.begin(self._now.told)

    def accepted(self, side: int, order_id: int, price: int, lots: int, rests: bool) -> None:
        """An order that rests whole, or enters matching."""
        if rests:
            self._orders[order_id] = (price, lots)
            self.change(side, price, lots)
        else:
            self._entering = (side, price)

    def filled(self, maker_side: int, price: int, lots: int, maker: int, remaining: int) -> None:
        """A maker gave `lots` and has `remaining` left."""
        if remaining:
            self._orders[maker] = (price, remaining)
        else:
            self._orders.pop(maker, None)
        self.change(maker_side, price, -lots)

    def rested(self, order_id: int, remaining: int) -> None:
        """What is left of the order that entered."""
        side, price = self._entering
        self._orders[order_id] = (price, remaining)
        self.change(side, price, remaining)

    def closed(self, side: int, order_id: int, price: int, remaining: int) -> None:
        """A resting order is gone."""
        self._orders.pop(order_id, None)
        self.change(side, price, -remaining)

    def amended(self, side: int, order_id: int, price: int, remaining: int, kept: bool) -> None:
        """A resting order has less at its price, or leaves the book to enter again."""
        was = self._orders.pop(order_id, None)
        if was is None:
            # What stood before `load` is in what was loaded, wherever it stood; but not which
            # prices were touched, if the updates are to begin before it.
            if self.folded > self.loaded:
                self.is_lost = True
            elif self.is_behind and not kept:
                self._begin_chains(self.folded + 1)
            was = (price, remaining if kept else 0)
        if kept:
            self._orders[order_id] = (price, remaining)
            self.change(side, price, remaining - was[1])
        else:
            self._entering = (side, price)
            self.change(side, was[0], -was[1])

    def keep_orders(self, come: Iterable[tuple[int, int, int]], gone: Iterable[int]) -> None:
        """Some orders rest (id, price, lots), others don't any more."""
        for order_id, price, lots in come:
            self._orders[order_id] = (price, lots)
        for order_id in gone:
            self._orders.pop(order_id, None)

    def change(self, side: int, price: int, lots: int) -> None:
        """A level has so many lots more."""
        self._now.changed[side].add(price)
        if self.folded <= self.loaded:
            return
        levels = self.levels[side]
        total = levels.get(price, 0) + lots
        if total > 0:
            levels[price] = total
        else:
            levels.pop(price, None)
            if total < 0:
                self.is_lost = True

    # loading

    def load(self, bids: Mapping[int, int], asks: Mapping[int, int], sequence: int) -> bool:
        """Take over the levels as of a market sequence; False if that is before what is folded.

        Once something was told, the next update has all that differs from it.
        """
        if sequence < max(self.folded, self._now.told):
            return False
        for side, levels in enumerate((bids, asks)):
            known = self.levels[side]
            if self.loaded >= 0:
                self._now.changed[side].update(
                    price
                    for price in known.keys() | levels.keys()
                    if known.get(price, 0) != levels.get(price, 0)
                )
            known.clear()
            known.update(levels)
        if self.loaded < 0 or self.is_behind or self._is_cut:
            self._begin(sequence)
        else:
            self._is_ahead = True
        self.loaded = sequence
        self.is_lost = False
        return True

    def resume(self, told: Mapping[str, int]) -> None:
        """Go on behind the last updates before a restart, by period. To be called after the first
        `load` and before any event. Of a chain whose events since then are not all folded the
        updates begin anew."""
        now = told.get("", self.loaded)
        if now <= self.loaded:
            self._begin(now)
            for period, chain in self._later.items():
                chain.told = min(told.get(period, now), now)
            self.is_behind = min(self.told.values()) < self.loaded

    def end_resuming(self) -> None:
        """All events have been folded that `load` was after, as far as they are to be had."""
        if self.is_behind:
            self._begin_chains(self.loaded + 1)
            self.is_behind = False

    def lose(self) -> None:
        """Events have been missed: the levels must be loaded."""
        self._is_cut = self._is_cut or self.is_behind
        self.is_behind = False
        self.is_lost = True

    def _begin(self, told: int) -> None:
        self.is_behind = self._is_cut = self._is_ahead = False
        for side in (BID, ASK):
            self._prices[side][:] = sorted(self.levels[side])
        for chain in (self._now, *self._later.values()):
            chain.begin(told)

    # telling

    @property
    def told(self) -> dict[str, int]:
        """Where the last update of each period ended."""
        return {"": self._now.told} | {name: chain.told for name, chain in self._later.items()}

    @property
    def sequence(self) -> int:
        """What the last update that was made ends with: the levels are those after that event."""
        return self._now.told

    @property
    def must_load(self) -> bool:
        """Whether only `load` helps."""
        return self.is_lost or self.loaded < 0

    @property
    def can_tell(self) -> bool:
        """Whether the levels are known, and so is all that changed since the last update."""
        return self.loaded >= 0 and not self.is_lost and not self.is_behind

    @property
    def can_show(self) -> bool:
        """Whether the levels are those of the last update."""
        return self.can_tell and not self._is_ahead

    @property
    def is_told(self) -> bool:
        """Whether every period has been told all that was taken."""
        return all(chain.told == self._now.told for chain in self._later.values())

    def take(self) -> DepthUpdate | None:
        """What changed since the last call; None if there was no event, or the levels can't be
        told at the moment."""
        if not self.can_tell:
            return None
        changed = self._now.changed
        self._is_ahead = False
        for side in (BID, ASK):
            self._put_in_order(side, changed[side])
            for chain in self._later.values():
                chain.changed[side].update(changed[side])
        return self._now.take(self.levels, max(self.folded, self.loaded))

    def take_period(self, period: str) -> DepthUpdate | None:
        """What the calls of `take` told since the last call for this period."""
        if not self.can_tell:
            return None
        return self._later[period].take(self.levels, self._now.told)

    def best(self) -> tuple[tuple[int, int] | None, tuple[int, int] | None]:
        """The best bid and ask of the last update."""
        bids, asks = self._prices
        bid = (bids[-1], self.levels[BID][bids[-1]]) if bids else None
        ask = (asks[0], self.levels[ASK][asks[0]]) if asks else None
        return bid, ask

    def snapshot(self, limit: int = 0) -> tuple[Levels, Levels]:
        """The best `limit` levels of each side (0: all) at the last update, prices ascending."""
        bids, asks = self._prices
        return (
            [(price, self.levels[BID][price]) for price in (bids[-limit:] if limit else bids)],
            [(price, self.levels[ASK][price]) for price in (asks[:limit] if limit else asks)],
        )

    def _put_in_order(self, side: int, changed: Iterable[int]) -> None:
        prices, levels = self._prices[side], self.levels[side]
        for price in changed:
            at = bisect_left(prices, price)
            is_listed = at < len(prices) and prices[at] == price
            if price in levels:
                if not is_listed:
                    prices.insert(at, price)
            elif is_listed:
                del prices[at]
