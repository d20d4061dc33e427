"""What the events of a batch tell of each order, side by side.

Promise: an order whose life in the batch is usual is here with all of its events, in their order;
any other is **odd**, and none of its events is here: those that were amended or have a trigger, and
those whose id was used twice. That a life is usual is told by where its events stand, so what can't
be told from columns is never taken for usual.

A usual life in a batch: ACCEPTED, fills as a taker, RESTED, fills as a maker, CLOSED, in this
order. Each part may be missing, and of an order that rested before so are the first three.
"""

import numpy as np
from numpy.typing import NDArray

from truebook.messages import ACCEPTED_TRIGGERED, EventKind
from truebook.messages.event_columns import Starts
from truebook.store.fills import Fills
from truebook.store.records import Records

ACCEPTED, TAKER, RESTED, MAKER, CLOSED, ODD = range(6)
"""The parts of a life, in their order; last what a usual one hasn't."""
_IS_ONCE = np.array([True, False, True, False, True, False])
_ODD_KINDS = (EventKind.AMENDED, EventKind.TRIGGER_PLACED, EventKind.TRIGGER_FAILED)


class Lives:
    """The orders of one batch whose lives are usual, each a run of what is told of it."""

    def __init__(self, events: Records, fills: Fills) -> None:
        self.fills = fills
        self.accepted = events.all_of(EventKind.ACCEPTED)
        self.rested = events.all_of(EventKind.RESTED)
        self.closed = events.all_of(EventKind.CLOSED)
        odd = [events.all_of(kind) for kind in _ODD_KINDS if events.has(kind)]
        told = [
            (ACCEPTED, self.accepted["order_id"], self.accepted.starts),
            (TAKER, fills.taker, fills.starts),
            (RESTED, self.rested["order_id"], self.rested.starts),
            (MAKER, fills.maker, fills.starts),
            (CLOSED, self.closed["order_id"], self.closed.starts),
            *((ODD, event["order_id"], event.starts) for event in odd),
        ]
        parts, ids, starts = zip(*told, strict=True)
        sizes = [len(part) for part in ids]
        all_ids = np.concatenate(ids)
        order = np.argsort(all_ids, kind="stable")  # ids grow, nearly: then it is one pass
        self._set(
            all_ids[order],
            np.repeat(parts, sizes)[order],
            np.concatenate([np.arange(size) for size in sizes])[order],
            np.concatenate(starts)[order],
        )
        self.odd: set[int] = set()
        """The ids of the others."""
        self._rows, self._odd_starts = len(events.rows), self.starts[:0]
        if len(order):
            self._leave_odd()

    def _set(
        self,
        ids: NDArray[np.int64],
        parts: NDArray[np.int64],
        numbers: NDArray[np.int64],
        starts: Starts,
    ) -> None:
        self.parts, self.numbers, self.starts = parts, numbers, starts
        """Of each event: its part, which one it is among the events of its part, where it starts.
        A FILL is here twice, once for each of its orders."""
        is_first = np.concatenate([[True], ids[1:] != ids[:-1]])[: len(ids)]
        self.firsts = np.flatnonzero(is_first)
        """Where each order begins, …"""
        self.lasts = np.append(self.firsts[1:], len(ids))[: len(self.firsts)] - 1
        """… and its last event."""
        self.ids = ids[self.firsts]

    def _leave_odd(self) -> None:
        parts, starts = self.parts, self.starts
        is_odd = parts == ODD
        accepted = np.flatnonzero(parts == ACCEPTED)
        is_odd[accepted] = self.accepted["flags"][self.numbers[accepted]] & ACCEPTED_TRIGGERED != 0
        # A life begins when it is accepted, or rested before; it goes on in the order of its parts.
        begun = parts[self.firsts]
        is_odd[self.firsts] |= (begun == TAKER) | (begun == RESTED)
        is_again = (parts[1:] == parts[:-1]) & _IS_ONCE[parts[1:]] | (starts[1:] <= starts[:-1])
        is_again[self.firsts[1:] - 1] = False
        is_odd[1:] |= is_again
        is_odd_life = np.logical_or.reduceat(is_odd, self.firsts)
        if is_odd_life.any():
            self.odd = set(self.ids[is_odd_life].tolist())
            sizes = self.lasts + 1 - self.firsts
            is_left = np.repeat(~is_odd_life, sizes)
            self._odd_starts = starts[~is_left]
            ids = np.repeat(self.ids, sizes)
            self._set(*(told[is_left] for told in (ids, parts, self.numbers, starts)))

    def told(self) -> Starts:
        """The events of these orders that name no odd one, in their order."""
        is_told = np.zeros(self._rows, bool)
        is_told[self.starts] = True
        is_told[self._odd_starts] = False
        return np.flatnonzero(is_told)
