"""Writing events, in the layouts of messages/events.py.

Promise: every function here writes one event and nothing else changes but the sequences it carries.
Event rows are written as four 64-bit words each, at the offsets of the dtypes; against those the
model tests compare every byte. The caller has made sure that there is room.
"""

from typing import Any

import numpy as np

from truebook.engine.answer import answer_rejected
from truebook.engine.compiled import inlined
from truebook.engine.hashing import touch_account
from truebook.engine.state import (
    State,
    account_at,
    market_at,
    meta_of,
    row_at,
)
from truebook.messages import EVENT_ROW_BYTES, EventKind

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
_TRIGGER_PLACED = int(EventKind.TRIGGER_PLACED)
_TRIGGER_FAILED = int(EventKind.TRIGGER_FAILED)


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
def next_rows(s: State, count: Any) -> Any:
    """Room for an event of that many rows: the address of the first."""
    meta = meta_of(s)
    first = meta.next_row
    meta.next_row = first + count * EVENT_ROW_BYTES
    return first


@inlined
def write_row(at: Any, a: Any, b: Any, c: Any, d: Any) -> None:
    """Write one row at that address."""
    written = row_at(at)
    written.a = a
    written.b = b
    written.c = c
    written.d = d


@inlined
def row(s: State, a: Any, b: Any, c: Any, d: Any) -> None:
    """Append one row."""
    write_row(next_rows(s, 1), a, b, c, d)


@inlined
def next_market_sequence(s: State, number: Any) -> Any:
    """The market's next sequence number."""
    market = market_at(s, number)
    sequence = market.sequence + 1
    market.sequence = sequence
    return sequence


@inlined
def next_account_sequence(s: State, number: Any) -> Any:
    """The account's next sequence number."""
    touch_account(s, number)
    account = account_at(s, number)
    sequence = account.sequence + 1
    account.sequence = sequence
    return sequence


@inlined
def emit_entry(s: State, status: Any, count: Any, gateway: Any, sequence: Any) -> None:
    """ENTRY: the events of one log entry begin."""
    first = head(_ENTRY, status, count, gateway)
    row(s, first, sequence, meta_of(s).time_ms, 0)


@inlined
def emit_rejected(
    s: State, kind: Any, account: Any, order_id: Any, code: Any, other_id: Any
) -> None:
    """REJECTED and its reply."""
    first = head(_REJECTED, kind, meta_of(s).command, account)
    row(s, first, order_id, code, other_id)
    answer_rejected(s, kind, code, account, order_id, other_id)


@inlined
def emit_accepted(
    s: State,
    flags: Any,
    book: Any,
    account: Any,
    order_id: Any,
    price: Any,
    quantity: Any,
    client_id: Any,
    time_flags: Any,
) -> Any:
    """ACCEPTED; the market sequence it has. `book` is market × 2 + side."""
    number = book >> 1
    market_sequence = next_market_sequence(s, number)
    account_sequence = next_account_sequence(s, account)
    at = next_rows(s, 2)
    first = head(_ACCEPTED, book & 1, meta_of(s).command, account)
    write_row(at, first, order_id, price, quantity)
    second = rest_head(flags, number, client_id)
    write_row(at + EVENT_ROW_BYTES, second, market_sequence, account_sequence, time_flags)
    return market_sequence


@inlined
def emit_fill(
    s: State,
    book: Any,
    maker: Any,
    taker: Any,
    maker_id: Any,
    taker_id: Any,
    price: Any,
    lots: Any,
    maker_fee: Any,
    taker_fee: Any,
    maker_remaining: Any,
    trade_id: Any,
) -> None:
    """FILL; `book` is the maker's."""
    number = book >> 1
    market_sequence = next_market_sequence(s, number)
    maker_sequence = next_account_sequence(s, maker)
    taker_sequence = next_account_sequence(s, taker)
    at = next_rows(s, 4)
    first = head(_FILL, 1 - (book & 1), meta_of(s).command, maker)
    write_row(at, first, maker_id, price, lots)
    second = rest_head(0, number, taker)
    write_row(at + EVENT_ROW_BYTES, second, taker_id, trade_id, market_sequence)
    write_row(at + 2 * EVENT_ROW_BYTES, 0, maker_fee, taker_fee, maker_remaining)
    write_row(at + 3 * EVENT_ROW_BYTES, 0, maker_sequence, taker_sequence, 0)


