"""The private updates that somebody missed, made again from orders, fills and amendments.

Promise: the same bytes as the feed told as they happened. Every update is one numbered thing that
the database keeps: an order's placement, how it fired, a fill, an amendment, or a close; so all
numbers between two are there, or it is said that they aren't. What an order was like then follows
backwards from what it is like now: what it has executed since is taken off, amendments keep what
was before, and so does an order how it was placed with its trigger.
"""

from collections.abc import Sequence
from typing import NamedTuple

from truebook.directory import Asset, Market
from truebook.feed.account_orders import trigger_of
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
from truebook.history import HistoryUnavailable
from truebook.messages import (
    ORDER_TIME_SHIFT,
    ORDER_TYPE_SHIFT,
    CloseReason,
    OrderStatus,
    OrderType,
)


class MissedOrder(NamedTuple):
    """An order as it is now."""

    order_id: int
    accepted_sequence: int
    market: int
    client_id: int
    price: int
    quantity: int
    executed: int
    executed_quote: int
    closed_sequence: int | None
    closed_ms: int | None
    reason: int | None
    """CloseReason, if it was closed before it was filled."""
    time_flags: int
    trigger_price: int | None
    """None: it was placed without a trigger, and so are the next three."""
    trigger_limit: int
    trigger_quantity: int
    trigger_flags: int
    fired_sequence: int | None
    fired_ms: int | None
    failed: int | None
    """RejectCode, if it fired and could not be placed."""


class MissedFill(NamedTuple):
    """One side of a trade."""

    sequence: int
    order_id: int
    price: int
    quantity: int
    fee: int
    fee_asset: int
    is_maker: int
    trade_id: int
    time_ms: int


class MissedAmendment(NamedTuple):
    """An amendment, with price and quantity after it and before it."""

    sequence: int
    order_id: int
    price: int
    quantity: int
    time_ms: int
    price_before: int
    quantity_before: int


class Missed(NamedTuple):
    """Everything that is needed to tell an account's updates after one and up to another."""

    account_sequence: int
    orders: Sequence[MissedOrder]
    """Those that the updates are about."""
    fills: Sequence[MissedFill]
    """Of these orders, after the first sequence and up to now, in order."""
    amendments: Sequence[MissedAmendment]
    """The same."""
    markets: dict[int, Market]
    assets: dict[int, Asset]


class _Placed(NamedTuple):
    """An order came: into matching or the book, or to wait for its trigger price."""


class _Fired(NamedTuple):
    """A pending order fired, with what it ordered then."""

    price: int
    quantity: int


_Happening = _Placed | _Fired | MissedFill | MissedAmendment | CloseReason


class _Order:
    """An order on its way from then to now."""

    def __init__(self, now: MissedOrder, market: Market) -> None:
        self.now = now
        self.market = market
        self.price = now.price
        self.quantity = now.quantity
        self.executed = now.executed
        self.executed_quote = now.executed_quote
        self.is_by_quote = now.time_flags >> ORDER_TYPE_SHIFT & 3 == OrderType.MARKET_BY_QUOTE
        self.trigger: TriggerThen | None = None
        self.time_flags = now.time_flags
        if now.trigger_price is not None and now.fired_sequence is None:
            self.wait()

    def then(self) -> OrderThen:
        return OrderThen(
            self.now.order_id,
            self.now.client_id,
            self.price,
            self.quantity,
            self.executed,
            self.executed_quote,
            self.time_flags,
            self.trigger,
        )

    def status(self) -> OrderStatus:
        if self.trigger is not None:
            return OrderStatus.TRIGGER_PENDING
        done = self.executed_quote if self.is_by_quote else self.executed
        if done == self.quantity:
            return OrderStatus.FILLED
        return OrderStatus.PARTIALLY_FILLED if self.executed else OrderStatus.NEW

    def execute(self, fill: MissedFill, sign: int) -> None:
        self.executed += sign * fill.quantity
        self.executed_quote += sign * fill.price * fill.quantity * self.market.unit

    def wait(self) -> _Fired:
        """Be pending; what it became, or will become."""
        fired, now = _Fired(self.price, self.quantity), self.now
        assert now.trigger_price is not None
        self.trigger = trigger_of(now.trigger_price, now.trigger_quantity, now.trigger_flags)
        self.price, self.quantity, self.time_flags = now.trigger_limit, 0, now.trigger_flags
        return fired

    def fire(self, fired: _Fired) -> TriggerThen | None:
        """Be placed; the trigger it had until then."""
        trigger, self.trigger = self.trigger, None
        self.price, self.quantity = fired
        self.time_flags = self.now.time_flags
        return trigger


