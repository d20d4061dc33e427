"""Writing replies, in the layout of messages/replies.py.

Promise: every function here writes one reply to the present command, and nothing else changes. The
caller has made sure that there is room.
"""

from typing import Any

import numpy as np

from truebook.engine.compiled import inlined
from truebook.engine.state import State, level_at, link_at, meta_of, order_at, reply_at, taker_of
from truebook.messages import REPLY_BYTES, OrderStatus

_STATUS_REJECTED = int(OrderStatus.REJECTED)
_STATUS_DONE = int(OrderStatus.DONE)


@inlined
def _next_reply(s: State, kind: Any, status: Any, code: Any, market: Any) -> Any:
    """A reply whose first word is written; all other fields are the caller's to write."""
    meta = meta_of(s)
    at = meta.next_reply
    meta.next_reply = at + REPLY_BYTES
    reply = reply_at(at)
    reply.head = (
        np.int64(kind)
        | (np.int64(status) << 8)
        | (np.int64(code) << 16)
        | (np.int64(meta.command) << 32)
        | (np.int64(market) << 48)
    )
    return reply


@inlined
def answer_order(
    s: State,
    kind: Any,
    status: Any,
    reason: Any,
    market: Any,
    order_id: Any,
    account: Any,
    client_id: Any,
    price: Any,
    quantity: Any,
    executed: Any,
    executed_quote: Any,
    time_flags: Any,
) -> None:
    """An order as it stands now."""
    reply = _next_reply(s, kind, status, reason, market)
    reply.order_id = order_id
    reply.owner = np.int64(account) | (np.int64(client_id) << 32)
    reply.price = price
    reply.quantity = quantity
    reply.executed = executed
    reply.executed_quote = executed_quote
    reply.time_flags = time_flags


@inlined
def answer_resting(s: State, kind: Any, status: Any, reason: Any, slot: Any) -> None:
    """The resting order of that slot."""
    order = order_at(s, slot)
    level = level_at(s, order.level)
    book = np.int64(level.book)
    quantity = order.quantity
    answer_order(
        s,
        kind,
        status,
        reason,
        book >> 1,
        order.order_id,
        order.account,
        link_at(s, slot).client_id,
        level.key if book & 1 else -level.key,
        quantity,
        quantity - order.remaining,
        order.executed_quote,
        order.time_flags,
    )


@inlined
def answer_taker(s: State, status: Any, reason: Any) -> None:
    """The order that was in matching."""
    taker = taker_of(s)
    answer_order(
        s,
        taker.command_kind,
        status,
        reason,
        taker.market,
        taker.order_id,
        taker.account,
        taker.client_id,
        taker.price,
        taker.quantity,
        taker.executed,
        taker.executed_quote,
        taker.time_flags,
    )


@inlined
def answer_rejected(
    s: State, kind: Any, code: Any, account: Any, order_id: Any, other_id: Any
) -> None:
    """The command changed nothing; `other_id` is the order that has the client id."""
    answer_order(s, kind, _STATUS_REJECTED, code, 0, order_id, account, 0, 0, other_id, 0, 0, 0)


@inlined
def answer_done(s: State, kind: Any, account: Any, market: Any, quantity: Any) -> None:
    """Carried out."""
    answer_order(s, kind, _STATUS_DONE, 0, market, 0, account, 0, 0, quantity, 0, 0, 0)


@inlined
def answer_withdrawal(s: State, kind: Any, account: Any, withdrawal_id: Any, amount: Any) -> None:
    """Carried out, for a withdrawal."""
    answer_order(s, kind, _STATUS_DONE, 0, 0, withdrawal_id, account, 0, 0, amount, 0, 0, 0)
