"""Open addressing: how the places of a hash map of one size are found, filled and freed.

Promise: a look-up costs one or two memory lines, and a removal leaves nothing behind.

A place holds a 32-bit tag, the key's hash, and a slot, 0 where it is free (growingmap.py). From its
home on a key takes the first free place (at most half of them are taken), and a removal moves back
what had been pushed on. Behind the last home there is room for everything that could be pushed past
it, so nothing wraps around.
"""

from typing import Any

import numpy as np

from truebook.engine.compiled import inlined
from truebook.engine.state import State, map_place_at


@inlined
def home_of(tag: Any, bits: Any) -> Any:
    """The place where the search for a tag begins, in a map of 2 ** bits homes."""
    return ((tag >> (35 - bits)) << 3) | (tag & 7)


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
