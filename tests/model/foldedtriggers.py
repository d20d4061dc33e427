"""Orders that wait for their trigger price, as they follow from events; and whose turn it is."""

from dataclasses import dataclass, field
from typing import Any

from model.foldedbook import FoldedOrder
from model.foldedsettings import FoldedMarket

from truebook import messages as m


@dataclass
class FoldedTriggers:
    """Pending orders, and which prices the present command has reached."""

    pending: dict[int, FoldedOrder] = field(default_factory=dict)
    reached: dict[int, list[int]] = field(default_factory=dict)
    """The prices of the present command's fills, by market."""

    def reach(self, market: int, price: int) -> None:
        """A fill had this price."""
        self.reached.setdefault(market, []).append(price)

    def end_command(self) -> None:
        """Nothing that was reached may wait any longer."""
        for market in self.reached:
            order = self.next(market)
            assert order is None, f"order {order.order_id if order else 0} should have fired"
        self.reached.clear()

    def next(self, market: int) -> FoldedOrder | None:
        """Return the order that must fire next: rising ones first, then falling ones."""
        prices = self.reached.get(market)
        if not prices:
            return None
        up = [
            (order.trigger_price, order.priority, order.order_id)
            for order in self.pending.values()
            if order.market == market and order.rises and order.trigger_price <= max(prices)
        ]
        down = [
            (-order.trigger_price, order.priority, order.order_id)
            for order in self.pending.values()
            if order.market == market and not order.rises and order.trigger_price >= min(prices)
        ]
        turn = sorted(up)[:1] or sorted(down)[:1]
        return self.pending[turn[0][2]] if turn else None

    def check_direction(self, order: FoldedOrder, reference: int) -> None:
        """It waits for the price to rise if its trigger lies above, to fall if below."""
        if reference == 0 or reference == order.trigger_price:
            expected = order.side == m.Side.BID
        else:
            expected = reference < order.trigger_price
        assert order.rises == expected, f"order {order.order_id} waits for the wrong direction"

    def check_fired(
        self, order: FoldedOrder, accepted: Any, market: FoldedMarket, available: int
    ) -> None:
        """What fires is what was placed; a share of the funds is counted now."""
        flags = order.time_flags & ~m.ORDER_PERCENT
        assert accepted.time_flags == flags, f"order {order.order_id} fires with other flags"
        assert accepted.client_id == order.client_id
        if order.order_type == m.OrderType.LIMIT:
            assert accepted.price == order.price
        quantity = order.quantity
        if order.time_flags & m.ORDER_PERCENT:
            share = available * order.quantity // 10_000
            each = accepted.price * market.unit if order.side == m.Side.BID else market.lot_atoms
            quantity = share // each if each else 0
        assert accepted.quantity == quantity, f"order {order.order_id} fires with another quantity"
