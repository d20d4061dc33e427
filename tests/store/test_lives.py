"""Usual lives of orders: by columns the same rows as one event after the other."""

import dataclasses

import numpy as np
import pytest
from store.stream import BEGIN, campaign, trading

from truebook.directory import Directory
from truebook.store import fold as folding
from truebook.store.columns import rows_of
from truebook.store.lives import Lives

AT_ONCE = (1, 50, 10_000)


class AllOdd(Lives):
    """Leaves every order to the fold."""

    def _leave_odd(self):
        self.odd = set(self.ids.tolist())
        self._odd_starts = self.starts
        self._set(*(told[:0] for told in (self.ids, self.parts, self.numbers, self.starts)))


def folded(entries, at_once):
    known, directory = BEGIN, Directory()
    for first in range(0, len(entries), at_once):
        rows = folding.fold(entries[first : first + at_once], known, directory)
        known = rows.tail
        yield comparable(rows)


def comparable(rows):
    """The rows of a batch, whatever their order, and what happens to an order under one name."""
    told = {field.name: getattr(rows, field.name) for field in dataclasses.fields(rows)}
    told = {
        name: sorted(rows_of(value), key=str) if isinstance(value, np.ndarray) else value
        for name, value in told.items()
    }
    changes = told["changes"].values()
    told["changes"] = sorted(map(dataclasses.astuple, changes))
    for remaining, closed, closed_ms, reason, order_id in told.pop("closes"):
        ends = None, None, None, False, False, None, closed, closed_ms, reason
        told["changes"].append((order_id, remaining, 0, 0, *ends))
    for remaining, lots, quote, closed, closed_ms, reason, order_id in told.pop("executions"):
        priority = -1 if closed is None else None
        ends = None, None, priority, False, False, None, closed, closed_ms, reason
        told["changes"].append((order_id, remaining, lots, quote, *ends))
    told["changes"].sort(key=lambda change: change[0])
    return told


@pytest.mark.parametrize("at_once", AT_ONCE)
@pytest.mark.parametrize("stream", [lambda: campaign(25, 1_500), lambda: trading(26, 200)])
def test_columns_give_the_rows_of_one_event_after_the_other(stream, at_once, monkeypatch):
    entries, _ = stream()
    by_columns = list(folded(entries, at_once))
    monkeypatch.setattr(folding, "Lives", AllOdd)
    assert by_columns == list(folded(entries, at_once))
    assert sum(len(rows["orders"]) for rows in by_columns) > 100
