"""The twin's layouts are those of the vocabulary, byte for byte."""

from struct import Struct

import numpy as np
import pytest

from truebook import messages as m
from truebook.engine.naive import records

PAIRS = {
    "HEADER": m.ENTRY,
    "ORDER_COMMAND": m.COMMAND,
    "TRANSFER": m.TRANSFER,
    "TICK": m.TICK,
    "SET_ASSET": m.SET_ASSET,
    "SET_MARKET": m.SET_MARKET,
    "SET_MARKET_STATE": m.SET_MARKET_STATE,
    "SET_TIER": m.SET_TIER,
    "SET_ACCOUNT": m.SET_ACCOUNT,
    "SET_KEY": m.SET_KEY,
    "CANCEL_AFTER": m.CANCEL_AFTER,
    "REQUEST_WITHDRAWAL": m.REQUEST_WITHDRAWAL,
    "SETTLE_WITHDRAWAL": m.SETTLE_WITHDRAWAL,
    "RECOVERY": m.RECOVERY,
    "SET_RULES": m.SET_RULES,
    "SET_ATTESTER": m.SET_ATTESTER,
    "REJECTED": m.REJECTED,
    "FILL": m.FILL,
    "BALANCE": m.BALANCE,
    "ASSET_SET": m.ASSET_SET,
    "MARKET_SET": m.MARKET_SET,
    "ACCOUNT_SET": m.ACCOUNT_SET,
    "KEY_SET": m.KEY_SET,
    "REFERENCE_SET": m.REFERENCE_SET,
    "TRIGGER_PLACED": m.TRIGGER_PLACED,
    "NOTED": m.NOTED,
    "ATTESTER_SET": m.ATTESTER_SET,
    "REPLY": m.REPLY,
}
ONE_ROW = (
    *(m.ENTRY_EVENT, m.RESTED, m.TICKED, m.TRANSFERRED, m.TIER_SET),
    *(m.TIMER_SET, m.WITHDRAWAL_SET, m.RULES_SET),
)
TWO_ROWS = (m.ACCEPTED, m.CLOSED, m.AMENDED, m.TRIGGER_FAILED)


def starts_of_dtype(dtype: np.dtype) -> set[int]:
    """Return where fields with a meaning start."""
    named = [name for name in dtype.names or () if not name.startswith(("zero", "continued"))]
    return {dtype.fields[name][1] for name in named}


def starts_of_format(layout: Struct) -> set[int]:
    """Return where the values of a format start, found by packing ones."""
    found, at = set(), 0
    codes = layout.format.removeprefix("<")
    number = ""
    for code in codes:
        if code.isdigit():
            number += code
            continue
        count = int(number or 1)
        times, size = (1, count) if code in "sx" else (count, Struct("<" + code).size)
        for _ in range(times):
            if code != "x":
                found.add(at)
            at += size
        number = ""
    assert at == layout.size
    return found


@pytest.mark.parametrize("name", PAIRS)
def test_a_layout_is_that_of_the_vocabulary(name):
    layout = getattr(records, name)
    assert layout.size == PAIRS[name].itemsize
    assert starts_of_dtype(PAIRS[name]) <= starts_of_format(layout)


def test_a_trigger_is_laid_out_behind_its_order_as_the_vocabulary_says():
    layout = records.PLACE_TRIGGER
    assert layout.size == m.PLACE_TRIGGER.itemsize
    own = {start for start in starts_of_dtype(m.PLACE_TRIGGER) if start >= m.COMMAND_BYTES}
    assert own <= starts_of_format(layout)


def test_the_shared_layouts_fit_all_events_that_use_them():
    for dtype in ONE_ROW:
        assert records.ONE_ROW.size == dtype.itemsize
        assert starts_of_dtype(dtype) <= starts_of_format(records.ONE_ROW)
    for dtype in TWO_ROWS:
        assert records.TWO_ROWS.size == dtype.itemsize
        assert starts_of_dtype(dtype) <= starts_of_format(records.TWO_ROWS)