@inlined
def emit_rested(s: State, book: Any, account: Any, order_id: Any, remaining: Any) -> Any:
    """RESTED; the market sequence it has, which is the order's priority."""
    sequence = next_market_sequence(s, book >> 1)
    first = head(_RESTED, book & 1, meta_of(s).command, account)
    row(s, first, order_id, remaining, sequence)
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
    number = book >> 1
    market_sequence = next_market_sequence(s, number)
    account_sequence = next_account_sequence(s, account)
    at = next_rows(s, 2)
    first = head(_CLOSED, reason, meta_of(s).command, account)
    write_row(at, first, order_id, remaining, price)
    second = rest_head(book & 1, number, rested)
    write_row(at + EVENT_ROW_BYTES, second, market_sequence, account_sequence, 0)


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
    number = book >> 1
    market_sequence = next_market_sequence(s, number)
    account_sequence = next_account_sequence(s, account)
    at = next_rows(s, 2)
    first = head(_AMENDED, mode, meta_of(s).command, account)
    write_row(at, first, order_id, price, quantity)
    second = rest_head(book & 1, number, 0)
    write_row(at + EVENT_ROW_BYTES, second, market_sequence, account_sequence, remaining)


@inlined
def emit_trigger_placed(
    s: State,
    book: Any,
    account: Any,
    order_id: Any,
    price: Any,
    quantity: Any,
    client_id: Any,
    time_flags: Any,
    trigger_price: Any,
) -> Any:
    """TRIGGER_PLACED; the market sequence it has. `book` is market × 2 + side."""
    number = book >> 1
    market_sequence = next_market_sequence(s, number)
    account_sequence = next_account_sequence(s, account)
    at = next_rows(s, 3)
    first = head(_TRIGGER_PLACED, book & 1, meta_of(s).command, account)
    write_row(at, first, order_id, price, quantity)
    second = rest_head(0, number, client_id)
    write_row(at + EVENT_ROW_BYTES, second, market_sequence, account_sequence, time_flags)
    write_row(at + 2 * EVENT_ROW_BYTES, 0, trigger_price, 0, 0)
    return market_sequence


@inlined
def emit_trigger_failed(s: State, book: Any, account: Any, order_id: Any, code: Any) -> None:
    """TRIGGER_FAILED; `book` is market × 2 + side."""
    number = book >> 1
    market_sequence = next_market_sequence(s, number)
    account_sequence = next_account_sequence(s, account)
    at = next_rows(s, 2)
    first = head(_TRIGGER_FAILED, book & 1, meta_of(s).command, account)
    write_row(at, first, order_id, code, 0)
    second = rest_head(0, number, 0)
    write_row(at + EVENT_ROW_BYTES, second, market_sequence, account_sequence, 0)


@inlined
def write_balance(at: Any, account: Any, asset: Any, available: Any, locked: Any) -> None:
    """BALANCE, at that address."""
    write_row(at, head(_BALANCE, 0, asset, account), available, locked, 0)


@inlined
def emit_ticked(s: State, market: Any) -> None:
    """TICKED: an empty update."""
    sequence = next_market_sequence(s, market)
    first = head(_TICKED, 0, meta_of(s).command, market)
    row(s, first, sequence, 0, 0)


@inlined
def emit_transferred(s: State, kind: Any, account: Any, asset: Any, amount: Any) -> None:
    """TRANSFERRED: a deposit or a withdrawal."""
    first = head(_TRANSFERRED, kind, meta_of(s).command, account)
    row(s, first, amount, asset, 0)
