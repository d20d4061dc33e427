"""SET_TIER and SET_RULES: the fees, and which version of the rules is followed.

Promise: no two tiers that count together pay a taker and a maker more than they charge. Under
version 1 of the rules all tiers count; from version 2 on those that were *set*.
"""

from typing import Any

import numpy as np

from truebook.engine.answer import answer_done
from truebook.engine.compiled import inlined, unsigned
from truebook.engine.emit import emit_rejected, head, row
from truebook.engine.hashing_settings import put_rules, put_tier, take_rules, take_tier
from truebook.engine.orderchecks import MALFORMED, OK
from truebook.engine.reserved import SET_RULES_MASKS, SET_TIER_MASKS, reserved_is_zero
from truebook.engine.settings import INVALID
from truebook.engine.state import State, account_at, meta_of, tier_at
from truebook.limits import BASIS_POINTS, TIERS_MAX
from truebook.messages import RULES_VERSION_MAX, CommandKind, EventKind

_SET_TIER = int(CommandKind.SET_TIER)
_SET_RULES = int(CommandKind.SET_RULES)
_TIER_SET = int(EventKind.TIER_SET)
_RULES_SET = int(EventKind.RULES_SET)
_ONE = np.uint64(1)


@inlined
def tier_counts(s: State, index: Any) -> Any:
    """Whether an account may be in the tier."""
    return (meta_of(s).tiers_set >> unsigned(index)) & _ONE != 0


@inlined
def _tier_code(s: State, i: Any, c: Any) -> Any:
    if not reserved_is_zero(s, i, 1, SET_TIER_MASKS):
        return MALFORMED
    if c.tier >= TIERS_MAX:
        return INVALID
    if c.maker_bp < -BASIS_POINTS or c.maker_bp > BASIS_POINTS:
        return INVALID
    if c.taker_bp < -BASIS_POINTS or c.taker_bp > BASIS_POINTS:
        return INVALID
    least_maker = np.int64(c.maker_bp)
    least_taker = np.int64(c.taker_bp)
    for k in range(TIERS_MAX):
        if k != c.tier and tier_counts(s, k):
            least_maker = min(least_maker, tier_at(s, k).maker_bp)
            least_taker = min(least_taker, tier_at(s, k).taker_bp)
    return INVALID if least_maker + least_taker < 0 else OK


@inlined
def set_tier(s: State, i: Any, c: Any) -> None:
    """Carry out the SET_TIER `c` in record `i`."""
    code = _tier_code(s, i, c)
    if code != OK:
        emit_rejected(s, _SET_TIER, 0, 0, code, 0)
        return
    index = np.int64(c.tier)
    take_tier(s, index)
    meta_of(s).tiers_set = meta_of(s).tiers_set | (_ONE << unsigned(index))
    tier_at(s, index).maker_bp = c.maker_bp
    tier_at(s, index).taker_bp = c.taker_bp
    put_tier(s, index)
    first = head(_TIER_SET, 0, meta_of(s).command, index)
    row(s, first, np.int64(c.maker_bp), np.int64(c.taker_bp), 0)
    answer_done(s, _SET_TIER, 0, 0, 0)


@inlined
def _set_tiers_in_use(s: State) -> None:
    """From version 2 on only tiers that were set count: tier 0, and those that mean something."""
    meta = meta_of(s)
    tiers = _ONE
    for index in range(TIERS_MAX):
        if tier_at(s, index).maker_bp != 0 or tier_at(s, index).taker_bp != 0:
            tiers |= _ONE << unsigned(index)
    for account in range(meta.accounts):
        tiers |= _ONE << unsigned(account_at(s, account).tier)
    meta.tiers_set = tiers


@inlined
def _rules_code(s: State, i: Any, c: Any) -> Any:
    if not reserved_is_zero(s, i, 1, SET_RULES_MASKS):
        return MALFORMED
    return INVALID if c.version < meta_of(s).rules or c.version > RULES_VERSION_MAX else OK


@inlined
def set_rules(s: State, i: Any, c: Any) -> None:
    """Carry out the SET_RULES `c` in record `i`."""
    code = _rules_code(s, i, c)
    if code != OK:
        emit_rejected(s, _SET_RULES, 0, 0, code, 0)
        return
    if c.version > meta_of(s).rules:
        take_rules(s)
        for index in range(TIERS_MAX):
            take_tier(s, index)
        meta_of(s).rules = c.version
        _set_tiers_in_use(s)
        for index in range(TIERS_MAX):
            put_tier(s, index)
        put_rules(s)
    row(s, head(_RULES_SET, 0, meta_of(s).command, 0), c.version, 0, 0)
    answer_done(s, _SET_RULES, 0, 0, 0)
