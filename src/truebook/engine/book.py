"""Order books: levels of resting orders, first come first served.

Promise: a level's quantity and count are the sums over its orders; an order is in exactly one
level, in its account's list and in the id map, and enters and leaves them in constant time.

Orders of a level form a list in order of priority (`next`, `prev`), orders of an account another
one in order of placement (`links`). All lists are intrusive: no memory is asked for on the way.
What has no neighbour has slot 0 for one, and that is written to in vain: a question that a
processor guesses wrongly half the time costs more than a store. For the same reason ends of lists
are chosen by `a ^ ((a ^ b) & -condition)`, which is b where the condition holds.
"""

from typing import Any

import numpy as np

from truebook.engine.compiled import inlined
from truebook.engine.hashing import touch_order
from truebook.engine.layout import ACCOUNT_BITS, NO_LEVEL_KEY, TRIGGER_BOOKS
from truebook.engine.lookahead import look_at_maker
from truebook.engine.maps import (
    add_client_id,
    add_order_id,
    remove_client_id,
    remove_order_id,
)
from truebook.engine.priceindex import add_level, leaf_for, level_in_leaf, remove_level
from truebook.engine.state import (
    State,
    account_at,
    book_at,
    fetch_order,
    level_at,
    link_at,
    meta_of,
    open_orders_at,
    order_at,
)
from truebook.messages import ORDER_HAS_CLIENT_ID


@inlined
def key_of(side: Any, price: Any) -> Any:
    """Prices of a side as keys, of which the smaller is the better."""
    return price if side else -price


@inlined
def market_of_book(book: Any) -> Any:
    """The market of a book, be it of resting or of pending orders."""
    return (np.int64(book) & (TRIGGER_BOOKS - 1)) >> 1


@inlined
def _level_for(s: State, book: Any, key: Any, guess: Any) -> Any:
    """The level of that key, made if it isn't there; mostly the one that was guessed."""
    if level_at(s, guess).key == key and level_at(s, guess).book == book:
        return guess
    if book_at(s, book).best_key == key:
        return np.int64(book_at(s, book).best)
    leaf = leaf_for(s, book, key)
    level = level_in_leaf(s, leaf, key)
    if level != 0:
        return level
    meta = meta_of(s)
    level = meta.levels_free
    if level != 0:
        meta.levels_free = np.int64(level_at(s, level).worse)
    else:
        level = meta.levels_top + 1
        meta.levels_top = level
    here = level_at(s, level)
    here.key = key
    here.quantity = 0
    here.head = 0
    here.tail = 0
    here.count = 0
    here.book = book
    add_level(s, book, leaf, level, key)
    return level


@inlined
def join_level(s: State, slot: Any, book: Any, key: Any, remaining: Any, guess: Any) -> None:
    """The order goes to the end of its level, which may be the one guessed."""
    level = _level_for(s, book, key, guess)
    here = level_at(s, level)
    head, tail = np.int64(here.head), np.int64(here.tail)
    quantity, count = here.quantity, here.count
    here.head = slot if tail == 0 else head
    here.tail = slot
    here.count = count + 1
    here.quantity = quantity + remaining
    order_at(s, tail).next = slot
    order = order_at(s, slot)
    order.level = level
    order.prev = tail
    order.next = 0


@inlined
def _drop_level(s: State, book: Any, level: Any) -> None:
    """An empty level leaves the book."""
    remove_level(s, book, level)
    meta = meta_of(s)
    level_at(s, level).key = NO_LEVEL_KEY
    level_at(s, level).worse = meta.levels_free
    meta.levels_free = level


@inlined
def leave_level(s: State, slot: Any) -> None:
    """The order leaves its level, and an empty level leaves the book."""
    order = order_at(s, slot)
    level = np.int64(order.level)
    before, behind = np.int64(order.prev), np.int64(order.next)
    remaining = order.remaining
    order.level = 0
    here = level_at(s, level)
    book, head, tail = np.int64(here.book), np.int64(here.head), np.int64(here.tail)
    quantity, count = here.quantity, here.count
    here.head = behind if before == 0 else head
    here.tail = before if behind == 0 else tail
    here.quantity = quantity - remaining
    here.count = count - 1
    order_at(s, before).next = behind
    order_at(s, behind).prev = before
    if before | behind == 0:
        _drop_level(s, book, level)


