"""Whether what leads from record to record in the engine's memory fits together: compiled.

Promise: a check reads nothing outside the pools, whatever stands in them, changes nothing, and
costs time in proportion to what it is asked to look at. It answers −1, or a slot and what is wrong
with it: `slot << 4 | WRONG_…`.

What is checked is what the state hash does not cover: an order is found by its id and its client
id, stands in a level that the price index leads to, between its neighbours; a level's quantity and
count are the sums over its orders; an account's list has as many orders as it counts, and its
locked amounts are what they hold.
"""

from typing import Any

import numpy as np

from truebook.engine.compiled import entry, inlined, record_at, unsigned
from truebook.engine.layout import WORD
from truebook.engine.ledger import balance_slot, hold_of
from truebook.engine.maps import slot_of_client, slot_of_order
from truebook.engine.state import (
    State,
    account_at,
    balance_at,
    book_at,
    level_at,
    link_at,
    market_at,
    meta_of,
    node_at,
    order_at,
    withdrawal_at,
)
from truebook.limits import MARKETS_MAX
from truebook.messages import ORDER_HAS_CLIENT_ID

WRONG_LEVEL = 1
"""An order's level isn't one that the price index leads to."""
WRONG_ID = 2
"""An order isn't found by its id."""
WRONG_CLIENT = 3
"""An order isn't found by its client id."""
WRONG_NEIGHBOUR = 4
"""An order, and who stands beside it in its level, don't agree."""
WRONG_LINK = 5
"""The same in its account's list."""
WRONG_QUANTITY = 6
"""A level's quantity isn't the sum over its orders."""
WRONG_COUNT = 7
"""A level's or an account's count isn't how many orders it has."""
WRONG_PLACE = 8
"""A level, and who stands beside it in its book, don't agree."""
WRONG_LOCKED = 9
"""What is locked isn't what the account's orders hold."""
WRONG_SIGN = 10
"""A balance is below zero."""

_NONE = np.int64(-1)
_ONE = np.uint64(1)
_BOOKS = 2 * MARKETS_MAX


@inlined
def _is_order(s: State, slot: Any) -> Any:
    return 0 < slot <= meta_of(s).orders_top


@inlined
def _is_level(s: State, level: Any) -> Any:
    """Whether the price index leads to that level."""
    if level < 1 or level > meta_of(s).levels_top:
        return False
    here = level_at(s, level)
    node = np.int64(here.node)
    if node < 1 or node > meta_of(s).nodes_top:
        return False
    leaf = node_at(s, node)
    if leaf.shift != 0 or leaf.prefix != here.key >> 6:
        return False
    is_there = leaf.bits >> unsigned(here.key & 63) & _ONE
    return is_there != np.uint64(0) and leaf.children[here.key & 63] == level


@inlined
def _wrong_in_level(s: State, slot: Any) -> Any:
    """Whether an order and its neighbours in its level don't agree."""
    order = order_at(s, slot)
    level = level_at(s, order.level)
    before, behind = np.int64(order.prev), np.int64(order.next)
    if before == 0:
        if level.head != slot:
            return True
    elif not _is_order(s, before) or order_at(s, before).next != slot:
        return True
    if behind == 0:
        return level.tail != slot
    return not _is_order(s, behind) or order_at(s, behind).prev != slot


@inlined
def _wrong_in_account(s: State, slot: Any) -> Any:
    """The same in its account's list."""
    account = np.int64(order_at(s, slot).account)
    if account < 0 or account >= meta_of(s).accounts:
        return True
    owner, link = account_at(s, account), link_at(s, slot)
    before, behind = np.int64(link.prev), np.int64(link.next)
    if before == 0:
        if owner.orders_head != slot:
            return True
    elif not _is_order(s, before) or link_at(s, before).next != slot:
        return True
    if behind == 0:
        return owner.orders_tail != slot
    return not _is_order(s, behind) or link_at(s, behind).prev != slot


@entry("int64(int64, int64, int64)")
def check_orders(s: State, first: Any, count: Any) -> Any:
    """Orders in `count` slots from `first` on."""
    end = min(first + count, meta_of(s).orders_top + 1)
    for slot in range(first, end):
        order = order_at(s, slot)
        if order.order_id == 0 or order.level == 0:
            continue
        if not _is_level(s, np.int64(order.level)):
            return slot << 4 | WRONG_LEVEL
        if slot_of_order(s, order.order_id) != slot:
            return slot << 4 | WRONG_ID
        if order.time_flags & ORDER_HAS_CLIENT_ID:
            if slot_of_client(s, order.account, link_at(s, slot).client_id) != slot:
                return slot << 4 | WRONG_CLIENT
        if _wrong_in_level(s, slot):
            return slot << 4 | WRONG_NEIGHBOUR
        if _wrong_in_account(s, slot):
            return slot << 4 | WRONG_LINK
    return _NONE


