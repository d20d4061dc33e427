"""Hash maps from ids to slots: order ids, client ids, account names, public keys.

Promise: a look-up costs one or two memory lines at any size; nothing is ever left behind by a
removal. Places hold the upper half of the key's 64-bit hash and a slot; the key itself stands in
what the slot leads to, and is compared there only where the hash agrees. Linear probing, at most
half full; a removal moves back what had been pushed on (so there are no tombstones); a full map is
copied into the other half of its array with twice the places.

The home of a hash is its upper bits (Fibonacci hashing), so it can be told from the tag alone.
"""

from typing import Any

import numpy as np

from truebook.engine.compiled import inlined, unsigned
from truebook.engine.layout import IDS_PLACES_MAX, KEY_MAP_BITS, NAME_MAP_BITS, OFFSETS
from truebook.engine.state import (
    State,
    account_at,
    key_at,
    link_at,
    map_place_at,
    meta_of,
    order_at,
)

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xFF51AFD7ED558CCD)
_UPPER = np.uint64(32)
_HALF = np.uint64(33)
MAP_BITS_START = 10

IDS = OFFSETS["ids"]
CLIENTS = OFFSETS["clients"]
NAMES = OFFSETS["names"]
PUBLIC_KEYS = OFFSETS["public_keys"]


@inlined
def _tag_of_id(order_id: Any) -> Any:
    return np.int64((unsigned(order_id) * _GOLDEN) >> _UPPER)


@inlined
def _tag_of_client(account: Any, client_id: Any) -> Any:
    key = unsigned((np.int64(account) << 32) | np.int64(client_id)) * _MIX
    return np.int64(((key ^ (key >> _HALF)) * _GOLDEN) >> _UPPER)


@inlined
def _tag_of_words(a: Any, b: Any, c: Any, d: Any) -> Any:
    key = ((a * _MIX) ^ b) * _MIX
    key = ((key ^ (key >> _HALF) ^ c) * _MIX) ^ d
    return np.int64((((key ^ (key >> _HALF)) * _MIX) * _GOLDEN) >> _UPPER)


@inlined
def _put(s: State, places: Any, base: Any, bits: Any, tag: Any, slot: Any) -> None:
    """Into the first free place from the tag's home on."""
    mask = (np.int64(1) << bits) - 1
    i = tag >> (32 - bits)
    while map_place_at(s, places, base + i).slot != 0:
        i = (i + 1) & mask
    map_place_at(s, places, base + i).tag = tag
    map_place_at(s, places, base + i).slot = slot


@inlined
def _take(s: State, places: Any, base: Any, bits: Any, i: Any) -> None:
    """Free place `i`, and move back what was pushed past it."""
    mask = (np.int64(1) << bits) - 1
    j = i
    while True:
        j = (j + 1) & mask
        if map_place_at(s, places, base + j).slot == 0:
            break
        home = np.int64(map_place_at(s, places, base + j).tag) >> (32 - bits)
        if ((j - home) & mask) >= ((j - i) & mask):
            map_place_at(s, places, base + i).tag = map_place_at(s, places, base + j).tag
            map_place_at(s, places, base + i).slot = map_place_at(s, places, base + j).slot
            i = j
    map_place_at(s, places, base + i).slot = 0


@inlined
def _grown(s: State, places: Any, base: Any, bits: Any) -> Any:
    """Copy all places into the other half with one bit more, clear this half; the new base."""
    other = IDS_PLACES_MAX - base
    for i in range(np.int64(1) << bits):
        slot = map_place_at(s, places, base + i).slot
        if slot != 0:
            _put(s, places, other, bits + 1, np.int64(map_place_at(s, places, base + i).tag), slot)
            map_place_at(s, places, base + i).slot = 0
    return other


# --- orders by id -----------------------------------------------------------------------------


@inlined
def _place_of_order(s: State, order_id: Any) -> Any:
    """The place that holds the order; −1 if there is none."""
    meta = meta_of(s)
    bits, base = meta.ids_bits, meta.ids_base
    mask = (np.int64(1) << bits) - 1
    tag = _tag_of_id(order_id)
    i = tag >> (32 - bits)
    while True:
        slot = map_place_at(s, IDS, base + i).slot
        if slot == 0:
            return np.int64(-1)
        if map_place_at(s, IDS, base + i).tag == tag and order_at(s, slot).order_id == order_id:
            return i
        i = (i + 1) & mask


@inlined
def slot_of_order(s: State, order_id: Any) -> Any:
    """The slot of the resting order with that id; 0: none."""
    i = _place_of_order(s, order_id)
    return np.int64(0) if i < 0 else np.int64(map_place_at(s, IDS, meta_of(s).ids_base + i).slot)


