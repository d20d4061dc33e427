"""Orders whose life in a batch is plain, by columns: accepted and resting, closed, or both.

Promise: these are the rows that the fold would make of them one event after the other (fold.py);
what is given out here is passed over there. Plain is an order of which the batch tells nothing but
that it was accepted, that it was closed, or first the one and then the other: as most orders of a
market maker are, who places and takes back. Ids that anything else names are left to the fold, and
so is an id that was used twice.

A thousand of them cost some calls of NumPy instead of three functions each.
"""

from collections.abc import Mapping
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truebook.messages import ACCEPTED_RESTS, ACCEPTED_TRIGGERED, EVENT_DTYPES, EventKind
from truebook.store.records import Records
from truebook.store.rows import Rows

_OTHERS = (
    (EventKind.FILL, "maker_order_id"),
    (EventKind.FILL, "taker_order_id"),
    (EventKind.RESTED, "order_id"),
    (EventKind.AMENDED, "order_id"),
    (EventKind.TRIGGER_PLACED, "order_id"),
    (EventKind.TRIGGER_FAILED, "order_id"),
)
"""Where else an order is named."""
_LAST = ("account", "market", "market_sequence", "account_sequence")
_BEGIN, _END = EVENT_DTYPES[EventKind.ACCEPTED].fields, EVENT_DTYPES[EventKind.CLOSED].fields
assert _BEGIN is not None
assert _END is not None
assert all(_BEGIN[name] == _END[name] for name in _LAST)
_ZERO, _NONE = repeat(0), repeat(None)

Starts = NDArray[np.intp]
"""The rows at which events start."""


class PlainOrders:
    """The plain orders of one batch."""

    def __init__(self, records: Records) -> None:
        self._records = records
        accepted, closed = records.starts(EventKind.ACCEPTED), records.starts(EventKind.CLOSED)
        self._accepted = records.seen_as(EventKind.ACCEPTED)
        self._closed = records.seen_as(EventKind.CLOSED)
        others = [
            records.seen_as(kind)[name][records.starts(kind)]
            for kind, name in _OTHERS
            if records.has(kind)
        ]
        ids = [self._accepted["order_id"][accepted], self._closed["order_id"][closed], *others]
        once, first, second = _grouped(ids)

        flags = self._accepted["flags"]
        resting = accepted[once[once < len(accepted)]]
        self._resting = resting[flags[resting] == ACCEPTED_RESTS]
        end = len(accepted) + len(closed)
        self._gone = closed[once[(once >= len(accepted)) & (once < end)] - len(accepted)]
        is_both = (first < len(accepted)) & (second >= len(accepted)) & (second < end)
        placed, taken = accepted[first[is_both]], closed[second[is_both] - len(accepted)]
        is_plain = (flags[placed] & ACCEPTED_TRIGGERED == 0) & (placed < taken)
        self._passing = placed[is_plain], taken[is_plain]
        self.starts = np.concatenate([self._resting, self._gone, *self._passing])
        """Where their events start."""

    def write(self, rows: Rows, symbols: Mapping[int, str]) -> None:
        """Add the rows. `symbols`: the name of each market. To be called once the other events are
        in: sequences grow, so the larger one is the later one."""
        self._write_resting(rows, symbols)
        self._write_passing(rows, symbols)
        self._write_gone(rows)
        self._write_sequences(rows)

    def _write_resting(self, rows: Rows, symbols: Mapping[int, str]) -> None:
        order = _Columns(self._accepted, self._resting)
        markets, quantities = order["market"], order["quantity"]
        at, sequences = order["market_sequence"], order["account_sequence"]
        rows.orders += zip(
            *(order["order_id"], order["account"], sequences, markets, map(symbols.get, markets)),
            *(order["client_id"], order["price"], quantities, quantities, _ZERO, _ZERO),
            *(at, sequences, _NONE, _NONE, _NONE, at, order["time_flags"]),
            strict=False,
        )

    def _write_passing(self, rows: Rows, symbols: Mapping[int, str]) -> None:
        order = _Columns(self._accepted, self._passing[0])
        end = _Columns(self._closed, self._passing[1])
        markets, sequences = order["market"], order["account_sequence"]
        closed, closed_ms = end["account_sequence"], self._times_ms(self._passing[1])
        rows.orders += zip(
            *(order["order_id"], order["account"], sequences, markets, map(symbols.get, markets)),
            *(order["client_id"], order["price"], order["quantity"], end["remaining"]),
            *(_ZERO, _ZERO, _NONE, sequences, closed, closed_ms, end["reason"]),
            *(order["market_sequence"], order["time_flags"]),
            strict=False,
        )

    def _write_gone(self, rows: Rows) -> None:
        end = _Columns(self._closed, self._gone)
        terms = end["remaining"], end["account_sequence"], self._times_ms(self._gone), end["reason"]
        rows.closes += zip(*terms, end["order_id"], strict=True)

    def _write_sequences(self, rows: Rows) -> None:
        """How far the last event of each order has brought its market and its account."""
        ends = np.sort(np.concatenate([self._resting, self._gone, self._passing[1]]))
        last = _Columns(self._accepted, ends)  # the same places in both kinds of events
        for known, keys, sequences in (
            (rows.market_sequences, last["market"], last["market_sequence"]),
            (rows.account_sequences, last["account"], last["account_sequence"]),
        ):
            for key, sequence in dict(zip(keys, sequences, strict=True)).items():
                known[key] = max(known.get(key, 0), sequence)

    def _times_ms(self, starts: Starts) -> list[int]:
        found: list[int] = self._records.times_ms(starts).tolist()
        return found


class _Columns:
    """Fields of the events that start somewhere, as lists."""

    def __init__(self, seen: NDArray[np.void], starts: Starts) -> None:
        self._seen = seen
        self._starts = starts

    def __getitem__(self, name: str) -> list[int]:
        found: list[int] = self._seen[name][self._starts].tolist()
        return found


def _grouped(parts: list[NDArray[Any]]) -> tuple[Starts, Starts, Starts]:
    """The numbers of ids that occur once in all parts, and of those that occur twice: where first,
    and where then. Numbers count through all parts, one behind the other."""
    ids = np.concatenate(parts)
    order = np.argsort(ids, kind="stable")  # ids grow, nearly: then it is one pass
    ids = ids[order]
    starts = np.flatnonzero(np.concatenate([[True], ids[1:] != ids[:-1]])[: len(ids)])
    sizes = np.diff(starts, append=len(ids))
    twice = starts[sizes == 2]
    return order[starts[sizes == 1]], order[twice], order[twice + 1]
