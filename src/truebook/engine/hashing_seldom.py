"""The state hash of timers, withdrawals and references: changed seldom, so put in and taken out at
once."""

from typing import Any

import numpy as np

from truebook.engine.compiled import inlined
from truebook.engine.fingerprint import Tag
from truebook.engine.hashing import HIGH_KEYS, LOW_KEYS, finalize, lane, put
from truebook.engine.state import State, reference_at, withdrawal_at

_ZERO = np.uint64(0)
_TIMER = int(Tag.TIMER)
_WITHDRAWAL = int(Tag.WITHDRAWAL)
_REFERENCE = int(Tag.REFERENCE)


@inlined
def _timer_lane(number: Any, expires_ms: Any, keys: Any) -> Any:
    owner = (number >> 1) | ((number & 1) << 32)
    return finalize(lane(keys, _TIMER, owner, expires_ms, 0))


@inlined
def put_timer(s: State, number: Any, expires_ms: Any) -> None:
    """The timer (account × 2 + Timer) is on."""
    put(s, _timer_lane(number, expires_ms, LOW_KEYS), _timer_lane(number, expires_ms, HIGH_KEYS))


@inlined
def take_timer(s: State, number: Any, expires_ms: Any) -> None:
    """The timer is about to change."""
    low = _timer_lane(number, expires_ms, LOW_KEYS)
    high = _timer_lane(number, expires_ms, HIGH_KEYS)
    put(s, _ZERO - low, _ZERO - high)


@inlined
def _withdrawal_lane(s: State, slot: Any, keys: Any) -> Any:
    w = withdrawal_at(s, slot)
    return finalize(lane(keys, _WITHDRAWAL, w.withdrawal_id, w.account | (w.asset << 32), w.amount))


@inlined
def put_withdrawal(s: State, slot: Any) -> None:
    """The withdrawal in that slot is pending."""
    put(s, _withdrawal_lane(s, slot, LOW_KEYS), _withdrawal_lane(s, slot, HIGH_KEYS))


@inlined
def take_withdrawal(s: State, slot: Any) -> None:
    """The withdrawal in that slot is about to be settled."""
    low, high = _withdrawal_lane(s, slot, LOW_KEYS), _withdrawal_lane(s, slot, HIGH_KEYS)
    put(s, _ZERO - low, _ZERO - high)


@inlined
def _reference_lane(s: State, slot: Any, keys: Any) -> Any:
    digest = reference_at(s, slot).digest
    return finalize(lane(keys, _REFERENCE, digest[0], digest[1], 0))


@inlined
def put_reference(s: State, slot: Any) -> None:
    """The reference in that slot counts from now on."""
    put(s, _reference_lane(s, slot, LOW_KEYS), _reference_lane(s, slot, HIGH_KEYS))
