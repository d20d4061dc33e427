"""Reserved bytes must be zero: masks of the bytes named `zero_…`, made from the layouts."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from truebook.engine.compiled import inlined
from truebook.engine.state import State, word_at
from truebook.messages import (
    CANCEL_AFTER,
    PLACE_TRIGGER,
    RECOVERY,
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
    TICK,
    TRANSFER,
)


def _masks(record: np.dtype[Any]) -> NDArray[np.int64]:
    """A word for each eight bytes of the record, with ones in its reserved bytes."""
    reserved = np.zeros(record.itemsize, np.uint8)
    assert record.fields is not None
    for name, (kind, offset, *_) in record.fields.items():
        if name.startswith("zero_"):
            reserved[offset : offset + kind.itemsize] = 0xFF
    return reserved.view(np.int64)


TRANSFER_MASKS = _masks(TRANSFER)
TICK_MASKS = _masks(TICK)
SET_ASSET_MASKS = _masks(SET_ASSET)
SET_MARKET_MASKS = _masks(SET_MARKET)
SET_MARKET_STATE_MASKS = _masks(SET_MARKET_STATE)
SET_TIER_MASKS = _masks(SET_TIER)
SET_ACCOUNT_MASKS = _masks(SET_ACCOUNT)
SET_KEY_MASKS = _masks(SET_KEY)
SET_RULES_MASKS = _masks(SET_RULES)
SET_ATTESTER_MASKS = _masks(SET_ATTESTER)
PLACE_TRIGGER_MASKS = _masks(PLACE_TRIGGER)
CANCEL_AFTER_MASKS = _masks(CANCEL_AFTER)
REQUEST_WITHDRAWAL_MASKS = _masks(REQUEST_WITHDRAWAL)
SETTLE_WITHDRAWAL_MASKS = _masks(SETTLE_WITHDRAWAL)
RECOVERY_MASKS = _masks(RECOVERY)


@inlined
def reserved_is_zero(s: State, i: Any, records: Any, masks: Any) -> Any:
    """Whether all reserved bytes of the command at record `i` are zero."""
    for k in range(8 * records):  # noqa: SIM110 - the kernel has no generators
        if word_at(s, i, k).value & masks[k] != 0:
            return False
    return True
