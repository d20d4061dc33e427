"""The orders of one account, and the update that each event about them gives.

Promise: with all of the account's events since `load`, in order, each that has an account sequence
gives exactly one update with that sequence, the text that feed/updates.py makes of the order as it
then stood. Events up to the sequence that was loaded give none.

What is kept of an order ends with it: orders that trade and are gone within one command, too.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from truebook.directory import Directory
from truebook.feed.events import (
    Accepted,
    Amended,
    Closed,
    Fill,
    TriggerFailed,
    TriggerPlaced,
)
from truebook.feed.updates import (
    ACCEPTED,
    FAILED,
    FILLED,
    MODIFIED,
    PLACED,
    FillThen,
    OrderThen,
    TriggerThen,
    close_name,
    update_json,
)
from truebook.feed.words import status_of
from truebook.messages import (
    ACCEPTED_TRIGGERED,
    ORDER_PERCENT,
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


def trigger_of(price: int, quantity: int, time_flags: int) -> TriggerThen:
    """The trigger of an order as its TRIGGER_PLACED, or its row while it is pending, has it."""
    return TriggerThen(price, quantity, time_flags & ORDER_PERCENT != 0)


@dataclass(slots=True)
class LiveOrder:
    """An order that may still change. While it is pending its `quantity` is 0."""

    order_id: int
    client_id: int
    price: int
    quantity: int
    executed: int
    executed_quote: int
    time_flags: int
    trigger: TriggerThen | None = None
    """Of one that is pending."""

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
            self.trigger,
        )

    @property
    def is_filled(self) -> bool:
        """Whether nothing is left of what was ordered."""
        by_quote = self.time_flags >> ORDER_TYPE_SHIFT & 3 == OrderType.MARKET_BY_QUOTE
        return self.quantity == (self.executed_quote if by_quote else self.executed)

    @property
    def status(self) -> OrderStatus:
        """Its status, unless it was closed."""
        if self.trigger is not None:
            return OrderStatus.TRIGGER_PENDING
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
        """Take over the resting and pending orders as of an account sequence."""
        self.sequence = sequence
        self._orders = {row.order_id: _live(row) for row in orders}

    def accepted(self, event: Accepted, time_ms: int) -> Iterable[Update]:
        """A new order of this account, or one that was pending and has fired."""
        if event.account_sequence <= self.sequence:
            return
        order = LiveOrder(
            event.order_id, event.client_id, event.price, event.quantity, 0, 0, event.time_flags
        )
        trigger = None
        if event.flags & ACCEPTED_TRIGGERED:
            trigger = self._orders[event.order_id].trigger
        self._orders[order.order_id] = order
        yield self._update(
            ACCEPTED, event.market, order, event.account_sequence, time_ms, fired=trigger
        )

    def trigger_placed(self, event: TriggerPlaced, time_ms: int) -> Iterable[Update]:
        """A new order that waits for its trigger price."""
        if event.account_sequence <= self.sequence:
            return
        trigger = trigger_of(event.trigger_price, event.quantity, event.time_flags)
        order = LiveOrder(
            event.order_id, event.client_id, event.price, 0, 0, 0, event.time_flags, trigger
        )
        self._orders[order.order_id] = order
        yield self._update(PLACED, event.market, order, event.account_sequence, time_ms)

    def trigger_failed(self, event: TriggerFailed, time_ms: int) -> Iterable[Update]:
        """A pending order fired and could not be placed."""
        if event.account_sequence <= self.sequence:
            return
        order = self._orders.pop(event.order_id)
        sequence = event.account_sequence
        yield self._update(FAILED, event.market, order, sequence, time_ms, failure=event.code)

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
        return self._update(FILLED, event.market, order, sequence, time_ms, fill=fill)

    def closed(self, event: Closed, time_ms: int) -> Iterable[Update]:
        """One of its orders is gone with something left."""
        if event.account_sequence <= self.sequence:
            return
        order = self._orders.pop(event.order_id)
        reason, sequence = CloseReason(event.reason), event.account_sequence
        yield self._update(
            close_name(reason), event.market, order, sequence, time_ms, reason=reason
        )

    def amended(self, event: Amended, time_ms: int) -> Iterable[Update]:
        """One of its orders has another price or quantity."""
        if event.account_sequence <= self.sequence:
            return
        order = self._orders[event.order_id]
        order.price, order.quantity = event.price, event.quantity
        yield self._update(MODIFIED, event.market, order, event.account_sequence, time_ms)

    def _update(
        self,
        name: str,
        market: int,
        order: LiveOrder,
        sequence: int,
        time_ms: int,
        *,
        reason: CloseReason | None = None,
        failure: int | None = None,
        fired: TriggerThen | None = None,
        fill: FillThen | None = None,
    ) -> Update:
        self.sequence = sequence
        status = order.status if reason is None else status_of(reason)
        then = order.then()
        text = update_json(
            name,
            self._directory.markets[market],
            then if fired is None else then._replace(trigger=fired),
            status if failure is None else OrderStatus.TRIGGER_FAILED,
            sequence=sequence,
            time_ms=time_ms,
            reason=reason,
            failure=failure,
            fill=fill,
        )
        return Update(sequence, text)


def _live(row: OrderRow) -> LiveOrder:
    is_pending = row.trigger_price != 0
    return LiveOrder(
        row.order_id,
        row.client_id,
        row.price,
        0 if is_pending else row.quantity,
        row.quantity - row.remaining,
        row.executed_quote,
        row.time_flags,
        trigger_of(row.trigger_price, row.quantity, row.time_flags) if is_pending else None,
    )
