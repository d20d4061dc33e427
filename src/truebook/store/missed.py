"""The private updates that somebody missed, made again from orders, fills and amendments.

Promise: the same bytes as the feed told as they happened. Every update is one numbered thing that
the database keeps: an order's acceptance, a fill, an amendment, or a close; so all numbers between
two are there, or it is said that they aren't. What an order was like then follows backwards from
what it is like now: what it has executed since is taken off, and amendments keep what was before.
"""

from collections.abc import Sequence
from typing import NamedTuple

from truebook.directory import Asset, Market
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

    def then(self) -> OrderThen:
        return OrderThen(
            self.now.order_id,
            self.now.client_id,
            self.price,
            self.quantity,
            self.executed,
            self.executed_quote,
            self.now.time_flags,
        )

    def status(self) -> OrderStatus:
        done = self.executed_quote if self.is_by_quote else self.executed
        if done == self.quantity:
            return OrderStatus.FILLED
        return OrderStatus.PARTIALLY_FILLED if self.executed else OrderStatus.NEW

    def execute(self, fill: MissedFill, sign: int) -> None:
        self.executed += sign * fill.quantity
        self.executed_quote += sign * fill.price * fill.quantity * self.market.unit


_Happened = tuple[_Order, MissedFill | MissedAmendment | CloseReason | None]
"""To which order what happened: a fill, an amendment, a close, or (None) its acceptance."""


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
        if after < now.accepted_sequence <= to:
            happened[now.accepted_sequence] = order, None
        closed = now.closed_sequence
        if now.reason is not None and closed is not None and after < closed <= to:
            happened[closed] = order, CloseReason(now.reason)
    return happened


def _life(lives: dict[int, list[_Order]], order_id: int, sequence: int) -> _Order:
    """The order that had the id then: the last one accepted before."""
    orders = lives[order_id]
    return next(o for o in reversed(orders) if o.now.accepted_sequence < sequence)


def _tell(
    missed: Missed,
    sequence: int,
    order: _Order,
    what: MissedFill | MissedAmendment | CloseReason | None,
) -> bytes:
    """Let it happen, and tell it."""
    name, told, reason = ACCEPTED, None, None
    time_ms = order.now.time_flags >> ORDER_TIME_SHIFT
    if isinstance(what, MissedFill):
        name, time_ms = FILLED, what.time_ms
        order.execute(what, 1)
        asset = missed.assets[what.fee_asset]
        told = FillThen(
            what.trade_id, what.price, what.quantity, what.fee, asset, bool(what.is_maker)
        )
    elif isinstance(what, MissedAmendment):
        name, time_ms = MODIFIED, what.time_ms
        order.price, order.quantity = what.price, what.quantity
    elif what is not None:
        name, reason = close_name(what), what
        time_ms = order.now.closed_ms or 0
    status = order.status() if reason is None else status_of(reason)
    return update_json(
        name,
        order.market,
        order.then(),
        status,
        sequence=sequence,
        time_ms=time_ms,
        reason=reason,
        fill=told,
    )
