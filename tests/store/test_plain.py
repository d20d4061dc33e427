"""Plain orders: by columns the same rows as one event after the other."""

import dataclasses

import numpy as np
import pytest
from store.stream import BEGIN, campaign, trading

from truebook.directory import Directory
from truebook.messages.plain_orders import PlainOrders
from truebook.store import fold as folding

AT_ONCE = (1, 50, 10_000)


class NoPlainOrders(PlainOrders):
    """Leaves every event to the fold."""

    def __init__(self, events):
        super().__init__(events)
        self.resting = self.gone = self.began = self.ended = np.zeros(0, np.intp)


def folded(entries, at_once):
    known, directory = BEGIN, Directory()
    for first in range(0, len(entries), at_once):
        rows = folding.fold(entries[first : first + at_once], known, directory)
        known = rows.tail
        yield comparable(rows)


def comparable(rows):
    """The rows of a batch, whatever their order, and what only closes an order under one name."""
    told = {field.name: getattr(rows, field.name) for field in dataclasses.fields(rows)}
    closes = [
        (change.remaining, change.closed, change.closed_ms, change.reason, change.order_id)
        for change in told["changes"].values()
        if not (change.executed or change.price is not None or change.has_fired)
    ]
    told["closes"] = sorted(told["closes"] + closes)
    gone = {close[-1] for close in told["closes"]}
    told["changes"] = {key: one for key, one in told["changes"].items() if key not in gone}
    told["orders"] = sorted(map(tuple, told["orders"]), key=lambda order: order[:3])
    return told


@pytest.mark.parametrize("at_once", AT_ONCE)
@pytest.mark.parametrize("stream", [lambda: campaign(25, 1_500), lambda: trading(26, 200)])
def test_columns_give_the_rows_of_one_event_after_the_other(stream, at_once, monkeypatch):
    entries, _ = stream()
    by_columns = list(folded(entries, at_once))
    monkeypatch.setattr(folding, "PlainOrders", NoPlainOrders)
    assert by_columns == list(folded(entries, at_once))
    assert sum(len(rows["orders"]) for rows in by_columns) > 100
