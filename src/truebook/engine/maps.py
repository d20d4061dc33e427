"""What leads to slots: order ids, client ids, names, keys, withdrawals, references (places.py).

Promise: what is found is what was asked for: where a tag agrees, the key itself is compared.

Order ids are counted up by each gateway. Eight neighbours share a line of the map, so orders that
come one after another are put into memory that is at hand, and the tags of one gateway's ids, eight
by eight, lie as evenly as the multiples of the golden ratio do. In their line they come from the
end, and what is displaced goes on from its home: so it doesn't take the place of the next one.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from truebook.engine.compiled import inlined, unsigned
from truebook.engine.growingmap import GrowingMap, growing_map
from truebook.engine.layout import (
    KEY_MAP_BITS,
    NAME_MAP_BITS,
    REFERENCE_MAP_BITS,
    WITHDRAWAL_MAP_BITS,
)
from truebook.engine.places import free, home_of, put
from truebook.engine.pools import OFFSETS
from truebook.engine.state import (
    State,
    account_at,
    gateway_at,
    key_at,
    link_at,
    map_place_at,
    meta_of,
    order_at,
    reference_at,
    withdrawal_at,
)
from truebook.limits import ORDER_COUNTER_BITS

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xFF51AFD7ED558CCD)
_UPPER = np.uint64(32)
_UPPER_29 = np.uint64(35)
_NEIGHBOURS = np.uint64(3)
_HALF = np.uint64(33)

NAMES = OFFSETS["names"]
PUBLIC_KEYS = OFFSETS["public_keys"]
WITHDRAWAL_IDS = OFFSETS["withdrawal_ids"]
DIGESTS = OFFSETS["digests"]
_Find: TypeAlias = Callable[[State, Any, Any, Any, Any], Any]
IDS = growing_map("ids", 0)
CLIENTS = growing_map("clients", 1)


@inlined
def tag_of_id(order_id: Any) -> Any:
    """The tag of an order id."""
    group = (unsigned(order_id) >> _NEIGHBOURS) * _GOLDEN >> _UPPER_29
    return (np.int64(group) << 3) | (~order_id & 7)


@inlined
def _tag_of_client(account: Any, client_id: Any) -> Any:
    key = unsigned((np.int64(account) << 32) | np.int64(client_id)) * _MIX
    return np.int64(((key ^ (key >> _HALF)) * _GOLDEN) >> _UPPER)


@inlined
def _tag_of_words(a: Any, b: Any, c: Any, d: Any) -> Any:
    key = ((a * _MIX) ^ b) * _MIX
    key = ((key ^ (key >> _HALF) ^ c) * _MIX) ^ d
    return np.int64((((key ^ (key >> _HALF)) * _MIX) * _GOLDEN) >> _UPPER)


# --- orders by id -----------------------------------------------------------------------------


def _finder(grown: GrowingMap, is_it: Callable[[State, Any, Any, Any], Any]) -> _Find:
    """What finds the slot of a key of two parts, of which `is_it` tells whether it is a slot's."""
    _, _, place_at, next_displaced, displaced, misses, _, _ = grown

    @inlined
    def find_displaced(s: State, home_place: Any, tag: Any, a: Any, b: Any) -> Any:
        place = home_place
        for count in range(displaced(s, home_place)):
            place = next_displaced(s, home_place, count, place)
            there = place_at(s, place)
            if there.tag == tag and is_it(s, np.int64(there.slot), a, b):
                return np.int64(there.slot)
        return np.int64(0)

    @inlined
    def find(s: State, home_place: Any, tag: Any, a: Any, b: Any) -> Any:
        there = place_at(s, home_place)
        slot = np.int64(there.slot)
        if slot != 0 and there.tag == tag and is_it(s, slot, a, b):
            return slot
        if not misses(s, home_place):
            return np.int64(0)
        return find_displaced(s, home_place, tag, a, b)

    return find


@inlined
def _has_id(s: State, slot: Any, order_id: Any, zero: Any) -> Any:
    return order_at(s, slot).order_id == order_id


@inlined
def _has_client_id(s: State, slot: Any, account: Any, client_id: Any) -> Any:
    return order_at(s, slot).account == account and link_at(s, slot).client_id == client_id


_find_order = _finder(IDS, _has_id)
_find_client = _finder(CLIENTS, _has_client_id)
_id_home, _client_home = IDS.home, CLIENTS.home
_remember_id, _remember_client = IDS.remember, CLIENTS.remember
_forget_id, _forget_client = IDS.forget, CLIENTS.forget


@inlined
def slot_of_order(s: State, order_id: Any) -> Any:
    """The slot of the resting order with that id; 0: none."""
    tag = tag_of_id(order_id)
    return _find_order(s, _id_home(s, tag), tag, order_id, np.int64(0))


@inlined
def is_resting(s: State, order_id: Any) -> Any:
    """Whether an order with that id rests. Gateways count up, so a look tells that it is new."""
    if order_id > gateway_at(s, order_id >> ORDER_COUNTER_BITS).highest_order_id:
        return False
    return slot_of_order(s, order_id) != 0


@inlined
def add_order_id(s: State, order_id: Any, slot: Any) -> None:
    """The order now rests; `meta.orders` already counts it."""
    gateway = gateway_at(s, order_id >> ORDER_COUNTER_BITS)
    gateway.highest_order_id = max(gateway.highest_order_id, order_id)
    _remember_id(s, meta_of(s).orders, tag_of_id(order_id), slot)


