"""A hash map that grows: order ids and client ids lead to orders.

Promise: a look-up or a removal touches one line of memory at almost any time, nothing that leaves
moves anybody else, and no command ever waits for the map to grow.

A place holds a 32-bit **tag**, the key's hash, and a slot, 0 where it is free. The key itself
stands in what the slot leads to. The tag tells the key's home: its upper bits choose a line of
eight places, its lowest three the place in it; so keys whose hashes differ in those three bits
only, as neighbouring order ids do, share a line. A key whose home is taken is *displaced* to the
next free place, and its home's line counts it. So a look-up ends at the home, unless that has
displaced a key: then it goes on until it has met all that the line has displaced. A removal frees
the place and leaves no trace. (A map without such counts has to move others back: loops of which no
processor can guess the length.) Behind the last home there is room for everything that could be
displaced past it, so nothing wraps around.

Growing. A map that is a quarter full, a large one that is half full, gets a successor with twice
the homes in the other half of its pool. (Fuller, every other key would be displaced, and no
processor guesses which; but large maps would take much memory.) Each insertion then moves a few
lines over, from the lowest on, each with those that were displaced from it: so a key whose home
lies below `moved` is in the successor and any other still in the predecessor, and that is all a
look-up has to ask. Keys are spread over all of the successor at once, and a system takes its time
to give memory: so it is asked for piece by piece before.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from truebook.engine.compiled import called, inlined, rarely
from truebook.engine.layout import MAP_PLACES_MAX, PLACE_IN_MAP
from truebook.engine.places import home_of
from truebook.engine.pools import LARGE_PAGE
from truebook.engine.state import Accessor, Record, State, accessor, map_at
from truebook.limits import ORDERS_MAX

MAP_BITS_START = 10
_MAP_BITS_MAX = ORDERS_MAX.bit_length()
"""With as many orders as there may be the largest map is half full."""
_LARGE_BITS = 22
"""A map of a million orders takes 32 MB, and more than that is in no cache anyway."""
_PIECE = LARGE_PAGE // PLACE_IN_MAP.itemsize
"""As much of the successor as the system gives at once, in places."""
_PIECE_FROM = 1 << 13
"""So many keys later than a piece could be asked for it is: not in a batch that begins one more
page of orders."""
_NEVER = 1 << 62
NOTHING_TO_MOVE = -1
LINE_BITS = 3
_LINE = 1 << LINE_BITS
_END = 2 * MAP_PLACES_MAX - 1
"""A search ends there at the latest, even one that damaged counts have sent off."""
_MOVED_AT_ONCE = 4
"""Lines that each insertion into the larger map moves: it ends long before the next time."""


class GrowingMap(NamedTuple):
    """What can be done with the map."""

    home: Callable[[State, Any], Any]
    """The place where the search for a tag begins."""

    likely_home: Callable[[State, Any], Any]
    """The same without asking whether the map is growing: for lookahead.py."""

    place_at: Callable[[State, Any], Record]
    """A place."""

    next_displaced: Callable[[State, Any, Any, Any], Any]
    """After `count` displaced keys of a home's line, the last at `place`: the place of the next."""

    displaced: Callable[[State, Any], Any]
    """How many keys the line of that home has displaced."""

    misses: Callable[[State, Any], Any]
    """Whether that home itself may have displaced any."""

    remember: Callable[[State, Any, Any, Any], None]
    """Put a slot into the map, which holds `count` with it."""

    forget: Callable[[State, Any, Any], None]
    """Free the place of a slot that is in the map."""


class _Lines(NamedTuple):
    """What is done with places and with the lines they stand in."""

    displaced: Callable[[State, Any], Any]
    misses: Callable[[State, Any], Any]
    take_back: Callable[[State, Any], None]
    insert: Callable[[State, Any, Any, Any], None]
    is_displaced: Callable[[State, Any, Any], Any]
    next_displaced: Callable[[State, Any, Any, Any], Any]


def _homes(number: int) -> tuple[Callable[[State, Any], Any], Callable[[State, Any], Any]]:
    """Where a tag's home is, and where it is if the map isn't growing."""

    @inlined
    def home(s: State, tag: Any) -> Any:
        here = map_at(s, number)
        if rarely(here.moved != NOTHING_TO_MOVE):
            old_home = home_of(tag, here.bits - 1)
            if old_home >= here.moved:
                return MAP_PLACES_MAX - here.base + old_home
        return here.base + home_of(tag, here.bits)

    @inlined
    def likely_home(s: State, tag: Any) -> Any:
        here = map_at(s, number)
        return here.base + home_of(tag, here.bits)

    return home, likely_home


def _keys_max(bits: Any) -> Any:
    """How many keys a map of 2 ** bits homes may hold."""
    return (np.int64(1) << bits) >> (2 if bits < _LARGE_BITS else 1)


keys_max = inlined(_keys_max)


def homes_needed(bits: int, keys: int) -> int:
    """How many homes of the successor of a map of 2 ** bits are to have memory while it holds so
    many keys: all at its end, none until it is full to three quarters. Called by Python."""
    most = int(_keys_max(bits))
    last_quarter = min(keys - most + (most >> 2), most >> 2)
    if last_quarter <= 0 or bits >= _MAP_BITS_MAX:
        return 0
    return (2 << bits) * last_quarter // (most >> 2)


