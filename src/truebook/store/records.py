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
_IN_ORDER = np.zeros(256, bool)
_IN_ORDER[list(FIELDS)] = True


class Records:
    """The events of one batch. Each is known by the row at which it starts."""

    def __init__(self, events: bytes) -> None:
        self._events = events
        self._rows = np.frombuffer(events, EVENT_ROW)
        kinds = self._rows["kind"]
        self._starts = np.flatnonzero(kinds)
        self._kinds = kinds[self._starts]
        self._present = set(np.unique(self._kinds).tolist())

    def give(
        self,
        takers: Mapping[EventKind, Callable[[tuple[Any, ...]], None]],
        without: NDArray[np.intp],
    ) -> None:
        """Call the taker of its kind with each event's fields, in order, but for some events."""
        nexts: dict[int, tuple[Callable[[tuple[Any, ...]], None], Iterator[tuple[Any, ...]]]] = {}
        is_wanted = np.zeros(len(self._rows), bool)
        is_wanted[self._starts] = _IN_ORDER[self._kinds]
        is_wanted[without] = False
        starts = np.flatnonzero(is_wanted)
        kinds = self._rows["kind"][starts]
        for kind, taker in takers.items():
            if kind not in self._present:
                continue
            found = self.seen_as(kind)[starts[kinds == kind]]
            nexts[int(kind)] = taker, iter(found[FIELDS[kind]].tolist())
        for number in kinds.tolist():
            taker, records = nexts[number]
            taker(next(records))

    def has(self, kind: EventKind) -> bool:
        """Whether there is one."""
        return int(kind) in self._present

    def starts(self, kind: EventKind) -> NDArray[np.intp]:
        """Where the events of a kind start."""
        found: NDArray[np.intp] = self._starts[self._kinds == kind]
        return found

    def seen_as(self, kind: EventKind) -> NDArray[np.void]:
        """What stands at each row, as an event of that kind, without a copy: to be looked at where
        one starts. A column of it is read there and nowhere else."""
        layout = EVENT_DTYPES[kind]
        count = max((len(self._events) - layout.itemsize) // EVENT_ROW_BYTES + 1, 0)
        return np.ndarray(count, layout, self._events, strides=(EVENT_ROW_BYTES,))

    def times_ms(self, starts: NDArray[np.intp]) -> NDArray[np.int64]:
        """The engine's time of the events that start there."""
        entries = self.starts(EventKind.ENTRY)
        times_ms: NDArray[np.int64] = self.seen_as(EventKind.ENTRY)["time_ms"][entries]
        return times_ms[np.searchsorted(entries, starts) - 1]

    def notes(self) -> Notes | None:
        """The notes of the batch; None: there is none, as nearly always."""
        return Notes(self._rows, self._starts) if self.has(EventKind.NOTED) else None

    def balances(self) -> list[tuple[int, int, int, int]]:
        """Account, asset, available and locked: the last of each account and asset, by these."""
        found = self.seen_as(EventKind.BALANCE)[self.starts(EventKind.BALANCE)[::-1]]
        keys = found["account"].astype(np.int64) << 16 | found["asset"]
        last = found[np.unique(keys, return_index=True)[1]]
        rows: list[tuple[int, int, int, int]] = last[
            ["account", "asset", "available", "locked"]
        ].tolist()
        return rows
