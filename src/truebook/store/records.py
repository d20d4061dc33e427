"""The events of a batch as tuples, many at once.

Promise: the events come in their order, each with the fields named here. Balances stand apart: of
each only the last counts. Settings are left out (settings.py).

A batch of the store has thousands of events: reading each kind at once by NumPy costs a third of
reading them one by one (feed/events.py, which is better for few).
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truebook.messages import EVENT_DTYPES, EVENT_ROW, EVENT_ROW_BYTES, EventKind
from truebook.store.notes import Notes

FIELDS: dict[EventKind, list[str]] = {
    EventKind.ENTRY: ["status", "gateway", "sequence", "time_ms"],
    EventKind.ACCEPTED: [
        *("account", "order_id", "price", "quantity", "flags", "market", "client_id"),
        *("market_sequence", "account_sequence", "time_flags"),
    ],
    EventKind.FILL: [
        *("side", "maker_account", "maker_order_id", "price", "quantity", "market"),
        *("taker_account", "taker_order_id", "trade_id", "market_sequence", "maker_fee"),
        *("taker_fee", "maker_remaining", "maker_sequence", "taker_sequence"),
    ],
    EventKind.RESTED: ["order_id", "market_sequence"],
    EventKind.CLOSED: [
        *("reason", "account", "order_id", "remaining", "market", "market_sequence"),
        "account_sequence",
    ],
    EventKind.AMENDED: [
        *("mode", "account", "order_id", "price", "quantity", "market", "market_sequence"),
        *("account_sequence", "remaining"),
    ],
    EventKind.TICKED: ["market", "market_sequence"],
    EventKind.TRANSFERRED: ["command_kind", "command", "account", "amount", "asset"],
    EventKind.REFERENCE_SET: ["reference"],
    EventKind.TRIGGER_PLACED: [
        *("account", "order_id", "price", "quantity", "market", "client_id", "market_sequence"),
        *("account_sequence", "time_flags", "trigger_price"),
    ],
    EventKind.TRIGGER_FAILED: [
        *("account", "order_id", "code", "market", "market_sequence", "account_sequence"),
    ],
    EventKind.TIMER_SET: ["timer", "account", "expires_ms"],
    EventKind.WITHDRAWAL_SET: ["state", "command", "account", "withdrawal_id", "amount", "asset"],
}
_SPANS = {
    kind: np.arange(EVENT_DTYPES[kind].itemsize // EVENT_ROW_BYTES)
    for kind in (*FIELDS, EventKind.BALANCE)
}
_IN_ORDER = np.zeros(256, bool)
_IN_ORDER[list(FIELDS)] = True


class Records:
    """The events of one batch."""

    def __init__(self, events: bytes) -> None:
        self._rows = np.frombuffer(events, EVENT_ROW)
        kinds = self._rows["kind"]
        self._starts = np.flatnonzero(kinds)
        self._kinds = kinds[self._starts]
        self._present = set(np.unique(self._kinds).tolist())

    def give(self, takers: Mapping[EventKind, Callable[[tuple[Any, ...]], None]]) -> None:
        """Call the taker of its kind with each event's fields, in order."""
        nexts: dict[int, tuple[Callable[[tuple[Any, ...]], None], Iterator[tuple[Any, ...]]]] = {}
        for kind, taker in takers.items():
            if kind not in self._present:
                continue
            nexts[int(kind)] = taker, iter(self._of(kind)[FIELDS[kind]].tolist())
        for number in self._kinds[_IN_ORDER[self._kinds]].tolist():
            taker, records = nexts[number]
            taker(next(records))

    def notes(self) -> Notes | None:
        """The notes of the batch; None: there is none, as nearly always."""
        is_noted = EventKind.NOTED in self._present
        return Notes(self._rows, self._starts) if is_noted else None

    def balances(self) -> list[tuple[int, int, int, int]]:
        """Account, asset, available and locked: the last of each account and asset, by these."""
        found = self._of(EventKind.BALANCE)[::-1]
        keys = found["account"].astype(np.int64) << 16 | found["asset"]
        last = found[np.unique(keys, return_index=True)[1]]
        rows: list[tuple[int, int, int, int]] = last[
            ["account", "asset", "available", "locked"]
        ].tolist()
        return rows

    def _of(self, kind: EventKind) -> NDArray[np.void]:
        starts = self._starts[self._kinds == kind]
        rows = self._rows[starts[:, None] + _SPANS[kind]]
        found: NDArray[np.void] = rows.view(EVENT_DTYPES[kind])[:, 0]
        return found