_Happened = tuple[_Order, _Happening]
"""To which order what happened."""


def updates_of(missed: Missed, after: int, to: int) -> list[bytes]:
    """The updates with after < seq ≤ to. Raises HistoryUnavailable if any isn't there."""
    lives: dict[int, list[_Order]] = {}
    for now in sorted(missed.orders, key=lambda order: order.accepted_sequence):
        lives.setdefault(now.order_id, []).append(_Order(now, missed.markets[now.market]))
    happened = _happened(missed, lives, after, to)
    if missed.account_sequence < to or len(happened) != max(to - after, 0):
        raise HistoryUnavailable("the database doesn't have all of these updates")
    return [_tell(missed, sequence, *happened[sequence]) for sequence in sorted(happened)]


def _happened(
    missed: Missed, lives: dict[int, list[_Order]], after: int, to: int
) -> dict[int, _Happened]:
    """What happened under each number; the orders are set back to what they were at the first."""
    happened: dict[int, _Happened] = {}
    for fill in missed.fills:
        order = _life(lives, fill.order_id, fill.sequence)
        order.execute(fill, -1)
        if fill.sequence <= to:
            happened[fill.sequence] = order, fill
    for amendment in reversed(missed.amendments):
        order = _life(lives, amendment.order_id, amendment.sequence)
        order.price, order.quantity = amendment.price_before, amendment.quantity_before
        if amendment.sequence <= to:
            happened[amendment.sequence] = order, amendment
    for order in (order for orders in lives.values() for order in orders):
        now = order.now
        fired, closed = now.fired_sequence, now.closed_sequence
        if fired is not None and fired > after:
            what = order.wait()
            if fired <= to:
                happened[fired] = order, what
        if after < now.accepted_sequence <= to:
            happened[now.accepted_sequence] = order, _Placed()
        if now.reason is not None and closed is not None and after < closed <= to:
            happened[closed] = order, CloseReason(now.reason)
    return happened


def _life(lives: dict[int, list[_Order]], order_id: int, sequence: int) -> _Order:
    """The order that had the id then: the last one accepted before."""
    orders = lives[order_id]
    return next(o for o in reversed(orders) if o.now.accepted_sequence < sequence)


def _tell(missed: Missed, sequence: int, order: _Order, what: _Happening) -> bytes:
    """Let it happen, and tell it."""
    now = order.now
    name, time_ms = ACCEPTED, now.time_flags >> ORDER_TIME_SHIFT
    fill = reason = failure = fired = None
    match what:
        case _Placed():
            name = PLACED if order.trigger is not None else ACCEPTED
        case _Fired() if now.failed is not None:
            name, time_ms, failure = FAILED, now.fired_ms or 0, now.failed
        case _Fired():
            time_ms, fired = now.fired_ms or 0, order.fire(what)
        case MissedFill():
            name, time_ms = FILLED, what.time_ms
            order.execute(what, 1)
            fill = _fill(what, missed.assets[what.fee_asset])
        case MissedAmendment():
            name, time_ms = MODIFIED, what.time_ms
            order.price, order.quantity = what.price, what.quantity
        case CloseReason():
            name, time_ms, reason = close_name(what), now.closed_ms or 0, what
    status = order.status() if reason is None else status_of(reason)
    then = order.then()
    return update_json(
        name,
        order.market,
        then if fired is None else then._replace(trigger=fired),
        status if failure is None else OrderStatus.TRIGGER_FAILED,
        sequence=sequence,
        time_ms=time_ms,
        reason=reason,
        failure=failure,
        fill=fill,
    )


def _fill(fill: MissedFill, fee_asset: Asset) -> FillThen:
    return FillThen(
        fill.trade_id, fill.price, fill.quantity, fill.fee, fee_asset, bool(fill.is_maker)
    )
