"""Pending orders: they wait outside the book, holding nothing, until their price is reached.

Promise: a pending order is found by its ids and stands in its account's list as a resting one does,
and in a book of its own kind (layout.TRIGGER_BOOKS), whose best level is the next one to be
reached; so whoever trades asks two numbers whether anybody waits for this price.
"""

from typing import Any

import numpy as np

from truebook.engine.answer import answer_order
from truebook.engine.book import (
    forget_order,
    join_account,
    join_level,
    key_of,
    leave_account,
    leave_level,
    market_of_book,
    new_order,
)
from truebook.engine.compiled import called, inlined
from truebook.engine.emit import emit_closed
from truebook.engine.hashing import touch_order
from truebook.engine.layout import NO_LEVEL, TRIGGER_BOOKS
from truebook.engine.state import State, level_at, link_at, meta_of, order_at
from truebook.messages import ORDER_RISES, CloseReason, OrderStatus

_CANCELLED = int(CloseReason.CANCELLED)
_STATUS_CANCELLED = int(OrderStatus.CANCELLED)
_WAS_PENDING = 2


@inlined
def is_pending(s: State, slot: Any) -> Any:
    """Whether the order in that slot waits for its trigger price."""
    return level_at(s, order_at(s, slot).level).book >= TRIGGER_BOOKS


@inlined
def trigger_price_of(s: State, slot: Any) -> Any:
    """The trigger price of a pending order."""
    level = level_at(s, order_at(s, slot).level)
    return key_of(level.book & 1, level.key)


@inlined
def join_waiting(s: State, slot: Any, number: Any, trigger_price: Any) -> None:
    """A new order joins those of its market that wait for the same price."""
    rises = np.int64(1) if order_at(s, slot).time_flags & ORDER_RISES else np.int64(0)
    book = TRIGGER_BOOKS + number * 2 + rises
    join_level(s, slot, book, key_of(rises, trigger_price), 0, NO_LEVEL)
    touch_order(s, slot)
    meta_of(s).triggers += 1


@inlined
def wait(
    s: State,
    number: Any,
    account: Any,
    order_id: Any,
    price: Any,
    quantity: Any,
    client_id: Any,
    time_flags: Any,
    trigger_price: Any,
    priority: Any,
) -> Any:
    """A new order begins to wait; its slot."""
    slot = new_order(
        s, order_id, account, number, quantity, 0, price, priority, time_flags, client_id
    )
    join_waiting(s, slot, number, trigger_price)
    join_account(s, slot, account)
    return slot


@inlined
def stop_waiting(s: State, slot: Any) -> None:
    """A pending order is no more."""
    order = order_at(s, slot)
    number = market_of_book(level_at(s, order.level).book)
    touch_order(s, slot)
    leave_level(s, slot)
    leave_account(s, slot, np.int64(order.account))
    forget_order(s, slot, number)
    meta_of(s).triggers -= 1


@inlined
def answer_pending(s: State, kind: Any, status: Any, reason: Any, slot: Any) -> None:
    """Reply with the pending order of that slot."""
    order = order_at(s, slot)
    answer_order(
        s,
        kind,
        status,
        reason,
        market_of_book(level_at(s, order.level).book),
        order.order_id,
        order.account,
        link_at(s, slot).client_id,
        order.executed_quote,
        order.quantity,
        0,
        trigger_price_of(s, slot),
        order.time_flags,
    )


@called
def close_pending(s: State, slot: Any) -> None:
    """Cancel the pending order in `slot`: CLOSED."""
    order = order_at(s, slot)
    book = market_of_book(level_at(s, order.level).book) * 2 + (order.time_flags & 1)
    account, order_id = np.int64(order.account), order.order_id
    quantity, price = order.quantity, order.executed_quote
    stop_waiting(s, slot)
    emit_closed(s, _CANCELLED, account, order_id, quantity, price, book, _WAS_PENDING)


@called
def cancel_pending(s: State, kind: Any, slot: Any) -> None:
    """Cancel the pending order in `slot`, and reply with it to a command of that kind."""
    answer_pending(s, kind, _STATUS_CANCELLED, _CANCELLED, slot)
    close_pending(s, slot)