@inlined
def add_order_id(s: State, order_id: Any, slot: Any) -> None:
    """The order now rests; `meta.orders` already counts it."""
    meta = meta_of(s)
    if meta.orders * 2 > np.int64(1) << meta.ids_bits:
        meta.ids_base = _grown(s, IDS, meta.ids_base, meta.ids_bits)
        meta.ids_bits += 1
    _put(s, IDS, meta.ids_base, meta.ids_bits, _tag_of_id(order_id), slot)


@inlined
def remove_order_id(s: State, order_id: Any) -> None:
    """The order doesn't rest any more; its slot still has its id."""
    i = _place_of_order(s, order_id)
    _take(s, IDS, meta_of(s).ids_base, meta_of(s).ids_bits, i)


# --- orders by account and client id ------------------------------------------------------------


@inlined
def _place_of_client(s: State, account: Any, client_id: Any) -> Any:
    meta = meta_of(s)
    bits, base = meta.clients_bits, meta.clients_base
    mask = (np.int64(1) << bits) - 1
    tag = _tag_of_client(account, client_id)
    i = tag >> (32 - bits)
    while True:
        slot = map_place_at(s, CLIENTS, base + i).slot
        if slot == 0:
            return np.int64(-1)
        if (
            map_place_at(s, CLIENTS, base + i).tag == tag
            and order_at(s, slot).account == account
            and link_at(s, slot).client_id == client_id
        ):
            return i
        i = (i + 1) & mask


@inlined
def slot_of_client(s: State, account: Any, client_id: Any) -> Any:
    """The slot of the account's resting order with that client id; 0: none."""
    i = _place_of_client(s, account, client_id)
    return (
        np.int64(0)
        if i < 0
        else np.int64(map_place_at(s, CLIENTS, meta_of(s).clients_base + i).slot)
    )


@inlined
def add_client_id(s: State, account: Any, client_id: Any, slot: Any) -> None:
    """The order with that client id now rests."""
    meta = meta_of(s)
    meta.clients += 1
    if meta.clients * 2 > np.int64(1) << meta.clients_bits:
        meta.clients_base = _grown(s, CLIENTS, meta.clients_base, meta.clients_bits)
        meta.clients_bits += 1
    tag = _tag_of_client(account, client_id)
    _put(s, CLIENTS, meta.clients_base, meta.clients_bits, tag, slot)


@inlined
def remove_client_id(s: State, account: Any, client_id: Any) -> None:
    """The order with that client id doesn't rest any more; its slot still has both."""
    i = _place_of_client(s, account, client_id)
    _take(s, CLIENTS, meta_of(s).clients_base, meta_of(s).clients_bits, i)
    meta_of(s).clients -= 1


# --- accounts by name, keys by public key: places hold the number + 1 ---------------------------


@inlined
def account_of_name(s: State, a: Any, b: Any, c: Any) -> Any:
    """The account with the name of these three words; −1: none."""
    tag = _tag_of_words(a, b, c, a)
    i = tag >> (32 - NAME_MAP_BITS)
    while True:
        number = np.int64(map_place_at(s, NAMES, i).slot) - 1
        if number < 0:
            return np.int64(-1)
        name = account_at(s, number).name
        if name[0] == a and name[1] == b and name[2] == c:
            return number
        i = (i + 1) & ((1 << NAME_MAP_BITS) - 1)


@inlined
def add_name(s: State, a: Any, b: Any, c: Any, number: Any) -> None:
    """The account has that name from now on."""
    _put(s, NAMES, 0, NAME_MAP_BITS, _tag_of_words(a, b, c, a), number + 1)


@inlined
def remove_name(s: State, a: Any, b: Any, c: Any) -> None:
    """The account that still has that name gives it up."""
    number = account_of_name(s, a, b, c)
    i = _tag_of_words(a, b, c, a) >> (32 - NAME_MAP_BITS)
    while np.int64(map_place_at(s, NAMES, i).slot) - 1 != number:
        i = (i + 1) & ((1 << NAME_MAP_BITS) - 1)
    _take(s, NAMES, 0, NAME_MAP_BITS, i)


@inlined
def slot_of_key(s: State, a: Any, b: Any, c: Any, d: Any) -> Any:
    """The slot of the public key of these four words; −1: none."""
    tag = _tag_of_words(a, b, c, d)
    i = tag >> (32 - KEY_MAP_BITS)
    while True:
        slot = np.int64(map_place_at(s, PUBLIC_KEYS, i).slot) - 1
        if slot < 0:
            return np.int64(-1)
        key = key_at(s, slot).public_key
        if key[0] == a and key[1] == b and key[2] == c and key[3] == d:
            return slot
        i = (i + 1) & ((1 << KEY_MAP_BITS) - 1)


@inlined
def add_key(s: State, a: Any, b: Any, c: Any, d: Any, slot: Any) -> None:
    """The key is known from now on; keys are never forgotten, only revoked."""
    _put(s, PUBLIC_KEYS, 0, KEY_MAP_BITS, _tag_of_words(a, b, c, d), slot + 1)