@inlined
def leave_front(s: State, slot: Any, level: Any, book: Any) -> None:
    """The order, the oldest of its level and with nothing remaining, leaves it."""
    order = order_at(s, slot)
    behind = np.int64(order.next)
    order.level = 0
    if behind == 0:
        _drop_level(s, book, level)
    else:
        here = level_at(s, level)
        here.head = behind
        here.count -= 1
        order_at(s, behind).prev = 0
        look_at_maker(s, behind, book >> 1)


@inlined
def join_account(s: State, slot: Any, account: Any) -> None:
    """The order goes to the end of its account's list."""
    owner = account_at(s, account)
    link = link_at(s, slot)
    head, tail = np.int64(owner.orders_head), np.int64(owner.orders_tail)
    owner.orders_head = slot if tail == 0 else head
    owner.orders_tail = slot
    link_at(s, tail).next = slot
    link.prev = tail
    link.next = 0


@inlined
def leave_account(s: State, slot: Any, account: Any) -> None:
    """The order leaves its account's list."""
    owner = account_at(s, account)
    link = link_at(s, slot)
    before, behind = np.int64(link.prev), np.int64(link.next)
    head, tail = np.int64(owner.orders_head), np.int64(owner.orders_tail)
    owner.orders_head = head ^ ((head ^ behind) & -np.int64(before == 0))
    owner.orders_tail = tail ^ ((tail ^ before) & -np.int64(behind == 0))
    link_at(s, before).next = behind
    link_at(s, behind).prev = before


@inlined
def open_orders_place(market: Any, account: Any) -> Any:
    """Where the number of an account's resting orders in a market is counted."""
    return (np.int64(market) << ACCOUNT_BITS) | np.int64(account)


@inlined
def new_order(
    s: State,
    order_id: Any,
    account: Any,
    number: Any,
    quantity: Any,
    remaining: Any,
    executed_quote: Any,
    priority: Any,
    time_flags: Any,
    client_id: Any,
) -> Any:
    """Make a resting order in the market of that number; it isn't in a level yet. Its slot."""
    meta = meta_of(s)
    slot = meta.orders_free
    if slot != 0:
        following = np.int64(order_at(s, slot).next)
        meta.orders_free = following
        fetch_order(s, following)
    else:
        slot = meta.orders_top + 1
        meta.orders_top = slot
    meta.orders += 1
    order = order_at(s, slot)
    order.order_id = order_id
    order.quantity = quantity
    order.remaining = remaining
    order.executed_quote = executed_quote
    order.priority = priority
    order.time_flags = time_flags
    order.account = account
    link_at(s, slot).client_id = client_id
    add_order_id(s, order_id, slot)
    if time_flags & ORDER_HAS_CLIENT_ID:
        add_client_id(s, account, client_id, slot)
    open_orders_at(s, open_orders_place(number, account)).value += 1
    account_at(s, account).orders += 1
    return slot


@inlined
def rest_in_book(
    s: State, slot: Any, book: Any, key: Any, account: Any, remaining: Any, guess: Any
) -> None:
    """An order, new or re-entering, joins its level, maybe the one guessed, and its account's
    list."""
    join_level(s, slot, book, key, remaining, guess)
    join_account(s, slot, account)
    touch_order(s, slot)


@inlined
def forget_order(s: State, slot: Any, number: Any) -> None:
    """An order of the market of that number has left its level and its account's list; it is no
    more."""
    order = order_at(s, slot)
    account, order_id = np.int64(order.account), order.order_id
    has_client_id = order.time_flags & ORDER_HAS_CLIENT_ID
    meta = meta_of(s)
    order.order_id = 0
    order.next = meta.orders_free
    meta.orders_free = slot
    meta.orders -= 1
    remove_order_id(s, order_id, slot)
    if has_client_id:
        client_id = np.int64(link_at(s, slot).client_id)
        remove_client_id(s, account, client_id, slot)
    open_orders_at(s, open_orders_place(number, account)).value -= 1
    account_at(s, account).orders -= 1
