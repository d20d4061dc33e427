"""Looking ahead: memory that the next commands will need is brought near while others are at work.

Promise: nothing depends on what is done here. A guess that is wrong costs time only, since whoever
uses one compares it with what was asked for.

Why: far from the best prices, an order, its level and its neighbours are met for the first time in
a long while, and each costs a wait for memory, one after another, since one leads to the next. A
batch tells what will be needed. So each command is looked at four times before its turn, each time
one step deeper: what stands in the command leads to account and id map; the map to the order, and
the price index to where a new one belongs; the order to its level and neighbours; the level to the
levels beside it and to what is held. By then what the step before asked for has arrived. The steps
ask few questions that a processor could guess wrongly: a command that names no order follows order
0, which is always near.

In a small book most of that is near anyway: only the order that a command names is looked for, and
who stands beside it.
"""

from typing import Any

import numpy as np

from truebook.engine.compiled import called, inlined, prefetch, rarely
from truebook.engine.layout import ACCOUNT_BITS, ACCOUNT_MASK, LEVEL_MASK, MARKET_MASK
from truebook.engine.ledger import base_slot, held_slot, quote_slot
from truebook.engine.maps import IDS, tag_of_id
from truebook.engine.priceindex import leaf_ahead, level_ahead
from truebook.engine.state import (
    State,
    account_at,
    ahead_of,
    book_at,
    command_at,
    fetch,
    fetch_account,
    fetch_balance,
    fetch_level,
    fetch_link,
    fetch_node,
    fetch_open_orders,
    fetch_order,
    level_at,
    link_at,
    market_at,
    meta_of,
    order_at,
    prefetch_child,
)
from truebook.messages import COMMAND_BYTES, CommandKind

_PLACE = int(CommandKind.PLACE)

FAR, MIDDLE, NEAR, CLOSE = (n * COMMAND_BYTES for n in (32, 22, 12, 5))
"""How far ahead of its own turn a command is looked at: so many commands, in bytes of input."""
FURTHER = 16 * COMMAND_BYTES
"""So much before that its record is brought near."""
_WORTH_IT = 8 * COMMAND_BYTES
"""An entry of fewer records is carried out as it comes."""


_id_home, _id_place_at = IDS.likely_home, IDS.place_at
_fetch_id_place = fetch("ids")
_fetch_displaced = fetch("ids_displaced")


@inlined
def _see_id(s: State, i: Any) -> None:
    """Where the id map tells of the order that the command names."""
    prefetch(i + FURTHER)
    home = _id_home(s, tag_of_id(command_at(s, i).order_id))
    _fetch_id_place(s, home)
    _fetch_displaced(s, home >> 3)
    ahead_of(s, i).place = home


@inlined
def _see_order(s: State, i: Any) -> None:
    """The order that is at home there: that one, mostly. (A PLACE names none that is there.)"""
    ahead = ahead_of(s, i)
    is_named = np.int64(command_at(s, i).kind != _PLACE)
    slot = np.int64(_id_place_at(s, ahead.place).slot) & -is_named
    ahead.slot = slot
    fetch_order(s, slot)
    fetch_link(s, slot)


@inlined
def _see_neighbours(s: State, i: Any) -> None:
    """Who stands beside that order, in its level and in its account's list; or who was last in the
    list, where a new one comes."""
    slot = np.int64(ahead_of(s, i).slot)
    order, link = order_at(s, slot), link_at(s, slot)
    fetch_order(s, order.next)
    fetch_order(s, order.prev)
    fetch_link(s, link.next)
    fetch_link(s, link.prev)
    fetch_link(s, account_at(s, command_at(s, i).account & ACCOUNT_MASK).orders_tail)


@inlined
def _number_of(c: Any) -> Any:
    """The market that the command names, or any."""
    return np.int64(c.market) & MARKET_MASK


@inlined
def _look_far(s: State, i: Any) -> None:
    """The account that the command names."""
    fetch_account(s, command_at(s, i).account & ACCOUNT_MASK)


