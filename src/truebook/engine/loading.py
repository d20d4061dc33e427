"""Making a state from tables: what the kernel does for it (canonical/loading.py does the rest).

Promise: every record comes in through the functions that put one there while the exchange runs, so
there is one place for each list, map and sum. Orders come sorted as a taker meets them, so each
level is found beside the one before: a million take a fraction of a second.
"""

from typing import Any

import numpy as np

from truebook.engine.book import join_account, join_level, key_of, new_order
from truebook.engine.canonical.tables import ORDER, TRIGGER
from truebook.engine.compiled import entry, record_at
from truebook.engine.hashing import (
    put_gateway,
    settle_balance,
    touch_account,
    touch_market,
    touch_order,
)
from truebook.engine.hashing_seldom import put_reference, put_withdrawal
from truebook.engine.hashing_settings import put_asset, put_attester, put_key, put_rules, put_tier
from truebook.engine.layout import NO_LEVEL, TIMER, WORD
from truebook.engine.ledger import asset_of, set_sides
from truebook.engine.maps import (
    add_key,
    add_name,
    add_reference,
    add_withdrawal_id,
    remove_name,
)
from truebook.engine.pending import join_waiting
from truebook.engine.settings import lot_atoms_of, unit_of
from truebook.engine.state import (
    State,
    account_at,
    asset_at,
    balance_at,
    gateway_at,
    key_at,
    link_at,
    market_at,
    meta_of,
    order_at,
    reference_at,
    withdrawal_at,
)
from truebook.engine.timers import look_at_next_timer, start_timer
from truebook.limits import ATTESTERS_MAX, TIERS_MAX

PLACED = np.dtype([("value", "<u4")])
_ORDER_BYTES = ORDER.itemsize
_TRIGGER_BYTES = TRIGGER.itemsize
_TIMER_BYTES = TIMER.itemsize


@entry("int64(int64)")
def forget_venue_name(s: State) -> Any:
    """The venue's account is about to get the name it has in the tables."""
    name = account_at(s, 0).name
    remove_name(s, name[0], name[1], name[2])
    return 0


@entry("int64(int64)")
def take_in_settings(s: State) -> Any:
    """Assets, markets, tiers, attesters, accounts and keys stand in their pools, and how many in
    META: find them by name and key from now on, and let the state hash know them."""
    meta = meta_of(s)
    for index in range(meta.assets):
        put_asset(s, index)
    for index in range(meta.markets):
        market = market_at(s, index)
        market.lot_atoms = lot_atoms_of(s, market)
        market.unit = unit_of(s, market)
        set_sides(s, index)
        touch_market(s, index)
    put_rules(s)
    for index in range(TIERS_MAX):
        put_tier(s, index)
    for slot in range(ATTESTERS_MAX):
        put_attester(s, slot)
    for number in range(meta.accounts):
        name = account_at(s, number).name
        add_name(s, name[0], name[1], name[2], number)
        touch_account(s, number)
    for slot in range(meta.keys):
        key = key_at(s, slot).public_key
        add_key(s, key[0], key[1], key[2], key[3], slot)
        put_key(s, slot)
    return 0


@entry("int64(int64, int64, int64)")
def take_in_gateways(s: State, address: Any, count: Any) -> Any:
    """The gateways whose numbers stand at the address have applied entries."""
    for i in range(count):
        number = record_at(address + i * 8, WORD).value
        put_gateway(s, number, gateway_at(s, number).sequence)
    return 0


@entry("int64(int64, int64, int64)")
def take_in_balances(s: State, address: Any, count: Any) -> Any:
    """The balances whose slots stand at the address are what deposits and withdrawals came to."""
    for i in range(count):
        slot = record_at(address + i * 8, WORD).value
        balance = balance_at(s, slot)
        asset_at(s, asset_of(slot)).supply += balance.available + balance.locked
        settle_balance(s, slot)
    return 0


@entry("int64(int64, int64, int64)")
def take_in_orders(s: State, address: Any, count: Any) -> Any:
    """Put the orders at the address (canonical ORDER rows) into their books, in that order."""
    for i in range(count):
        row = record_at(address + i * _ORDER_BYTES, ORDER)
        market = np.int64(row.market)
        side = row.time_flags & 1
        slot = new_order(
            s,
            row.order_id,
            np.int64(row.account),
            market,
            row.quantity,
            row.remaining,
            row.executed_quote,
            row.priority,
            row.time_flags,
            np.int64(row.client_id),
        )
        join_level(s, slot, market * 2 + side, key_of(side, row.price), row.remaining, NO_LEVEL)
        touch_order(s, slot)
    return 0


@entry("int64(int64, int64, int64)")
def take_in_triggers(s: State, address: Any, count: Any) -> Any:
    """Let the orders at the address (canonical TRIGGER rows) wait for their trigger prices."""
    for i in range(count):
        row = record_at(address + i * _TRIGGER_BYTES, TRIGGER)
        slot = new_order(
            s,
            row.order_id,
            np.int64(row.account),
            np.int64(row.market),
            row.quantity,
            0,
            row.price,
            row.priority,
            row.time_flags,
            np.int64(row.client_id),
        )
        join_waiting(s, slot, np.int64(row.market), row.trigger_price)
    return 0


@entry("int64(int64, int64, int64)")
def take_in_timers(s: State, address: Any, count: Any) -> Any:
    """Switch the timers at the address (layout.TIMER records) on."""
    for i in range(count):
        row = record_at(address + i * _TIMER_BYTES, TIMER)
        start_timer(s, row.number, row.expires_ms)
    look_at_next_timer(s)
    return 0


@entry("int64(int64, int64)")
def take_in_withdrawals(s: State, count: Any) -> Any:
    """So many withdrawals stand in their pool and are pending."""
    for slot in range(1, count + 1):
        add_withdrawal_id(s, withdrawal_at(s, slot).withdrawal_id, slot)
        put_withdrawal(s, slot)
    meta_of(s).withdrawals = count
    meta_of(s).withdrawals_top = count
    return 0


@entry("int64(int64, int64)")
def take_in_references(s: State, count: Any) -> Any:
    """So many references stand in their pool and count."""
    for slot in range(1, count + 1):
        digest = reference_at(s, slot).digest
        add_reference(s, digest[0], digest[1], slot)
        put_reference(s, slot)
    meta_of(s).references = count
    return 0


@entry("int64(int64, int64, int64)")
def take_in_placements(s: State, address: Any, count: Any) -> Any:
    """Put the orders whose slots stand at the address into their accounts' lists, in that order."""
    for i in range(count):
        slot = record_at(address + i * 8, WORD).value
        join_account(s, slot, np.int64(order_at(s, slot).account))
    return 0


@entry("int64(int64, int64)")
def read_placements(s: State, address: Any) -> Any:
    """For each order in an account's list, write its place there (32 bits) under its slot; how many
    there are. However the lists are broken, it comes to an end."""
    meta = meta_of(s)
    n = np.int64(0)
    for number in range(meta.accounts):
        slot = np.int64(account_at(s, number).orders_head)
        place = np.int64(0)
        while 0 < slot <= meta.orders_top and n < meta.orders_top:
            record_at(address + slot * 4, PLACED).value = place
            slot = np.int64(link_at(s, slot).next)
            place += 1
            n += 1
    return n
