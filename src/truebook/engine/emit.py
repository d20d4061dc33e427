"""Writing events and replies, in the layouts of messages.py.

Promise: every function here writes one event and nothing else changes but the sequences it carries.
Event rows are written as four 64-bit words each, at the offsets of the dtypes; against those the
model tests compare every byte. The caller has made sure that there is room.
"""

from typing import Any

import numpy as np

from truebook.engine.compiled import inlined
from truebook.engine.hashing import touch_account, touch_market
from truebook.engine.layout import COUNTED
from truebook.engine.state import (
    State,
    account_at,
    balance_at,
    level_at,
    link_at,
    market_at,
    meta_of,
    order_at,
    out_at,
    reply_at,
    taker_of,
)
from truebook.messages import CommandKind, EventKind, OrderStatus

_ENTRY = int(EventKind.ENTRY)
_REJECTED = int(EventKind.REJECTED)
_ACCEPTED = int(EventKind.ACCEPTED)
_FILL = int(EventKind.FILL)
_RESTED = int(EventKind.RESTED)
_CLOSED = int(EventKind.CLOSED)
_AMENDED = int(EventKind.AMENDED)
_BALANCE = int(EventKind.BALANCE)
_TICKED = int(EventKind.TICKED)
_TRANSFERRED = int(EventKind.TRANSFERRED)
_STATUS_REJECTED = int(OrderStatus.REJECTED)
_STATUS_DONE = int(OrderStatus.DONE)
_CANCEL_ALL = int(CommandKind.CANCEL_ALL)


@inlined
def head(kind: Any, detail: Any, command: Any, account: Any) -> Any:
    """The first word of a row: kind u1, detail u1, command u2, account u4."""
    high = (np.int64(command) << 16) | (np.int64(account) << 32)
    return np.int64(kind) | (np.int64(detail) << 8) | high


@inlined
def rest_head(detail: Any, market: Any, high: Any) -> Any:
    """The first word of a continuation row: 0, detail u1, market u2, high u4."""
    return (np.int64(detail) << 8) | (np.int64(market) << 16) | (np.int64(high) << 32)


@inlined
def row(s: State, a: Any, b: Any, c: Any, d: Any) -> None:
    """Append one row."""
    meta = meta_of(s)
    at = meta.row * 4
    out_at(s, at).value = a
    out_at(s, at + 1).value = b
    out_at(s, at + 2).value = c
    out_at(s, at + 3).value = d
    meta.row += 1


@inlined
def next_market_sequence(s: State, market: Any) -> Any:
    """The market's next sequence number."""
    touch_market(s, market)
    record = market_at(s, market)
    record.sequence += 1
    return record.sequence


@inlined
def next_account_sequence(s: State, account: Any) -> Any:
    """The account's next sequence number."""
    touch_account(s, account)
    record = account_at(s, account)
    record.sequence += 1
    return record.sequence


@inlined
def emit_entry(s: State, status: Any, count: Any, gateway: Any, sequence: Any) -> None:
    """ENTRY: the events of one log entry begin."""
    row(s, head(_ENTRY, status, count, gateway), sequence, meta_of(s).time_ms, 0)


@inlined
def emit_rejected(
    s: State, kind: Any, account: Any, order_id: Any, code: Any, other_id: Any
) -> None:
    """REJECTED and its reply."""
    command = meta_of(s).command
    row(s, head(_REJECTED, kind, command, account), order_id, code, other_id)
    reply = new_reply(s, kind, _STATUS_REJECTED, code, 0)
    reply.order_id = order_id
    reply.account = account
    reply.quantity = other_id


@inlined
def emit_accepted(s: State, flags: Any) -> Any:
    """ACCEPTED for the taker; the market sequence it has."""
    taker = taker_of(s)
    command = meta_of(s).command
    market_sequence = next_market_sequence(s, taker.market)
    account_sequence = next_account_sequence(s, taker.account)
    first = head(_ACCEPTED, taker.side, command, taker.account)
    row(s, first, taker.order_id, taker.price, taker.quantity)
    second = rest_head(flags, taker.market, taker.client_id)
    row(s, second, market_sequence, account_sequence, taker.time_flags)
    return market_sequence


@inlined
def emit_fill(
    s: State, maker: Any, price: Any, lots: Any, maker_fee: Any, taker_fee: Any, trade_id: Any
) -> None:
    """FILL; `maker` is a slot, whose order has what remains after the fill."""
    taker = taker_of(s)
    order = order_at(s, maker)
    market_sequence = next_market_sequence(s, taker.market)
    maker_sequence = next_account_sequence(s, np.int64(order.account))
    taker_sequence = next_account_sequence(s, taker.account)
    command = meta_of(s).command
    row(s, head(_FILL, taker.side, command, order.account), order.order_id, price, lots)
    second = rest_head(0, taker.market, taker.account)
    row(s, second, taker.order_id, trade_id, market_sequence)
    row(s, 0, maker_fee, taker_fee, order.remaining)
    row(s, 0, maker_sequence, taker_sequence, 0)


