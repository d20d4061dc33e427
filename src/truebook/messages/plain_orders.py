"""Orders whose life in a batch is plain: accepted to rest, or closed, or first the one and then the
other, and nothing else.

Promise: whoever folds these by columns, and all other events one after the other, has seen every
event once. An id that any other event names isn't plain, nor is one that was used twice: what can't
be told from columns is never among them. Most orders of a market maker are plain, who places and
takes back.
"""

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from truebook.messages import ACCEPTED_RESTS, ACCEPTED_TRIGGERED, EventKind
from truebook.messages.event_columns import EventColumns, Starts

_OTHERS = (
    (EventKind.FILL, "maker_order_id"),
    (EventKind.FILL, "taker_order_id"),
    (EventKind.RESTED, "order_id"),
    (EventKind.AMENDED, "order_id"),
    (EventKind.TRIGGER_PLACED, "order_id"),
    (EventKind.TRIGGER_FAILED, "order_id"),
)
"""Where else an order is named."""


class PlainOrders:
    """The plain orders of one batch, by where their events start."""

    def __init__(self, events: EventColumns, without: Collection[int] = ()) -> None:
        """`without`: accounts whose orders aren't to be among them."""
        accepted, closed = events.starts(EventKind.ACCEPTED), events.starts(EventKind.CLOSED)
        placed, end = len(accepted), len(accepted) + len(closed)
        others = [events.column(kind, name) for kind, name in _OTHERS if events.has(kind)]
        once, first, second = _grouped(
            [
                events.column(EventKind.ACCEPTED, "order_id"),
                events.column(EventKind.CLOSED, "order_id"),
                *others,
            ]
        )
        seen = events.seen_as(EventKind.ACCEPTED)
        accounts = np.fromiter(without, np.int64, len(without))

        def wanted(starts: Starts) -> NDArray[np.bool_]:
            return np.isin(seen["account"][starts], accounts, invert=True)

        resting = accepted[once[once < placed]]
        is_plain = seen["flags"][resting] == ACCEPTED_RESTS
        self.resting: Starts = resting[is_plain & wanted(resting)]
        """ACCEPTED of those that rest at the end."""
        gone = closed[once[(once >= placed) & (once < end)] - placed]
        self.gone: Starts = gone[wanted(gone)]
        """CLOSED of those that were accepted before the batch."""
        is_both = (first < placed) & (second >= placed) & (second < end)
        began, ended = accepted[first[is_both]], closed[second[is_both] - placed]
        is_plain = (seen["flags"][began] & ACCEPTED_TRIGGERED == 0) & (began < ended)
        is_plain &= wanted(began)
        self.began: Starts = began[is_plain]
        """ACCEPTED of those that come and go …"""
        self.ended: Starts = ended[is_plain]
        """… and CLOSED of the same, in the same order."""

    def all(self) -> Starts:
        """All their events, in no order."""
        return np.concatenate([self.resting, self.gone, self.began, self.ended])

    def ends(self) -> Starts:
        """The last event of each, in the order of events."""
        return np.sort(np.concatenate([self.resting, self.gone, self.ended]))


def _grouped(parts: list[NDArray[np.int64]]) -> tuple[Starts, Starts, Starts]:
    """The numbers of ids that occur once in all parts, and of those that occur twice: where first,
    and where then. Numbers count through all parts, one behind the other."""
    ids = np.concatenate(parts)
    order = np.argsort(ids, kind="stable")  # ids grow, nearly: then it is one pass
    ids = ids[order]
    starts = np.flatnonzero(np.concatenate([[True], ids[1:] != ids[:-1]])[: len(ids)])
    sizes = np.diff(starts, append=len(ids))
    twice = starts[sizes == 2]
    return order[starts[sizes == 1]], order[twice], order[twice + 1]
