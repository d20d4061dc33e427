"""What the log made of the traders' requests: computed anew from the log itself.

The log is read from its first entry and applied to a new engine; from the events comes how often
each order was accepted, closed, filled. Nothing of this was in the processes that were killed.
"""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from venue.installed import Installed

from truebook.commandlog.entries import for_engine
from truebook.commandlog.interface import GENESIS
from truebook.engine.interface import Engine
from truebook.messages import (
    ACCEPTED,
    CLOSED,
    EVENT_ROW,
    EVENT_ROW_BYTES,
    CommandKind,
    EntryStatus,
    EventKind,
)


@dataclass
class History:
    """Counts by order id, and by account and client id."""

    engine: Engine
    accepted: Counter[int] = field(default_factory=Counter)
    accepted_client_ids: Counter[tuple[int, int]] = field(default_factory=Counter)
    orders: dict[int, tuple[int, int, int]] = field(default_factory=dict)
    """Account, price in ticks, quantity in lots of an accepted order."""
    closed: Counter[int] = field(default_factory=Counter)
    entries: Counter[str] = field(default_factory=Counter)
    """By EntryStatus."""
    assets_set: int = 0
    """SET_ASSET commands: each asset is set once, by genesis."""


def read_history(exchange: Installed, engine: Engine | None = None) -> History:
    """Read the whole log, with a new engine of the compiled kind unless another one is given."""
    if engine is None:
        # Imported here: to collect the tests must not compile the engine.
        from truebook.engine.fast import FastEngine

        engine = FastEngine()
    history = History(engine)
    reader = exchange.open_log()
    position = GENESIS
    try:
        while entries := reader.read(position, 256, 0):
            for entry in entries:
                events = history.engine.apply(for_engine(entry)).events
                _note(history, events)
                history.assets_set += entry.data[64::64].count(CommandKind.SET_ASSET)
            position = entries[-1].position
    finally:
        reader.close()
    return history


def _note(history: History, events: bytes) -> None:
    rows = np.frombuffer(events, EVENT_ROW)
    history.entries[EntryStatus(int(rows[0]["detail"])).name] += 1
    for start in np.flatnonzero(rows["kind"]):
        kind = rows[start]["kind"]
        if kind == EventKind.ACCEPTED:
            event = _event(events, int(start), ACCEPTED)
            order_id, account = int(event["order_id"]), int(event["account"])
            history.accepted[order_id] += 1
            history.accepted_client_ids[account, int(event["client_id"])] += 1
            history.orders[order_id] = (account, int(event["price"]), int(event["quantity"]))
        elif kind == EventKind.CLOSED:
            history.closed[int(_event(events, int(start), CLOSED)["order_id"])] += 1


def _event(events: bytes, start: int, layout: "np.dtype[np.void]") -> np.void:
    found: np.void = np.frombuffer(events, layout, 1, start * EVENT_ROW_BYTES)[0]
    return found
