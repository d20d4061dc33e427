"""SET_ACCOUNT and SET_KEY: who may do what.

Promise: account numbers are given in order and never reused; a name belongs to one account, a key
to one account for ever. The engine knows keys only to carry them in the log and in the state hash:
gateways check signatures.
"""

from typing import Any

import numpy as np

from truebook.engine.answer import answer_done
from truebook.engine.compiled import inlined
from truebook.engine.emit import emit_rejected, head, row
from truebook.engine.hashing import touch_account
from truebook.engine.hashing_settings import put_key, take_key
from truebook.engine.maps import account_of_name, add_key, add_name, remove_name, slot_of_key
from truebook.engine.orderchecks import MALFORMED, OK, UNKNOWN_ACCOUNT
from truebook.engine.reserved import SET_ACCOUNT_MASKS, SET_KEY_MASKS, reserved_is_zero
from truebook.engine.settings import INVALID, NAME_TAKEN, SETTINGS_FULL, text_length
from truebook.engine.state import (
    State,
    account_at,
    key_at,
    meta_of,
)
from truebook.engine.tiers import tier_counts
from truebook.limits import ACCOUNTS_MAX, KEYS_MAX, TIERS_MAX
from truebook.messages import NEW_ACCOUNT, CommandKind, EventKind, RejectCode

_SET_ACCOUNT = int(CommandKind.SET_ACCOUNT)
_SET_KEY = int(CommandKind.SET_KEY)
_ACCOUNT_SET = int(EventKind.ACCOUNT_SET)
_KEY_SET = int(EventKind.KEY_SET)
_KEY_TAKEN = int(RejectCode.KEY_TAKEN)
_FLAGS = 1
_PERMISSIONS = 15


@inlined
def _account_code(s: State, i: Any, c: Any) -> Any:
    accounts = meta_of(s).accounts
    if not reserved_is_zero(s, i, 1, SET_ACCOUNT_MASKS):
        return MALFORMED
    if c.flags > _FLAGS or c.tier >= TIERS_MAX or text_length(c.name, 3) < 1:
        return INVALID
    if not tier_counts(s, c.tier):
        return INVALID
    if c.account > accounts and c.account != NEW_ACCOUNT:
        return UNKNOWN_ACCOUNT
    if c.account >= accounts and accounts >= ACCOUNTS_MAX:
        return SETTINGS_FULL
    holder = account_of_name(s, c.name[0], c.name[1], c.name[2])
    return NAME_TAKEN if holder >= 0 and holder != c.account else OK


@inlined
def set_account(s: State, i: Any, c: Any) -> None:
    """Carry out the SET_ACCOUNT `c` in record `i`."""
    code = _account_code(s, i, c)
    if code != OK:
        emit_rejected(s, _SET_ACCOUNT, c.account, 0, code, 0)
        return
    number = min(np.int64(c.account), meta_of(s).accounts)
    account = account_at(s, number)
    touch_account(s, number)
    if number == meta_of(s).accounts:
        meta_of(s).accounts += 1
    else:
        remove_name(s, account.name[0], account.name[1], account.name[2])
    for k in range(3):
        account.name[k] = c.name[k]
    add_name(s, c.name[0], c.name[1], c.name[2], number)
    account.tier = c.tier
    account.flags = c.flags
    account.open_orders_max = c.open_orders_max
    first = head(_ACCOUNT_SET, c.flags, meta_of(s).command, number)
    settings = np.int64(c.tier) | (np.int64(c.open_orders_max) << 32)
    row(s, first, settings, 0, 0)
    row(s, 0, np.int64(c.name[0]), np.int64(c.name[1]), np.int64(c.name[2]))
    answer_done(s, _SET_ACCOUNT, number, 0, 0)


@inlined
def _key_code(s: State, i: Any, c: Any) -> Any:
    if not reserved_is_zero(s, i, 1, SET_KEY_MASKS):
        return MALFORMED
    key = c.public_key
    if c.permissions > _PERMISSIONS or c.expires_ms < 0:
        return INVALID
    if key[0] | key[1] | key[2] | key[3] == 0:
        return INVALID
    if c.account >= meta_of(s).accounts:
        return UNKNOWN_ACCOUNT
    slot = slot_of_key(s, key[0], key[1], key[2], key[3])
    if slot < 0:
        return SETTINGS_FULL if meta_of(s).keys >= KEYS_MAX else OK
    return _KEY_TAKEN if key_at(s, slot).account != c.account else OK


@inlined
def set_key(s: State, i: Any, c: Any) -> None:
    """Carry out the SET_KEY `c` in record `i`."""
    code = _key_code(s, i, c)
    if code != OK:
        emit_rejected(s, _SET_KEY, c.account, 0, code, 0)
        return
    key = c.public_key
    slot = slot_of_key(s, key[0], key[1], key[2], key[3])
    if slot < 0:
        slot = meta_of(s).keys
        meta_of(s).keys += 1
        for k in range(4):
            key_at(s, slot).public_key[k] = key[k]
        key_at(s, slot).account = c.account
        add_key(s, key[0], key[1], key[2], key[3], slot)
    else:
        take_key(s, slot)
    key_at(s, slot).permissions = c.permissions
    key_at(s, slot).expires_ms = c.expires_ms
    put_key(s, slot)
    first = head(_KEY_SET, c.permissions, meta_of(s).command, c.account)
    row(s, first, c.expires_ms, 0, np.int64(key[0]))
    row(s, 0, np.int64(key[1]), np.int64(key[2]), np.int64(key[3]))
    answer_done(s, _SET_KEY, c.account, 0, 0)