@inlined
def remove_order_id(s: State, order_id: Any, slot: Any) -> None:
    """The order doesn't rest any more."""
    _forget_id(s, tag_of_id(order_id), slot)


# --- orders by account and client id ------------------------------------------------------------


@inlined
def slot_of_client(s: State, account: Any, client_id: Any) -> Any:
    """The slot of the account's resting order with that client id; 0: none."""
    account, client_id = np.int64(account), np.int64(client_id)
    tag = _tag_of_client(account, client_id)
    return _find_client(s, _client_home(s, tag), tag, account, client_id)


@inlined
def add_client_id(s: State, account: Any, client_id: Any, slot: Any) -> None:
    """The order with that client id now rests."""
    meta = meta_of(s)
    meta.clients += 1
    _remember_client(s, meta.clients, _tag_of_client(account, client_id), slot)


@inlined
def remove_client_id(s: State, account: Any, client_id: Any, slot: Any) -> None:
    """The order with that client id doesn't rest any more."""
    _forget_client(s, _tag_of_client(account, client_id), slot)
    meta_of(s).clients -= 1


# --- accounts by name, keys by public key: places hold the number + 1 ---------------------------


@inlined
def account_of_name(s: State, a: Any, b: Any, c: Any) -> Any:
    """The account with the name of these three words; −1: none."""
    tag = _tag_of_words(a, b, c, a)
    i = home_of(tag, NAME_MAP_BITS)
    while True:
        number = np.int64(map_place_at(s, NAMES, i).slot) - 1
        if number < 0:
            return np.int64(-1)
        name = account_at(s, number).name
        if name[0] == a and name[1] == b and name[2] == c:
            return number
        i += 1


@inlined
def add_name(s: State, a: Any, b: Any, c: Any, number: Any) -> None:
    """The account has that name from now on."""
    tag = _tag_of_words(a, b, c, a)
    put(s, NAMES, home_of(tag, NAME_MAP_BITS), tag, number + 1)


@inlined
def remove_name(s: State, a: Any, b: Any, c: Any) -> None:
    """The account that still has that name gives it up."""
    number = account_of_name(s, a, b, c)
    i = home_of(_tag_of_words(a, b, c, a), NAME_MAP_BITS)
    while np.int64(map_place_at(s, NAMES, i).slot) - 1 != number:
        i += 1
    free(s, NAMES, 0, NAME_MAP_BITS, i)


@inlined
def slot_of_key(s: State, a: Any, b: Any, c: Any, d: Any) -> Any:
    """The slot of the public key of these four words; −1: none."""
    tag = _tag_of_words(a, b, c, d)
    i = home_of(tag, KEY_MAP_BITS)
    while True:
        slot = np.int64(map_place_at(s, PUBLIC_KEYS, i).slot) - 1
        if slot < 0:
            return np.int64(-1)
        key = key_at(s, slot).public_key
        if key[0] == a and key[1] == b and key[2] == c and key[3] == d:
            return slot
        i += 1


@inlined
def add_key(s: State, a: Any, b: Any, c: Any, d: Any, slot: Any) -> None:
    """The key is known from now on; keys are never forgotten, only revoked."""
    tag = _tag_of_words(a, b, c, d)
    put(s, PUBLIC_KEYS, home_of(tag, KEY_MAP_BITS), tag, slot + 1)


# --- withdrawals by id, references by digest ----------------------------------------------------


@inlined
def slot_of_withdrawal(s: State, withdrawal_id: Any) -> Any:
    """The slot of the pending withdrawal with that id; 0: none."""
    tag = tag_of_id(withdrawal_id)
    i = home_of(tag, WITHDRAWAL_MAP_BITS)
    while True:
        slot = np.int64(map_place_at(s, WITHDRAWAL_IDS, i).slot)
        if slot == 0 or withdrawal_at(s, slot).withdrawal_id == withdrawal_id:
            return slot
        i += 1


@inlined
def add_withdrawal_id(s: State, withdrawal_id: Any, slot: Any) -> None:
    """The withdrawal is pending from now on."""
    tag = tag_of_id(withdrawal_id)
    put(s, WITHDRAWAL_IDS, home_of(tag, WITHDRAWAL_MAP_BITS), tag, slot)


@inlined
def remove_withdrawal_id(s: State, withdrawal_id: Any, slot: Any) -> None:
    """The withdrawal is settled."""
    i = home_of(tag_of_id(withdrawal_id), WITHDRAWAL_MAP_BITS)
    while np.int64(map_place_at(s, WITHDRAWAL_IDS, i).slot) != slot:
        i += 1
    free(s, WITHDRAWAL_IDS, 0, WITHDRAWAL_MAP_BITS, i)


@inlined
def is_known_reference(s: State, a: Any, b: Any) -> Any:
    """Whether a deposit with the reference of these two words was carried out."""
    i = home_of(_tag_of_words(a, b, a, b), REFERENCE_MAP_BITS)
    while True:
        slot = np.int64(map_place_at(s, DIGESTS, i).slot)
        if slot == 0:
            return False
        digest = reference_at(s, slot).digest
        if digest[0] == a and digest[1] == b:
            return True
        i += 1


@inlined
def add_reference(s: State, a: Any, b: Any, slot: Any) -> None:
    """A deposit with that reference was carried out; it is never forgotten."""
    tag = _tag_of_words(a, b, a, b)
    put(s, DIGESTS, home_of(tag, REFERENCE_MAP_BITS), tag, slot)
