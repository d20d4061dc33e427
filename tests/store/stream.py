"""Event streams for tests of the store: of random campaigns, through the naive engine."""

from functools import lru_cache

import numpy as np
from model.commands import Commands
from store.trading import Trading

from truebook.commandlog.chain import START, extend
from truebook.commandlog.interface import GENESIS, EventEntry, Position, Tail
from truebook.engine.naive.engine import NaiveEngine
from truebook.messages import EVENT_ROW, EVENT_ROW_BYTES, EventKind

BEGIN = Tail(GENESIS, START)


def entries_of(events: bytes, tail: Tail = BEGIN) -> list[EventEntry]:
    """The stream that these events are, behind `tail`: an entry from each ENTRY event on."""
    kinds = np.frombuffer(events, EVENT_ROW)["kind"]
    starts = (np.flatnonzero(kinds == EventKind.ENTRY) * EVENT_ROW_BYTES).tolist()
    made = []
    for start, end in zip(starts, [*starts[1:], len(events)], strict=True):
        position = Position(tail.position.high + 1, 0)
        event_hash = extend(tail.event_hash, position, events[start:end])
        made.append(EventEntry(position, tail.position, events[start:end], b"", event_hash))
        tail = Tail(position, event_hash)
    return made


@lru_cache(maxsize=4)
def campaign(seed: int, commands: int, commands_per_entry: int = 8):
    """The events of a random campaign, and the engine at their end."""
    engine = NaiveEngine()
    inputs = Commands(seed).inputs(commands, commands_per_entry)
    events = b"".join([engine.apply(records).events for records in inputs])
    return entries_of(events), engine


@lru_cache(maxsize=4)
def trading(seed: int, entries: int):
    """The events of a venue under version 2 of the rules, and the engine at their end."""
    venue = Trading(seed)
    venue.go_on(entries)
    return venue.entries, venue.engine


def tail_of(entries: list[EventEntry]) -> Tail:
    """Where these entries end."""
    return Tail(entries[-1].position, entries[-1].event_hash)
