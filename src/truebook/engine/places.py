"""Open addressing: how a hash map's places are found, filled, freed, and become more.

Promise: a look-up costs one or two memory lines at any size, a removal leaves nothing behind, and
no command ever waits for a map to grow.

A place holds a 32-bit **tag**, the key's hash, and a slot, 0 where it is free. The key itself
stands in what the slot leads to. The tag tells the key's home: its upper bits choose a line of
eight places, its lowest three the place in it; so keys whose hashes differ in those three bits
only, as neighbouring order ids do, share a line. From its home on a key takes the first free place
(at most half of them are taken), and a removal moves back what had been pushed on. Behind the last
home there is room for everything that could be pushed past it, so nothing wraps around.

Growing. A map that is half full gets a successor with twice the homes in the other half of its
pool. Each insertion then moves a few places over, from the lowest home on, and always a whole run
up to a free place: so a key whose home lies below `moved` is in the successor and any other still
in the predecessor, and that is all a look-up has to ask.
"""

from typing import Any

import numpy as np

from truebook.engine.compiled import called, inlined
from truebook.engine.layout import MAP_PLACES_MAX
from truebook.engine.state import State, map_at, map_place_at

MAP_BITS_START = 10
NOTHING_TO_MOVE = 1 << 62
_MOVED_AT_ONCE = 32
"""Each insertion into the larger map moves that many places: it ends long before the next time."""


@inlined
def home_of(tag: Any, bits: Any) -> Any:
    """The place where the search for a tag begins, in a map of 2 ** bits homes."""
    return ((tag >> (35 - bits)) << 3) | (tag & 7)


@inlined
def first_place(s: State, number: Any, tag: Any) -> Any:
    """Where the search for a tag begins in the growing map of that number."""
    here = map_at(s, number)
    if here.moved != NOTHING_TO_MOVE:
        home = home_of(tag, here.bits - 1)
        if home >= here.moved:
            return MAP_PLACES_MAX - here.base + home
    return here.base + home_of(tag, here.bits)


@inlined
def put(s: State, pool: Any, place: Any, tag: Any, slot: Any) -> None:
    """Into the first free place from that one on."""
    while map_place_at(s, pool, place).slot != 0:
        place += 1
    here = map_place_at(s, pool, place)
    here.tag = tag
    here.slot = slot


@inlined
def free(s: State, pool: Any, base: Any, bits: Any, place: Any) -> None:
    """Free a place of the map at `base`, and move back what was pushed past it."""
    next_place = place
    while True:
        next_place += 1
        there = map_place_at(s, pool, next_place)
        if there.slot == 0:
            break
        if base + home_of(np.int64(there.tag), bits) <= place:
            here = map_place_at(s, pool, place)
            here.tag = there.tag
            here.slot = there.slot
            place = next_place
    map_place_at(s, pool, place).slot = 0


@inlined
def forget(s: State, pool: Any, number: Any, tag: Any, slot: Any) -> None:
    """Free the place of a slot that is in the growing map of that number."""
    here = map_at(s, number)
    place = first_place(s, number, tag)
    while map_place_at(s, pool, place).slot != slot:
        place += 1
    in_predecessor = (place >= MAP_PLACES_MAX) != (here.base >= MAP_PLACES_MAX)
    if in_predecessor:
        free(s, pool, MAP_PLACES_MAX - here.base, here.bits - 1, place)
    else:
        free(s, pool, here.base, here.bits, place)


@called
def _move_on(s: State, pool: Any, number: Any) -> None:
    """Move some places of the predecessor over, up to a free one."""
    here = map_at(s, number)
    old = MAP_PLACES_MAX - here.base
    homes = np.int64(1) << (here.bits - 1)
    place = here.moved
    enough = place + _MOVED_AT_ONCE
    while True:
        there = map_place_at(s, pool, old + place)
        place += 1
        if there.slot == 0:
            if place >= enough or place > homes:
                break
        else:
            tag = np.int64(there.tag)
            put(s, pool, here.base + home_of(tag, here.bits), tag, there.slot)
            there.slot = 0
    here.moved = place if place < homes else np.int64(NOTHING_TO_MOVE)


@inlined
def remember(s: State, pool: Any, number: Any, count: Any, tag: Any, slot: Any) -> None:
    """Put a slot into the growing map of that number, which holds `count` with it."""
    here = map_at(s, number)
    if count * 2 > np.int64(1) << here.bits:
        here.base = MAP_PLACES_MAX - here.base
        here.bits += 1
        here.moved = 0
    if here.moved != NOTHING_TO_MOVE:
        _move_on(s, pool, number)
    put(s, pool, first_place(s, number, tag), tag, slot)