@inlined
def _wrong_in_book(s: State, level: Any) -> Any:
    """Whether a level and its neighbours in its book don't agree."""
    here = level_at(s, level)
    book, better, worse = np.int64(here.book), np.int64(here.better), np.int64(here.worse)
    if book < 0 or book >= 2 * _BOOKS or not 0 <= better <= meta_of(s).levels_top:
        return True
    if better == 0:
        if book_at(s, book).best != level or book_at(s, book).best_key != here.key:
            return True
    elif level_at(s, better).worse != level or level_at(s, better).key >= here.key:
        return True
    if worse == 0:
        return False
    if not 0 < worse <= meta_of(s).levels_top:
        return True
    return level_at(s, worse).better != level or level_at(s, worse).key <= here.key


@entry("int64(int64, int64, int64, int64, int64)")
def check_levels(s: State, first: Any, count: Any, orders_max: Any, told: Any) -> Any:
    """Levels in `count` slots from `first` on, but those that say they have more than `orders_max`
    orders. At the address `told` are left: the sum over the orders, and how many there are."""
    end = min(first + count, meta_of(s).levels_top + 1)
    for level in range(first, end):
        here = level_at(s, level)
        if not _is_level(s, level) or here.count > orders_max:
            continue
        if _wrong_in_book(s, level):
            return level << 4 | WRONG_PLACE
        quantity, orders = np.int64(0), np.int64(0)
        slot = np.int64(here.head)
        while _is_order(s, slot) and order_at(s, slot).level == level and orders <= here.count:
            quantity += order_at(s, slot).remaining
            orders += 1
            slot = np.int64(order_at(s, slot).next)
        record_at(told, WORD).value = quantity
        record_at(told + 8, WORD).value = orders
        if orders != here.count or slot != 0:
            return level << 4 | WRONG_COUNT
        if quantity != here.quantity:
            return level << 4 | WRONG_QUANTITY
    return _NONE


@inlined
def _add_holds(s: State, account: Any, sums: Any) -> Any:
    """Add what the account's orders hold to the sums of its assets; how many orders it has."""
    owner = account_at(s, account)
    slot = np.int64(owner.orders_head)
    orders = np.int64(0)
    while _is_order(s, slot) and orders <= owner.orders:
        order = order_at(s, slot)
        if not _is_level(s, np.int64(order.level)):
            break
        level = level_at(s, order.level)
        book = np.int64(level.book)
        if 0 <= book < _BOOKS:
            price = level.key if book & 1 else -level.key
            market = market_at(s, book >> 1)
            asset = np.int64(market.base if book & 1 else market.quote)
            held = record_at(sums + asset * 8, WORD)
            held.value = held.value + hold_of(s, book, price, order.remaining)
        orders += 1
        slot = np.int64(link_at(s, slot).next)
    return orders


@inlined
def _add_withdrawals(s: State, first: Any, count: Any, sums: Any) -> None:
    """Add what pending withdrawals lock."""
    assets = meta_of(s).assets
    for slot in range(1, meta_of(s).withdrawals_top + 1):
        waiting = withdrawal_at(s, slot)
        place = waiting.account - first
        if waiting.withdrawal_id != 0 and 0 <= place < count and 0 <= waiting.asset < assets:
            locked = record_at(sums + (place * assets + waiting.asset) * 8, WORD)
            locked.value = locked.value + waiting.amount


@entry("int64(int64, int64, int64, int64, int64)")
def check_accounts(s: State, first: Any, count: Any, orders_max: Any, sums: Any) -> Any:
    """The lists of `count` accounts from `first` on, but those with more than `orders_max` orders,
    and what they have locked. `sums`: the address of room for a sum for each account and asset,
    where what they should have locked is left."""
    assets = meta_of(s).assets
    for i in range(count * assets):
        record_at(sums + i * 8, WORD).value = 0
    _add_withdrawals(s, first, count, sums)
    for account in range(first, first + count):
        if account_at(s, account).orders > orders_max:
            continue
        own = sums + (account - first) * assets * 8
        if _add_holds(s, account, own) != account_at(s, account).orders:
            return account << 4 | WRONG_COUNT
        for asset in range(assets):
            balance = balance_at(s, balance_slot(account, asset))
            if balance.locked != record_at(own + asset * 8, WORD).value:
                return account << 4 | WRONG_LOCKED
            if balance.available < 0:
                return account << 4 | WRONG_SIGN
    return _NONE