def _lines(place_at: Accessor, line_at: Accessor, number: int) -> _Lines:
    """The map's lines; `place_at` and `line_at` give its places and what each line counts."""

    @inlined
    def displaced(s: State, home_place: Any) -> Any:
        return np.int64(line_at(s, home_place >> 3).count)

    @inlined
    def misses(s: State, home_place: Any) -> Any:
        return (line_at(s, home_place >> 3).homes >> (home_place & 7)) & 1 != 0

    @inlined
    def take_back(s: State, home_place: Any) -> None:
        """A displaced key leaves."""
        line = line_at(s, home_place >> 3)
        line.count -= 1
        if line.count == 0:
            line.homes = 0

    @inlined
    def insert(s: State, home_place: Any, tag: Any, slot: Any) -> None:
        place = home_place
        if place_at(s, place).slot != 0:
            line = line_at(s, home_place >> 3)
            line.count += 1
            line.homes |= 1 << (home_place & 7)
            while place_at(s, place).slot != 0:
                place += 1
        there = place_at(s, place)
        there.tag = tag
        there.slot = slot

    @inlined
    def is_displaced(s: State, place: Any, home_place: Any) -> Any:
        """Whether a key stands there that the line of `home_place` has displaced."""
        there = place_at(s, place)
        here = map_at(s, number)
        old = (place >= MAP_PLACES_MAX) != (here.base >= MAP_PLACES_MAX)
        base = MAP_PLACES_MAX - here.base if old else np.int64(here.base)
        its_home = base + home_of(np.int64(there.tag), here.bits - np.int64(old))
        return there.slot != 0 and its_home != place and its_home >> 3 == home_place >> 3

    @inlined
    def next_displaced(s: State, home_place: Any, count: Any, place: Any) -> Any:
        place = place + 1 if count != 0 else home_place & ~(_LINE - 1)
        while place < _END and not is_displaced(s, place, home_place):
            place += 1
        return place

    return _Lines(displaced, misses, take_back, insert, is_displaced, next_displaced)


def growing_map(name: str, number: int) -> GrowingMap:
    """The map in the pool of that name, with that number among `MAP`."""
    place_at, line_at = accessor(name), accessor(f"{name}_displaced")
    home, likely_home = _homes(number)
    displaced, misses, take_back, insert, is_displaced, next_displaced = _lines(
        place_at, line_at, number
    )

    @called
    def make_room(s: State, count: Any) -> None:
        """The map holds so many keys that it must grow, or will soon."""
        here = map_at(s, number)
        if count > keys_max(here.bits):
            here.base = MAP_PLACES_MAX - here.base
            here.bits += 1
            here.moved = 0
            here.prepared = 0
        elif here.moved == NOTHING_TO_MOVE:
            place = MAP_PLACES_MAX - here.base + here.prepared
            place_at(s, place).slot = 0
            line_at(s, place >> 3).count = 0
            here.prepared = min(here.prepared + _PIECE, np.int64(2) << here.bits)
        most = keys_max(here.bits)
        pieces = ((most >> 2) * here.prepared >> (here.bits + 1)) + _PIECE_FROM
        soon = min(most - (most >> 2) + pieces, most)
        here.look_again = soon if here.bits < _MAP_BITS_MAX else _NEVER

    @called
    def move_line(s: State, old_line: Any) -> None:
        here = map_at(s, number)
        place = old_line
        left = displaced(s, old_line)
        while place < old_line + _LINE or left != 0:
            there = place_at(s, place)
            away = is_displaced(s, place, old_line)
            if away or (place < old_line + _LINE and there.slot != 0):
                left -= np.int64(away)
                tag = np.int64(there.tag)
                insert(s, here.base + home_of(tag, here.bits), tag, there.slot)
                there.slot = 0
            place += 1
        line_at(s, old_line >> 3).count = 0
        line_at(s, old_line >> 3).homes = 0

    @inlined
    def remember(s: State, count: Any, tag: Any, slot: Any) -> None:
        here = map_at(s, number)
        if rarely(count > here.look_again):
            make_room(s, count)
        if rarely(here.moved != NOTHING_TO_MOVE):
            for _ in range(_MOVED_AT_ONCE):
                move_line(s, MAP_PLACES_MAX - here.base + here.moved)
                here.moved += _LINE
            if here.moved >= np.int64(1) << (here.bits - 1):
                here.moved = NOTHING_TO_MOVE
        insert(s, home(s, tag), tag, slot)

    @inlined
    def forget(s: State, tag: Any, slot: Any) -> None:
        place = home_place = home(s, tag)
        if place_at(s, place).slot != slot:
            take_back(s, home_place)
            place = home_place & ~(_LINE - 1)
            while place_at(s, place).slot != slot:
                place += 1
        place_at(s, place).slot = 0

    return GrowingMap(
        home, likely_home, place_at, next_displaced, displaced, misses, remember, forget
    )
