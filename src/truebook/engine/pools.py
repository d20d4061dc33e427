"""Where every pool of records stands in the engine's memory.

Promise: a pool is address space reserved once at its largest size (memory.py), at a distance from
the address of the state that is a constant of the compiled code.

What is always in use begins less than 2 GiB before or behind `meta`, where that address points: so
far an instruction reaches by itself, and whatever is further away costs another one.
"""

from typing import Any

import numpy as np

from truebook.engine.layout import (
    ACCOUNT,
    AHEAD,
    AHEAD_MASK,
    ANSWER,
    ASSET,
    ATTESTER,
    BALANCE,
    BALANCES_MAX,
    BOOK,
    COUNT,
    DISPLACED,
    EVENT_ROWS,
    GATEWAY,
    INPUT_RECORDS,
    KEPT,
    KEY,
    KEY_MAP_BITS,
    LEVEL,
    LINK,
    MAP,
    MAP_PLACES_MAX,
    MARKET,
    MARKS,
    META,
    NAME_MAP_BITS,
    NODE,
    ORDER,
    PAGE,
    PAGE_BITS,
    PLACE_IN_MAP,
    REFERENCE,
    REFERENCE_MAP_BITS,
    REPLIES,
    ROW,
    SLOT,
    TAKER,
    TIER,
    TIMER,
    TIMERS_MAX,
    TRIGGER_BOOKS,
    WITHDRAWAL,
    WITHDRAWAL_MAP_BITS,
    WORD_BITS,
)
from truebook.limits import (
    ACCOUNTS_MAX,
    ASSETS_MAX,
    ATTESTERS_MAX,
    GATEWAYS_MAX,
    KEYS_MAX,
    LEVELS_MAX,
    MARKETS_MAX,
    ORDERS_MAX,
    REFERENCES_MAX,
    TIERS_MAX,
    WITHDRAWALS_PENDING_MAX,
)
from truebook.messages import COMMAND

POOLS: dict[str, tuple["np.dtype[Any]", int]] = {
    "levels": (LEVEL, LEVELS_MAX),
    "links": (LINK, ORDERS_MAX),
    "accounts": (ACCOUNT, ACCOUNTS_MAX),
    "ids_displaced": (DISPLACED, MAP_PLACES_MAX >> 2),
    "meta": (META, 1),
    "taker": (TAKER, 1),
    "maps": (MAP, 2),  # ids, clients
    "ahead": (AHEAD, AHEAD_MASK + 1),
    "books": (BOOK, 2 * TRIGGER_BOOKS),
    "markets": (MARKET, MARKETS_MAX),
    "assets": (ASSET, ASSETS_MAX),
    "tiers": (TIER, TIERS_MAX),
    "attesters": (ATTESTER, ATTESTERS_MAX),
    "market_hashes": (KEPT, MARKETS_MAX),
    "account_marks": (MARKS, ACCOUNTS_MAX >> WORD_BITS),
    "order_marks": (MARKS, ORDERS_MAX >> WORD_BITS),
    "input": (COMMAND, INPUT_RECORDS),
    "events": (ROW, EVENT_ROWS),
    "replies": (ANSWER, REPLIES),
    "gateways": (GATEWAY, GATEWAYS_MAX),
    "ids": (PLACE_IN_MAP, MAP_PLACES_MAX * 2),  # two halves: the map, and room for its successor
    "orders": (ORDER, ORDERS_MAX),
    "order_hashes": (KEPT, ORDERS_MAX),
    "nodes": (NODE, LEVELS_MAX * 2),
    "clients": (PLACE_IN_MAP, MAP_PLACES_MAX * 2),  # as ids, by account and client id
    "clients_displaced": (DISPLACED, MAP_PLACES_MAX >> 2),
    "account_hashes": (KEPT, ACCOUNTS_MAX),
    "keys": (KEY, KEYS_MAX),
    "balances": (BALANCE, BALANCES_MAX),
    "touched_balances": (SLOT, BALANCES_MAX + 64),  # in the present entry; looked at beyond its end
    "balance_pages": (PAGE, BALANCES_MAX >> PAGE_BITS),
    "balance_marks": (MARKS, BALANCES_MAX >> WORD_BITS),
    "balance_hashes": (KEPT, BALANCES_MAX),
    "open_orders": (COUNT, MARKETS_MAX * ACCOUNTS_MAX),  # market << ACCOUNT_BITS | account
    "names": (PLACE_IN_MAP, 3 << (NAME_MAP_BITS - 1)),  # accounts by name
    "public_keys": (PLACE_IN_MAP, 3 << (KEY_MAP_BITS - 1)),  # keys by public key
    "timers": (TIMER, TIMERS_MAX),  # a heap
    "timer_places": (SLOT, TIMERS_MAX),  # where each timer stands in it, + 1; 0: it is off
    "withdrawals": (WITHDRAWAL, WITHDRAWALS_PENDING_MAX + 1),
    "withdrawal_ids": (PLACE_IN_MAP, 3 << (WITHDRAWAL_MAP_BITS - 1)),
    "references": (REFERENCE, REFERENCES_MAX + 1),
    "digests": (PLACE_IN_MAP, 3 << (REFERENCE_MAP_BITS - 1)),  # references by digest
}
"""Record and length of each pool, in the order of their addresses.

The small pools share a few large pages; all before `keys` grow from their beginning; the rest is
touched here and there, and would waste large pages."""

_LINE = 64
LARGE_PAGE = 2 << 20
_STAGGERED = {"links": LARGE_PAGE // 8}
"""Begins so much behind a large page's beginning: then orders and links, which grow side by side,
never need a new page each in the same batch. A system may take 8 ms for one."""


def _places() -> dict[str, int]:
    """Where each pool begins, in bytes from the beginning; `end` behind the last."""
    places = {}
    place = 0
    for name, (record, length) in POOLS.items():
        size = record.itemsize * length
        unit = LARGE_PAGE if size >= 8 * LARGE_PAGE or name == "meta" else _LINE
        place = -(-place // unit) * unit + _STAGGERED.get(name, 0)
        places[name] = place
        place += size
    places["end"] = -(-place // LARGE_PAGE) * LARGE_PAGE
    return places


_PLACES = _places()
ORIGIN = _PLACES["meta"]
"""What lies before the address of the state, in bytes."""

OFFSETS = {name: place - ORIGIN for name, place in _PLACES.items()}
"""Where each pool begins, and all ends, in bytes from the address of the state."""
