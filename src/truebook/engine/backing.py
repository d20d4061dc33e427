"""Memory that is there before it is needed.

Promise: nothing that an engine answers depends on it. A pool is address space (memory.py), and the
system gives a page when it is first touched. A large one, of two megabytes, takes it 0.2 ms where
it has them at hand, and 6 to 11 ms on a virtual machine that has given its free pages back to its
host. Here they are asked for, one by one, and touched before an order has to wait for that: by
whoever knows how much is coming (`prepare`), or by a thread that stays ahead of an engine at work
(`stay_ahead`). Where nobody has been, an order gets a small page, which takes some 15 µs. What that
gives is told in docs/decisions/0040-memory-ahead.md.

Why another thread may: a touch puts a 0 where a 0 stands, in one indivisible step, and does nothing
where anything else stands. So it changes no record, not even one that is being written just then;
but the system has to give the page for it. And it leaves the interpreter to others meanwhile.
"""

from collections.abc import Callable
from typing import Any

from numpy.typing import NDArray

from truebook.engine.canonical.exporting import ASSETS_OF_A_GROUP
from truebook.engine.compiled import direct, entry, touch_word
from truebook.engine.growingmap import LINE_BITS, NOTHING_TO_MOVE, homes_needed
from truebook.engine.layout import ACCOUNT_BITS, MAP_PLACES_MAX, WORD_BITS
from truebook.engine.pools import LARGE_PAGE, OFFSETS, POOLS

_PAGE = 4096
"""The smallest page there is; where there are only such, each has to be touched."""

_POOLS = {
    "orders_top": ("orders", "links", "order_hashes", "order_marks"),
    "levels_top": ("levels",),
    "nodes_top": ("nodes",),
    "accounts": ("accounts", "account_hashes"),
}
"""What grows with each scalar of `meta`, from its beginning."""

_AHEAD = {"orders_top": 1 << 17, "levels_top": 1 << 15, "nodes_top": 1 << 12, "accounts": 1 << 14}
"""So many records more are to have memory: orders for 0.2 s of 600,000 a second."""

_MAPS = {"ids": (0, "orders"), "clients": (1, "clients")}
"""The maps that grow: their numbers in the pool `maps`, and what counts their keys."""

_LEVELS_OF_A_NODE = 16
"""A node is for 64 neighbouring prices, of which many may be empty."""


@entry("int64(int64, int64)", keeps_interpreter=False)
def touch(begin: int, end: int) -> int:
    """Touch every page from one address up to another."""
    place = begin & ~(_PAGE - 1)
    while place < end:
        touch_word(place)
        place += _PAGE
    return end - begin


_touch = direct(touch)


class Backing:
    """What of one engine's pools has memory."""

    def __init__(
        self,
        state: int,
        pool: Callable[[str], NDArray[Any]],
        large_page: Callable[[int], None] = lambda address: None,
    ) -> None:
        """`large_page`: tells the system to give the large page around an address at once."""
        self._state = state
        self._large_page = large_page
        self._meta = pool("meta")
        self._maps = pool("maps")
        self._backed: dict[tuple[str, int], int] = {}
        """Of each pool, from which record on how many were touched."""

    def stay_ahead(self) -> int:
        """Touch what may come next; how many bytes that is, 0 if all of it was touched before.

        While a thread is inside the kernel it keeps the interpreter, so what is read here is whole.
        """
        meta = self._meta[0]
        touched = sum(self._grow(name, int(meta[name]) + more) for name, more in _AHEAD.items())
        for name, (_, count) in _MAPS.items():
            touched += self._grow_map(name, int(meta[count]) + _AHEAD["orders_top"])
        return touched

    def prepare(self, orders: int, levels: int, client_ids: int) -> None:
        """Touch what so many of them at once will take, and what the accounts that there are may
        have in the markets and assets that there are."""
        self._grow("orders_top", orders)
        self._grow("levels_top", levels)
        self._grow("nodes_top", -(-levels // _LEVELS_OF_A_NODE))
        self._grow_map("ids", orders)
        self._grow_map("clients", client_ids)
        accounts = int(self._meta[0]["accounts"])
        self._grow("accounts", accounts)
        for market in range(int(self._meta[0]["markets"])):
            self._back("open_orders", market << ACCOUNT_BITS, accounts)
        for group in range(-(-int(self._meta[0]["assets"]) // ASSETS_OF_A_GROUP)):
            first = group * ASSETS_OF_A_GROUP << ACCOUNT_BITS
            for name in ("balances", "balance_hashes"):
                self._back(name, first, accounts * ASSETS_OF_A_GROUP)

    def _grow(self, scalar: str, top: int) -> int:
        """What grows with that scalar is to have memory up to record `top`."""
        touched = 0
        for name in _POOLS[scalar]:
            last = top >> WORD_BITS if name == "order_marks" else top
            touched += self._back(name, 0, last + 1)
        return touched

    def _grow_map(self, name: str, keys: int) -> int:
        """A map that is to hold so many keys is to have memory, and its successor as far as it has
        to be there by then. While it moves to its successor, that has memory."""
        here = self._maps[_MAPS[name][0]]
        base, bits, touched = int(here["base"]), int(here["bits"]), 0
        while here["moved"] == NOTHING_TO_MOVE and (homes := homes_needed(bits, keys)):
            base, bits = MAP_PLACES_MAX - base, bits + 1
            touched += self._back(name, base, homes)
            touched += self._back(f"{name}_displaced", base >> LINE_BITS, homes >> LINE_BITS)
        return touched

    def _back(self, name: str, first: int, count: int) -> int:
        """Touch so many records of a pool, those that were touched before left out; how many bytes
        that is."""
        record, length = POOLS[name]
        backed, count = self._backed.get((name, first), 0), min(count, length - first)
        if count <= backed:
            return 0
        self._backed[name, first] = count
        begin = self._state + OFFSETS[name] + first * record.itemsize
        begin, end = begin + backed * record.itemsize, begin + count * record.itemsize
        for place in range(begin - begin % LARGE_PAGE, end, LARGE_PAGE):
            self._large_page(place)
            _touch(max(place, begin), min(place + LARGE_PAGE, end))
        return end - begin
