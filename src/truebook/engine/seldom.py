"""Commands that are seen seldom: settings, transfers, ticks, notes, and those about later.

Promise: which kinds there are, how many records each has, and which version of the rules knows it,
stands here and nowhere else in the kernel. The main loop (running.py) knows the four that trade,
and calls this for all others, so that they don't weigh on it.
"""

from typing import Any

import numpy as np

from truebook.engine.attesters import set_attester
from truebook.engine.compiled import called, inlined, record_at
from truebook.engine.layout import words_of
from truebook.engine.members import set_account, set_key
from truebook.engine.notes import note, recovery
from truebook.engine.settings import set_asset, set_market, set_market_state
from truebook.engine.state import State, command_at, meta_of
from truebook.engine.tiers import set_rules, set_tier
from truebook.engine.timers import cancel_after
from truebook.engine.transfers import tick, transfer
from truebook.engine.triggers import place_trigger
from truebook.engine.withdrawals import request_withdrawal, settle_withdrawal
from truebook.messages import (
    CANCEL_AFTER,
    COMMAND_BYTES,
    PLACE_TRIGGER,
    REQUEST_WITHDRAWAL,
    SET_ACCOUNT,
    SET_ASSET,
    SET_ATTESTER,
    SET_KEY,
    SET_MARKET,
    SET_MARKET_STATE,
    SET_RULES,
    SET_TIER,
    SETTLE_WITHDRAWAL,
    CommandKind,
)

_ASSET_COMMAND = words_of(SET_ASSET)
_ACCOUNT_COMMAND = words_of(SET_ACCOUNT)
_ATTESTER_COMMAND = words_of(SET_ATTESTER)

_PLACE_TRIGGER = int(CommandKind.PLACE_TRIGGER)
_CANCEL_AFTER = int(CommandKind.CANCEL_AFTER)
_DEPOSIT = int(CommandKind.DEPOSIT)
_WITHDRAW = int(CommandKind.WITHDRAW)
_REQUEST_WITHDRAWAL = int(CommandKind.REQUEST_WITHDRAWAL)
_SETTLE_WITHDRAWAL = int(CommandKind.SETTLE_WITHDRAWAL)
_TICK = int(CommandKind.TICK)
_RECOVERY = int(CommandKind.RECOVERY)
_SET_ASSET = int(CommandKind.SET_ASSET)
_SET_MARKET = int(CommandKind.SET_MARKET)
_SET_MARKET_STATE = int(CommandKind.SET_MARKET_STATE)
_SET_TIER = int(CommandKind.SET_TIER)
_SET_ACCOUNT = int(CommandKind.SET_ACCOUNT)
_SET_KEY = int(CommandKind.SET_KEY)
_SET_RULES = int(CommandKind.SET_RULES)
_SET_ATTESTER = int(CommandKind.SET_ATTESTER)
_NOTE = int(CommandKind.NOTE)

_SIZES = np.zeros(256, np.int64)
"""How many records a command of a kind has; 0: there is no such kind here."""
_SIZES[[_DEPOSIT, _WITHDRAW, _REQUEST_WITHDRAWAL, _SETTLE_WITHDRAWAL, _CANCEL_AFTER]] = 1
_SIZES[[_TICK, _RECOVERY, _NOTE, _SET_ASSET, _SET_MARKET_STATE, _SET_TIER]] = 1
_SIZES[[_SET_ACCOUNT, _SET_KEY, _SET_RULES, _SET_ATTESTER]] = 1
_SIZES[[_SET_MARKET, _PLACE_TRIGGER]] = 2

_SINCE = np.ones(256, np.int64)
"""Which version of the rules is the first to know it."""
_SINCE[[_PLACE_TRIGGER, _CANCEL_AFTER, _REQUEST_WITHDRAWAL, _SETTLE_WITHDRAWAL]] = 2
_SINCE[[_RECOVERY, _NOTE, _SET_ATTESTER]] = 2


@inlined
def _set(s: State, i: Any, kind: Any) -> None:
    """Carry out a setting."""
    if kind == _SET_ASSET:
        set_asset(s, i, record_at(i, _ASSET_COMMAND))
    elif kind == _SET_MARKET:
        set_market(s, i, record_at(i, SET_MARKET))
    elif kind == _SET_MARKET_STATE:
        set_market_state(s, i, record_at(i, SET_MARKET_STATE))
    elif kind == _SET_TIER:
        set_tier(s, i, record_at(i, SET_TIER))
    elif kind == _SET_ACCOUNT:
        set_account(s, i, record_at(i, _ACCOUNT_COMMAND))
    elif kind == _SET_KEY:
        set_key(s, i, record_at(i, SET_KEY))
    elif kind == _SET_RULES:
        set_rules(s, i, record_at(i, SET_RULES))
    else:
        set_attester(s, i, record_at(i, _ATTESTER_COMMAND))


@called
def begin_seldom(s: State, i: Any) -> Any:
    """Begin the command in record `i`, if it is one that is seen seldom: how many records it has,
    0 where none stands there."""
    c = command_at(s, i)
    kind = np.int64(c.kind)
    size = np.int64(_SIZES[kind])
    is_known = size != 0 and _SINCE[kind] <= meta_of(s).rules
    if not is_known or c.records != size or i + size * COMMAND_BYTES > meta_of(s).entry_end:
        return np.int64(0)
    if kind >= _SET_ASSET and kind != _NOTE:
        _set(s, i, kind)
    elif kind == _TICK:
        tick(s, i)
    elif kind == _DEPOSIT or kind == _WITHDRAW:
        transfer(s, i)
    elif kind == _PLACE_TRIGGER:
        place_trigger(s, i, record_at(i, PLACE_TRIGGER))
    elif kind == _CANCEL_AFTER:
        cancel_after(s, i, record_at(i, CANCEL_AFTER))
    elif kind == _REQUEST_WITHDRAWAL:
        request_withdrawal(s, i, record_at(i, REQUEST_WITHDRAWAL))
    elif kind == _SETTLE_WITHDRAWAL:
        settle_withdrawal(s, i, record_at(i, SETTLE_WITHDRAWAL))
    elif kind == _RECOVERY:
        recovery(s, i)
    else:
        note(s, i)
    return size