@inlined
def _look_middle(s: State, i: Any) -> None:
    """The leaf of the price index where a new order belongs, and whom it will meet."""
    c = command_at(s, i)
    number, side, price = _number_of(c), np.int64(c.side) & 1, c.price
    book, other = book_at(s, number * 2 + side), book_at(s, number * 2 + 1 - side)
    key = price if side else -price
    is_place = np.int64(c.kind == _PLACE)
    leaf = np.int64(level_at(s, book.best).node) & -is_place
    is_far = np.int64((key ^ book.best_key) >> 6 != 0)
    root = np.int64(book.root) & -(is_far & is_place)
    if root != 0:
        leaf = leaf_ahead(s, root, key)
    crosses = np.int64(other.best_key <= -key) & is_place
    maker = np.int64(level_at(s, other.best).head) & -crosses
    ahead = ahead_of(s, i)
    ahead.leaf = leaf
    ahead.maker = maker
    ahead.key = key
    fetch_order(s, maker)
    fetch_node(s, leaf)
    prefetch_child(s, leaf, key & 63)


@inlined
def _look_near(s: State, i: Any) -> None:
    """The level of the order, or of a new one, and what that changes of its account."""
    ahead = ahead_of(s, i)
    fetch_level(s, order_at(s, ahead.slot).level)
    ahead.level = level_ahead(s, np.int64(ahead.leaf), ahead.key) & LEVEL_MASK
    c = command_at(s, i)
    account, number = np.int64(c.account) & ACCOUNT_MASK, _number_of(c)
    book = number * 2 + (np.int64(c.side) & 1)
    fetch_balance(s, held_slot(s, book, account))
    fetch_open_orders(s, (number << ACCOUNT_BITS) | account)
    if ahead.maker != 0:
        fetch_balance(s, held_slot(s, book ^ 1, account))
        look_at_maker(s, np.int64(ahead.maker), number)


@inlined
def look_at_maker(s: State, slot: Any, number: Any) -> None:
    """What a fill of that order touches, in the market of that number, and who comes next."""
    market = market_at(s, number)
    maker = order_at(s, slot)
    account = np.int64(maker.account)
    fetch_account(s, account)
    fetch_balance(s, base_slot(market, account))
    fetch_balance(s, quote_slot(market, account))
    fetch_link(s, slot)
    fetch_order(s, maker.next)
    _fetch_id_place(s, _id_home(s, tag_of_id(maker.order_id)))


@inlined
def _look_close(s: State, i: Any) -> None:
    """Who is last in the level of a new order; what an order holds that will be cancelled, and what
    it touches as it goes, where it is alone in its level."""
    c, ahead = command_at(s, i), ahead_of(s, i)
    fetch_order(s, level_at(s, ahead.level).tail)
    level = level_at(s, order_at(s, ahead.slot).level)
    account = np.int64(c.account) & ACCOUNT_MASK
    fetch_balance(s, held_slot(s, level.book, account))
    if rarely(level.count == 1):
        fetch_level(s, level.better)
        fetch_level(s, level.worse)
        fetch_node(s, level.node)


@called
def _look_at_last(s: State, i: Any) -> None:
    """The same where the entry ends soon."""
    meta = meta_of(s)
    end = meta.entry_end
    is_small = meta.orders < meta.look_from
    if i + MIDDLE < end:
        _see_order(s, i + MIDDLE)
        if not is_small:
            _look_middle(s, i + MIDDLE)
    if i + NEAR < end:
        _see_neighbours(s, i + NEAR)
        if not is_small:
            _look_near(s, i + NEAR)
    if i + CLOSE < end and not is_small:
        _look_close(s, i + CLOSE)


@inlined
def look_ahead(s: State, i: Any) -> None:
    """Before the command in record `i`: look at later ones of its entry."""
    meta = meta_of(s)
    if rarely(i + FAR >= meta.entry_end):
        _look_at_last(s, i)
        return
    _see_id(s, i + FAR)
    _see_order(s, i + MIDDLE)
    _see_neighbours(s, i + NEAR)
    if meta.orders < meta.look_from:
        return
    _look_far(s, i + FAR)
    _look_middle(s, i + MIDDLE)
    _look_near(s, i + NEAR)
    _look_close(s, i + CLOSE)


@inlined
def begin_looking(s: State, first: Any) -> None:
    """The entry whose first command is in record `first` begins."""
    meta = meta_of(s)
    end = meta.entry_end
    if first + _WORTH_IT > end:
        return
    is_small = meta.orders < meta.look_from
    for i in range(first, min(first + FAR, end), COMMAND_BYTES):
        _see_id(s, i)
        if not is_small:
            _look_far(s, i)
    for i in range(first, min(first + MIDDLE, end), COMMAND_BYTES):
        _see_order(s, i)
        if not is_small:
            _look_middle(s, i)
    for i in range(first, min(first + NEAR, end), COMMAND_BYTES):
        _see_neighbours(s, i)
        if not is_small:
            _look_near(s, i)
