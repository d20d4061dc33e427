"""The fold: the state hash is brought up to date when it is asked for.

Promise: after `fold`, `hash_low` and `hash_high` are the sum that engine/fingerprint.py defines,
over every record but CLOCK. `scrub` finds a record that was changed by anything but the kernel.

Why it works: beside each pool stands, slot by slot, the hash with which a record takes part in the
sum (zeros: it doesn't), and whether the record has changed since. So a fold visits what has changed
and nothing else, takes the kept hash out and puts the new one in; an order that came and went
between two folds is never hashed. A record that hasn't changed must still have the hash it had.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from truebook.engine.compiled import entry, inlined, lowest_bit, unsigned
from truebook.engine.hashing import (
    account_hash,
    balance_hash,
    market_hash,
    order_hash,
    put,
)
from truebook.engine.layout import ACCOUNT_BITS, PAGE_BITS, WORD_BITS
from truebook.engine.state import (
    State,
    accessor,
    fetch_level,
    market_at,
    meta_of,
    order_at,
)

ORDERS, BALANCES, ACCOUNTS, MARKETS = range(4)
"""The pools whose records' hashes are kept, by their numbers for `scrub`."""

_ZERO = np.uint64(0)
_ONE = np.uint64(1)
_WORDS_OF_A_PAGE = 1 << (PAGE_BITS - WORD_BITS)
_GROUP_BITS = ACCOUNT_BITS + 2
"""Balances stand in groups of four assets (ledger.py)."""


class _Pool(NamedTuple):
    """What is to be done with the pool of that name."""

    fold: Callable[[State, Any, Any], None]
    """Fold what has changed among the slots of so many words, from that word on."""

    scrub: Callable[[State, Any, Any], Any]
    """The first of some slots that isn't what it was; −1: none."""


def _pool(
    name: str,
    hash_of: Callable[[State, Any], Any],
    fetch: Callable[[State, Any], None],
) -> _Pool:
    words, hashes = accessor(f"{name}_marks"), accessor(f"{name}_hashes")

    @inlined
    def fold_words(s: State, begin: Any, count: Any) -> None:
        for number in range(begin, begin + count):
            word = words(s, number)
            if word.bits != _ZERO:
                first = number << WORD_BITS
                bits = word.bits
                while bits != _ZERO:
                    fetch(s, first + lowest_bit(bits))
                    bits &= bits - _ONE
                bits = word.bits
                while bits != _ZERO:
                    slot = first + lowest_bit(bits)
                    bits &= bits - _ONE
                    _keep(s, hashes(s, slot), hash_of(s, slot))
                word.bits = _ZERO

    @inlined
    def scrub_slots(s: State, first: Any, count: Any) -> Any:
        for slot in range(first, first + count):
            is_marked = words(s, slot >> WORD_BITS).bits >> unsigned(slot & 63) & _ONE
            if is_marked == _ZERO and not _is_kept(hashes(s, slot), hash_of(s, slot)):
                return slot
        return np.int64(-1)

    return _Pool(fold_words, scrub_slots)


@inlined
def _keep(s: State, kept: Any, lanes: Any) -> None:
    """A record stands in the sum with a new hash."""
    low, high = lanes
    put(s, low - kept.low, high - kept.high)
    kept.low = low
    kept.high = high


@inlined
def _is_kept(kept: Any, lanes: Any) -> Any:
    low, high = lanes
    return low == kept.low and high == kept.high


@inlined
def _fetch_level_of(s: State, slot: Any) -> None:
    """Bring near what an order's hash needs beside the order."""
    fetch_level(s, order_at(s, slot).level)


@inlined
def _fetch_nothing(s: State, slot: Any) -> None:
    """The record alone has all that its hash needs."""


_fold_orders, _scrub_orders = _pool("order", order_hash, _fetch_level_of)
_fold_balances, _scrub_balances = _pool("balance", balance_hash, _fetch_nothing)
_fold_accounts, _scrub_accounts = _pool("account", account_hash, _fetch_nothing)
_market_hash_at = accessor("market_hashes")
_balance_page_at = accessor("balance_pages")


@inlined
def _words_of(slots: Any) -> Any:
    """How many words of marks the first slots of a pool have."""
    return (np.int64(slots) + (1 << WORD_BITS) - 1) >> WORD_BITS


@inlined
def _fold_group(s: State, group: Any) -> None:
    """Fold the balances of a group of four assets."""
    slots = meta_of(s).accounts << 2
    first = group << (_GROUP_BITS - PAGE_BITS)
    for number in range(first, first + ((slots + (1 << PAGE_BITS) - 1) >> PAGE_BITS)):
        page = _balance_page_at(s, number)
        if page.marked:
            page.marked = 0
            _fold_balances(s, number * _WORDS_OF_A_PAGE, _WORDS_OF_A_PAGE)


@inlined
def _fold_markets(s: State) -> None:
    for number in range(meta_of(s).markets):
        market = market_at(s, number)
        if market.folded_sequence != market.sequence:
            market.folded_sequence = market.sequence
            _keep(s, _market_hash_at(s, number), market_hash(s, number))


@inlined
def _scrub_markets(s: State, first: Any, count: Any) -> Any:
    for number in range(first, min(first + count, meta_of(s).markets)):
        market = market_at(s, number)
        if market.folded_sequence == market.sequence:
            if not _is_kept(_market_hash_at(s, number), market_hash(s, number)):
                return number
    return np.int64(-1)


@entry("int64(int64)")
def fold(s: State) -> Any:
    """Bring `hash_low` and `hash_high` up to date. What it costs grows with what has changed since
    the last time."""
    meta = meta_of(s)
    _fold_orders(s, 0, _words_of(meta.orders_top + 1))
    _fold_accounts(s, 0, _words_of(meta.accounts))
    _fold_markets(s)
    groups = (meta.assets + 3) >> 2
    for group in range(groups):
        _fold_group(s, group)
    return 0


@entry("int64(int64, int64, int64, int64)")
def scrub(s: State, pool: Any, first: Any, count: Any) -> Any:
    """Hash `count` slots of a pool (ORDERS, BALANCES, ACCOUNTS, MARKETS) again, but those that have
    changed since the last fold: the first one whose hash isn't the one that was kept; −1: none."""
    if pool == ORDERS:
        return _scrub_orders(s, first, count)
    if pool == BALANCES:
        return _scrub_balances(s, first, count)
    if pool == ACCOUNTS:
        return _scrub_accounts(s, first, count)
    return _scrub_markets(s, first, count)
