"""The state as the kernel sees it: one address, and every pool at a fixed distance from it.

Promise: `order_at(s, slot)` is that order's record in memory, to read and to write, at the cost of
one addition. Why so: an engine's whole address space is reserved at once (memory.py), so where a
pool begins is a constant; a function of the kernel is handed a single number, and code that passes
thirty arrays about compiles thirty times as long.

What is only passed through, input, events and replies, has no such place, and is told by addresses:
a record of the input is the one at `i`, everywhere, and the next is COMMAND_BYTES behind it. (Of a
number its place had to be worked out, again and again: whatever is written might change where the
input begins, for all that a compiler knows.)

With NUMBA_BOUNDSCHECK=1 every index is checked, and one out of range raises IndexError.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from truebook.engine.compiled import BOUNDS_CHECKED, inlined, prefetch, record_at
from truebook.engine.layout import AHEAD_MASK, ANSWER, NODE, PLACE_IN_MAP, ROW, WORD
from truebook.engine.pools import OFFSETS, POOLS
from truebook.messages import (
    COMMAND,
    COMMAND_BYTES,
    ENTRY,
    TICK,
    TRANSFER,
)

State: TypeAlias = Any
"""The address of a state: an int64."""

Record: TypeAlias = Any
Accessor: TypeAlias = Callable[[State, Any], Record]


def accessor(name: str) -> Accessor:
    """The accessor of a pool: the record at an index."""
    record, length = POOLS[name]
    offset, size = OFFSETS[name], record.itemsize
    if BOUNDS_CHECKED:

        @inlined
        def checked(s: State, index: Any) -> Record:
            if index < 0 or index >= length:
                raise IndexError
            return record_at(s + offset + np.int64(index) * size, record)

        return checked

    @inlined
    def at(s: State, index: Any) -> Record:
        return record_at(s + offset + np.int64(index) * size, record)

    return at


order_at = accessor("orders")
link_at = accessor("links")
level_at = accessor("levels")
node_at = accessor("nodes")
book_at = accessor("books")
market_at = accessor("markets")
asset_at = accessor("assets")
tier_at = accessor("tiers")
account_at = accessor("accounts")
key_at = accessor("keys")
balance_at = accessor("balances")
open_orders_at = accessor("open_orders")
gateway_at = accessor("gateways")
map_at = accessor("maps")
touched_balance_at = accessor("touched_balances")
timer_at = accessor("timers")
timer_place_at = accessor("timer_places")
withdrawal_at = accessor("withdrawals")
reference_at = accessor("references")
attester_at = accessor("attesters")

_ahead_at = accessor("ahead")
_meta_at = accessor("meta")
_taker_at = accessor("taker")


@inlined
def meta_of(s: State) -> Record:
    """The scalars."""
    return _meta_at(s, 0)


@inlined
def taker_of(s: State) -> Record:
    """The order in matching."""
    return _taker_at(s, 0)


@inlined
def map_place_at(s: State, offset: Any, index: Any) -> Record:
    """A place of the hash map that begins at `offset`."""
    return record_at(s + offset + np.int64(index) * 8, PLACE_IN_MAP)


_COMMAND_BITS = COMMAND_BYTES.bit_length() - 1
_NODES = OFFSETS["nodes"]
_NODE_BYTES = NODE.itemsize
_CHILDREN = NODE.itemsize - 64 * 4


def fetch(name: str) -> Callable[[State, Any], None]:
    """What brings a record's first line near, before it is needed."""
    record, _ = POOLS[name]
    offset, size = OFFSETS[name], record.itemsize

    @inlined
    def fetch_at(s: State, index: Any) -> None:
        prefetch(s + offset + np.int64(index) * size)

    return fetch_at


@inlined
def prefetch_child(s: State, node: Any, digit: Any) -> None:
    """Bring that child of a node of the price index near."""
    prefetch(s + _NODES + np.int64(node) * _NODE_BYTES + _CHILDREN + digit * 4)


fetch_order = fetch("orders")
fetch_link = fetch("links")
fetch_level = fetch("levels")
fetch_node = fetch("nodes")
fetch_account = fetch("accounts")
fetch_balance = fetch("balances")
fetch_open_orders = fetch("open_orders")


def _input(record: "np.dtype[Any]") -> Accessor:
    """The accessor of input records, read as commands of one kind."""

    @inlined
    def at(s: State, i: Any) -> Record:
        return record_at(i, record)

    return at


command_at = _input(COMMAND)


entry_at = _input(ENTRY)
tick_at = _input(TICK)
transfer_at = _input(TRANSFER)


@inlined
def row_at(address: Any) -> Record:
    """The row of the events that is written at that address."""
    return record_at(address, ROW)


@inlined
def reply_at(address: Any) -> Record:
    """The reply that is written at that address."""
    return record_at(address, ANSWER)


@inlined
def word_at(s: State, i: Any, number: Any) -> Record:
    """A word of an input record, which has eight."""
    return record_at(i + number * 8, WORD)


@inlined
def ahead_of(s: State, i: Any) -> Record:
    """What was found out about a command before its turn."""
    return _ahead_at(s, (i >> _COMMAND_BITS) & AHEAD_MASK)
