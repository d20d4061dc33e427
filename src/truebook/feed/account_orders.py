"""The orders of one account, and the update that each event about them gives.

Promise: with all of the account's events since `load`, in order, each that has an account sequence
gives exactly one update with that sequence, the text that feed/updates.py makes of the order as it
then stood. Events up to the sequence that was loaded give none.

What is kept of an order ends with it: orders that trade and are gone within one command, too.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from truebook.directory import Directory, Market
from truebook.feed.events import Accepted, Amended, Closed, Fill
from truebook.feed.updates import (
    ACCEPTED,
    FILLED,
    MODIFIED,
    FillThen,
    OrderThen,
    close_name,
    update_json,
)
from truebook.feed.words import status_of
from truebook.messages import (
    ORDER_SIDE_SHIFT,
    ORDER_TYPE_SHIFT,
    CloseReason,
    OrderStatus,
    OrderType,
    Side,
)
from truebook.queries import OrderRow


class Update(NamedTuple):
    """One update of an account."""

    sequence: int
    text: bytes


@dataclass(slots=True)
class LiveOrder:
    """An order that may still change."""

    order_id: int
    client_id: int
    price: int
    quantity: int
    executed: int
    executed_quote: int
    time_flags: int

    def then(self) -> OrderThen:
        """As it stands."""
        return OrderThen(
            self.order_id,
            self.client_id,
            self.price,
            self.quantity,
            self.executed,
            self.executed_quote,
            self.time_flags,
        )

    @property
    def is_filled(self) -> bool:
        """Whether nothing is left of what was ordered."""
        by_quote = self.time_flags >> ORDER_TYPE_SHIFT & 3 == OrderType.MARKET_BY_QUOTE
        return self.quantity == (self.executed_quote if by_quote else self.executed)

    @property
    def status(self) -> OrderStatus:
        """Its status, unless it was closed."""
        if self.is_filled:
            return OrderStatus.FILLED
        return OrderStatus.PARTIALLY_FILLED if self.executed else OrderStatus.NEW


class AccountOrders:
    """One account's orders."""

    def __init__(self, account: int, directory: Directory) -> None:
        self.account = account
        self.sequence = 0
        """Of the last update, or of what was loaded."""
        self._directory = directory
        self._orders: dict[int, LiveOrder] = {}

    def load(self, sequence: int, orders: Iterable[OrderRow]) -> None:
        """Take over the resting orders as of an account sequence."""
        self.sequence = sequence
        self._orders = {
            row.order_id: LiveOrder(
                row.order_id,
                row.client_id,
                row.price,
                row.quantity,
                row.quantity - row.remaining,
                row.executed_quote,
                row.time_flags,
            )
            for row in orders
        }

    def accepted(self, event: Accepted, time_ms: int) -> Iterable[Update]:
        """A new order of this account."""
        if event.account_sequence <= self.sequence:
            return
        order = LiveOrder(
            event.order_id, event.client_id, event.price, event.quantity, 0, 0, event.time_flags
        )
        self._orders[order.order_id] = order
        market = self._directory.markets[event.market]
        yield self._update(ACCEPTED, market, order, event.account_sequence, time_ms)

    def filled(self, event: Fill, time_ms: int) -> Iterable[Update]:
        """A trade of one of its orders, or of two."""
        if event.maker_account == self.account and event.maker_sequence > self.sequence:
            yield self._fill(event, event.maker_order_id, True, event.maker_sequence, time_ms)
        if event.taker_account == self.account and event.taker_sequence > self.sequence:
            yield self._fill(event, event.taker_order_id, False, event.taker_sequence, time_ms)

    def _fill(
        self, event: Fill, order_id: int, is_maker: bool, sequence: int, time_ms: int
    ) -> Update:
        order = self._orders[order_id]
        market = self._directory.markets[event.market]
        order.executed += event.quantity
        order.executed_quote += event.price * event.quantity * market.unit
        if order.is_filled:
            del self._orders[order_id]
        is_bid = order.time_flags >> ORDER_SIDE_SHIFT & 1 == Side.BID
        fill = FillThen(
            event.trade_id,
            event.price,
            event.quantity,
            event.maker_fee if is_maker else event.taker_fee,
            market.base if is_bid else market.quote,
            is_maker,
        )
        return self._update(FILLED, market, order, sequence, time_ms, fill=fill)

    def closed(self, event: Closed, time_ms: int) -> Iterable[Update]:
        """One of its orders is gone with something left."""
        if event.account_sequence <= self.sequence:
            return
        order = self._orders.pop(event.order_id)
        reason = CloseReason(event.reason)
        market = self._directory.markets[event.market]
        yield self._update(
            close_name(reason), market, order, event.account_sequence, time_ms, reason=reason
        )

    def amended(self, event: Amended, time_ms: int) -> Iterable[Update]:
        """One of its orders has another price or quantity."""
        if event.account_sequence <= self.sequence:
            return
        order = self._orders[event.order_id]
        order.price, order.quantity = event.price, event.quantity
        market = self._directory.markets[event.market]
        yield self._update(MODIFIED, market, order, event.account_sequence, time_ms)

    def _update(
        self,
        name: str,
        market: Market,
        order: LiveOrder,
        sequence: int,
        time_ms: int,
        *,
        reason: CloseReason | None = None,
        fill: FillThen | None = None,
    ) -> Update:
        self.sequence = sequence
        status = order.status if reason is None else status_of(reason)
        text = update_json(
            name,
            market,
            order.then(),
            status,
            sequence=sequence,
            time_ms=time_ms,
            reason=reason,
            fill=fill,
        )
        return Update(sequence, text)
