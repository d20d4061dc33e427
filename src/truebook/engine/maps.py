"""What leads to slots: order ids, client ids, names, keys, withdrawals, references (places.py).

Promise: what is found is what was asked for: where a tag agrees, the key itself is compared.

Order ids are counted up by each gateway. Eight neighbours share a line of the map, so orders that
come one after another are put into memory that is at hand, and the tags of one gateway's ids, eight
by eight, lie as evenly as the multiples of the golden ratio do.
"""

from typing import Any

import numpy as np

from truebook.engine.compiled import inlined, unsigned
from truebook.engine.layout import (
    KEY_MAP_BITS,
    NAME_MAP_BITS,
    OFFSETS,
    REFERENCE_MAP_BITS,
    WITHDRAWAL_MAP_BITS,
)
from truebook.engine.places import first_place, forget, free, home_of, put, remember
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

IDS = OFFSETS["ids"]
CLIENTS = OFFSETS["clients"]
NAMES = OFFSETS["names"]
PUBLIC_KEYS = OFFSETS["public_keys"]
WITHDRAWAL_IDS = OFFSETS["withdrawal_ids"]
DIGESTS = OFFSETS["digests"]
ID_MAP = 0
_CLIENT_MAP = 1


@inlined
def tag_of_id(order_id: Any) -> Any:
    """The tag of an order id."""
    group = (unsigned(order_id) >> _NEIGHBOURS) * _GOLDEN >> _UPPER_29
    return (np.int64(group) << 3) | (order_id & 7)


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


@inlined
def slot_of_order(s: State, order_id: Any) -> Any:
    """The slot of the resting order with that id; 0: none."""
    tag = tag_of_id(order_id)
    place = first_place(s, ID_MAP, tag)
    while True:
        here = map_place_at(s, IDS, place)
        slot = np.int64(here.slot)
        if slot == 0 or (here.tag == tag and order_at(s, slot).order_id == order_id):
            return slot
        place += 1


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
    remember(s, IDS, ID_MAP, meta_of(s).orders, tag_of_id(order_id), slot)


@inlined
def remove_order_id(s: State, order_id: Any, slot: Any) -> None:
    """The order doesn't rest any more."""
    forget(s, IDS, ID_MAP, tag_of_id(order_id), slot)


# --- orders by account and client id ------------------------------------------------------------


@inlined
def slot_of_client(s: State, account: Any, client_id: Any) -> Any:
    """The slot of the account's resting order with that client id; 0: none."""
    tag = _tag_of_client(account, client_id)
    place = first_place(s, _CLIENT_MAP, tag)
    while True:
        here = map_place_at(s, CLIENTS, place)
        slot = np.int64(here.slot)
        if slot == 0:
            return slot
        if here.tag == tag and order_at(s, slot).account == account:
            if link_at(s, slot).client_id == client_id:
                return slot
        place += 1


@inlined
def add_client_id(s: State, account: Any, client_id: Any, slot: Any) -> None:
    """The order with that client id now rests."""
    meta = meta_of(s)
    meta.clients += 1
    remember(s, CLIENTS, _CLIENT_MAP, meta.clients, _tag_of_client(account, client_id), slot)


@inlined
def remove_client_id(s: State, account: Any, client_id: Any, slot: Any) -> None:
    """The order with that client id doesn't rest any more."""
    forget(s, CLIENTS, _CLIENT_MAP, _tag_of_client(account, client_id), slot)
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