@inlined
def emit_rested(s: State, remaining: Any) -> Any:
    """RESTED for the taker; the market sequence it has, which is its priority."""
    taker = taker_of(s)
    sequence = next_market_sequence(s, taker.market)
    first = head(_RESTED, taker.side, meta_of(s).command, taker.account)
    row(s, first, taker.order_id, remaining, sequence)
    return sequence


@inlined
def emit_closed(
    s: State,
    reason: Any,
    account: Any,
    order_id: Any,
    remaining: Any,
    price: Any,
    book: Any,
    rested: Any,
) -> None:
    """CLOSED for any order; `book` is market × 2 + side."""
    market = book >> 1
    market_sequence = next_market_sequence(s, market)
    account_sequence = next_account_sequence(s, account)
    first = head(_CLOSED, reason, meta_of(s).command, account)
    row(s, first, order_id, remaining, price)
    row(s, rest_head(book & 1, market, rested), market_sequence, account_sequence, 0)


@inlined
def emit_amended(
    s: State,
    mode: Any,
    account: Any,
    order_id: Any,
    price: Any,
    quantity: Any,
    book: Any,
    remaining: Any,
) -> None:
    """AMENDED, with the new values; `book` is market × 2 + side."""
    market = book >> 1
    market_sequence = next_market_sequence(s, market)
    account_sequence = next_account_sequence(s, account)
    first = head(_AMENDED, mode, meta_of(s).command, account)
    row(s, first, order_id, price, quantity)
    row(s, rest_head(book & 1, market, 0), market_sequence, account_sequence, remaining)


@inlined
def emit_balance(s: State, account: Any, asset: Any, slot: Any) -> None:
    """BALANCE: the new values of the balance in that slot."""
    balance = balance_at(s, slot)
    first = head(_BALANCE, 0, asset, account)
    row(s, first, balance.available, balance.locked, meta_of(s).command)


@inlined
def emit_ticked(s: State, market: Any) -> None:
    """TICKED: an empty update."""
    sequence = next_market_sequence(s, market)
    row(s, head(_TICKED, 0, meta_of(s).command, market), sequence, 0, 0)


@inlined
def emit_transferred(s: State, kind: Any, account: Any, asset: Any, amount: Any) -> None:
    """TRANSFERRED: a deposit or a withdrawal."""
    row(s, head(_TRANSFERRED, kind, meta_of(s).command, account), amount, asset, 0)


@inlined
def new_reply(s: State, kind: Any, status: Any, code: Any, market: Any) -> Any:
    """A reply to the current command; all other fields are 0 and the caller's to fill."""
    meta = meta_of(s)
    reply = reply_at(s, meta.reply)
    meta.reply += 1
    reply.kind = kind
    reply.status = status
    reply.code = code
    reply.command = meta.command
    reply.market = market
    reply.order_id = 0
    reply.account = 0
    reply.client_id = 0
    reply.price = 0
    reply.quantity = 0
    reply.executed = 0
    reply.executed_quote = 0
    reply.time_flags = 0
    return reply


@inlined
def reply_order(s: State, kind: Any, status: Any, reason: Any, slot: Any) -> None:
    """A reply with the resting order of that slot, as it stands now."""
    order = order_at(s, slot)
    level = level_at(s, order.level)
    reply = new_reply(s, kind, status, reason, level.book >> 1)
    reply.order_id = order.order_id
    reply.account = order.account
    reply.client_id = link_at(s, slot).client_id
    reply.price = level.key if level.book & 1 else -level.key
    reply.quantity = order.quantity
    reply.executed = order.quantity - order.remaining
    reply.executed_quote = order.executed_quote
    reply.time_flags = order.time_flags & ~COUNTED


@inlined
def reply_taker(s: State, status: Any, reason: Any) -> None:
    """A reply with the order that was in matching."""
    taker = taker_of(s)
    reply = new_reply(s, taker.command_kind, status, reason, taker.market)
    reply.order_id = taker.order_id
    reply.account = taker.account
    reply.client_id = taker.client_id
    reply.price = taker.price
    reply.quantity = taker.quantity
    reply.executed = taker.executed
    reply.executed_quote = taker.executed_quote
    reply.time_flags = taker.time_flags


@inlined
def reply_done(s: State, kind: Any, account: Any, market: Any, quantity: Any) -> None:
    """A reply that says: carried out."""
    reply = new_reply(s, kind, _STATUS_DONE, 0, market)
    reply.account = account
    reply.quantity = quantity
