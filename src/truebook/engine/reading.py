"""Reading the state: depth and orders, copied out of the books.

Promise: reading changes nothing. The caller gives the address of room for the answer.
"""

from typing import Any

import numpy as np

from truebook.engine.book import key_of, market_of_book
from truebook.engine.compiled import entry, inlined, record_at
from truebook.engine.maps import slot_of_client, slot_of_order
from truebook.engine.pending import is_pending, trigger_price_of
from truebook.engine.state import (
    State,
    account_at,
    book_at,
    level_at,
    link_at,
    order_at,
)

OPEN_ORDER = np.dtype(
    [
        ("order_id", "<i8"),
        ("account", "<i8"),
        ("market", "<i8"),
        ("client_id", "<i8"),
        ("price", "<i8"),
        ("quantity", "<i8"),
        ("remaining", "<i8"),
        ("executed_quote", "<i8"),
        ("priority", "<i8"),
        ("time_flags", "<i8"),
        ("trigger_price", "<i8"),
    ]
)
"""A resting or pending order as it is read: the fields of interface.OpenOrder."""

_ORDER_BYTES = OPEN_ORDER.itemsize

LEVEL_ROW = np.dtype([("price", "<i8"), ("quantity", "<i8")])


@inlined
def _copy_order(s: State, slot: Any, out: Any) -> None:
    order = order_at(s, slot)
    level = level_at(s, order.level)
    out.order_id = order.order_id
    out.account = order.account
    out.market = market_of_book(level.book)
    out.client_id = link_at(s, slot).client_id
    out.quantity = order.quantity
    if is_pending(s, slot):
        out.price = order.executed_quote
        out.remaining = order.quantity
        out.executed_quote = 0
        out.trigger_price = trigger_price_of(s, slot)
    else:
        out.price = key_of(level.book & 1, level.key)
        out.remaining = order.remaining
        out.executed_quote = order.executed_quote
        out.trigger_price = 0
    out.priority = order.priority
    out.time_flags = order.time_flags


@entry("int64(int64, int64, int64, int64)")
def read_depth(s: State, book: Any, limit: Any, address: Any) -> Any:
    """Up to `limit` levels of a book, best first, as pairs of price and quantity; how many."""
    level = np.int64(book_at(s, book).best)
    n = np.int64(0)
    while level != 0 and n < limit:
        out = record_at(address + n * 16, LEVEL_ROW)
        out.price = key_of(book & 1, level_at(s, level).key)
        out.quantity = level_at(s, level).quantity
        level = np.int64(level_at(s, level).worse)
        n += 1
    return n


@entry("int64(int64, int64, int64)")
def read_orders(s: State, account: Any, address: Any) -> Any:
    """All orders of an account, resting and pending, oldest placement first; how many. The
    account's `orders` tells how much room is needed."""
    slot = np.int64(account_at(s, account).orders_head)
    n = np.int64(0)
    while slot != 0:
        _copy_order(s, slot, record_at(address + n * _ORDER_BYTES, OPEN_ORDER))
        slot = np.int64(link_at(s, slot).next)
        n += 1
    return n


@entry("int64(int64, int64, int64, int64, int64)")
def read_order(s: State, order_id: Any, account: Any, client_id: Any, address: Any) -> Any:
    """One order: by id, or with order id 0 by account and client id; how many."""
    if order_id != 0:
        slot = slot_of_order(s, order_id)
    else:
        slot = slot_of_client(s, account, client_id)
    if slot == 0:
        return 0
    _copy_order(s, slot, record_at(address, OPEN_ORDER))
    return 1


@entry("int64(int64, int64)")
def count_levels(s: State, book: Any) -> Any:
    """How many levels a book has."""
    level = np.int64(book_at(s, book).best)
    n = np.int64(0)
    while level != 0:
        level = np.int64(level_at(s, level).worse)
        n += 1
    return n
