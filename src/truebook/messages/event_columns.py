"""The events of a batch by columns: where each kind starts, and its fields there, without a copy.

Promise: a field is read at the events that are asked for and nowhere else. For whoever has a
thousand events at once: one call of NumPy for a field of all of them; for few, structs are faster
(feed/events.py).
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from truebook.messages import EVENT_DTYPES, EVENT_ROW, EVENT_ROW_BYTES, EventKind

Starts = NDArray[np.intp]
"""The rows at which events start: an event is known by it."""


class EventColumns:
    """The events of one batch."""

    def __init__(self, events: bytes) -> None:
        self.events = events
        self.rows = np.frombuffer(events, EVENT_ROW)
        kinds = self.rows["kind"]
        self.all_starts: Starts = np.flatnonzero(kinds)
        self.kinds = kinds[self.all_starts]
        """Of each event that starts there."""
        self._present = set(np.unique(self.kinds).tolist())

    def has(self, kind: EventKind) -> bool:
        """Whether there is one."""
        return int(kind) in self._present

    def starts(self, kind: EventKind) -> Starts:
        """Where the events of a kind start."""
        found: Starts = self.all_starts[self.kinds == kind]
        return found

    def seen_as(self, kind: EventKind) -> NDArray[np.void]:
        """What stands at each row, as an event of that kind: to be looked at where one starts."""
        layout = EVENT_DTYPES[kind]
        count = max((len(self.events) - layout.itemsize) // EVENT_ROW_BYTES + 1, 0)
        return np.ndarray(count, layout, self.events, strides=(EVENT_ROW_BYTES,))

    def column(self, kind: EventKind, name: str) -> NDArray[np.int64]:
        """A field of all events of a kind, in their order."""
        found: NDArray[np.int64] = self.seen_as(kind)[name][self.starts(kind)]
        return found

    def at(self, kind: EventKind, starts: Starts) -> "Fields":
        """The fields of the events of a kind that start there."""
        return Fields(self.seen_as(kind), starts)

    def times_ms(self, starts: Starts) -> NDArray[np.int64]:
        """The engine's time of the events that start there."""
        entries = self.starts(EventKind.ENTRY)
        times_ms: NDArray[np.int64] = self.column(EventKind.ENTRY, "time_ms")
        return times_ms[np.searchsorted(entries, starts) - 1]

    def chosen(self, kinds: Iterable[int], without: Starts) -> Starts:
        """Where the events of some kinds start, in order, but for some of them."""
        is_wanted = np.zeros(len(self.rows), bool)
        is_wanted[self.all_starts] = np.isin(self.kinds, np.array([*kinds], np.uint8))
        is_wanted[without] = False
        return np.flatnonzero(is_wanted)


class Fields:
    """The fields of some events of one kind, each read when it is asked for."""

    def __init__(self, seen: NDArray[np.void], starts: Starts) -> None:
        self._seen = seen
        self.starts = starts
        """Where they start."""

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, name: str) -> NDArray[np.int64]:
        return self._seen[name][self.starts].astype(np.int64, copy=False)
