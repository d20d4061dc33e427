"""Orders and books as they follow from events: dictionaries in the order of arrival."""

from dataclasses import dataclass

from truebook import messages as m


@dataclass(slots=True)
class FoldedOrder:
    """An order, from its ACCEPTED or TRIGGER_PLACED event on."""

    order_id: int
    account: int
    market: int
    side: int
    client_id: int
    price: int
    quantity: int
    remaining: int
    """Lots; quote atoms of an order by quote."""
    time_flags: int
    executed: int = 0
    executed_quote: int = 0
    priority: int = 0
    fills: int = 0
    """In the present command."""
    trigger_price: int = 0
    """While it is pending; else 0."""

    @property
    def order_type(self) -> int:
        """Its OrderType."""
        return self.time_flags >> m.ORDER_TYPE_SHIFT & 3

    @property
    def time_in_force(self) -> int:
        """Its TimeInForce."""
        return self.time_flags >> m.ORDER_TIME_IN_FORCE_SHIFT & 3

    @property
    def self_trade(self) -> int:
        """Its SelfTrade mode."""
        return self.time_flags >> m.ORDER_SELF_TRADE_SHIFT & 3

    @property
    def may_rest(self) -> bool:
        """Whether its rest may stand in the book."""
        return self.order_type == m.OrderType.LIMIT and self.time_in_force == m.TimeInForce.GTC

    @property
    def rises(self) -> bool:
        """Whether, pending, it fires at its trigger price or above."""
        return bool(self.time_flags & m.ORDER_RISES)


class FoldedBook:
    """One market's orders: for each side and price a queue."""

    def __init__(self) -> None:
        self.sides: tuple[dict[int, dict[int, FoldedOrder]], ...] = ({}, {})
        self.lots: tuple[dict[int, int], ...] = ({}, {})
        """The sum of each level, kept up to date by itself."""

    def best(self, side: int) -> int | None:
        """Return the best price of a side."""
        prices = self.sides[side]
        if not prices:
            return None
        return min(prices) if side else max(prices)

    def first(self, side: int) -> FoldedOrder:
        """Return the order that trades next on a side that is not empty."""
        best = self.best(side)
        assert best is not None
        return next(iter(self.sides[side][best].values()))

    def add(self, order: FoldedOrder) -> None:
        """Put an order at the end of its queue."""
        self.sides[order.side].setdefault(order.price, {})[order.order_id] = order
        lots = self.lots[order.side]
        lots[order.price] = lots.get(order.price, 0) + order.remaining

    def reduce(self, order: FoldedOrder, lots: int) -> None:
        """Take lots off an order's level."""
        self.lots[order.side][order.price] -= lots

    def remove(self, order: FoldedOrder) -> None:
        """Take an order out."""
        queue = self.sides[order.side][order.price]
        del queue[order.order_id]
        if not queue:
            del self.sides[order.side][order.price]
        self.reduce(order, order.remaining)
        if not queue:
            assert self.lots[order.side].pop(order.price) == 0, "I4: a ghost level"

    def is_crossed(self) -> bool:
        """Tell whether somebody bids what somebody asks."""
        bid, ask = self.best(0), self.best(1)
        return bid is not None and ask is not None and bid >= ask

    def depth(self, side: int) -> list[tuple[int, int]]:
        """Return (price, lots) of each level, best first."""
        return sorted(self.lots[side].items(), reverse=side == 0)

    def check_sums(self) -> None:
        """Each level is the sum of its orders (I4)."""
        for side, queues in enumerate(self.sides):
            sums = {price: sum(o.remaining for o in queues[price].values()) for price in queues}
            assert sums == self.lots[side], f"I4: {sums}, not {self.lots[side]}"
