"""Who sees everything at once, and fails the seed at the first thing that must never happen.

Promise: while a simulation runs, each event entry is looked at when it comes to the stream: its log
entry is on disk (I12), it follows its predecessor in the log (I11), and it says what was said of
that position before, however often the bus was lost. Every answer comes in time.
"""

import numpy as np

from truebook.api.send_and_await import LOOK_UP_S_MAX
from truebook.commandlog.interface import GENESIS
from truebook.feed.events import read_events
from truebook.limits import REPLY_TIMEOUT_MS
from truebook.messages import (
    AMENDED,
    AMENDED_REENTERS,
    EVENT_ROW,
    EVENT_ROW_BYTES,
    EventKind,
)

ANSWER_S_MAX = REPLY_TIMEOUT_MS / 1000 + LOOK_UP_S_MAX + 0.5


class Observer:
    """Of one world."""

    def __init__(self, world):
        self.told = {}
        """The event entry of each position that was ever in the stream."""
        self.repeated = 0
        """How often a position was told again, on a bus that had lost it."""
        self.moved = set()
        """Numbers, in the market, of amendments by which an order left its place."""
        self._world = world
        self._places = {GENESIS: -1}
        self._known = 0

    def published(self, entries):
        """These have come to the event stream."""
        log = self._world.log.all
        for place in range(self._known, len(log)):
            self._places[log[place].position] = place
        self._known = len(log)
        for entry in entries:
            place = self._places.get(entry.position)
            if place is None:
                self._fail(f"I12: events of {entry.position}, which is not on disk")
                return
            before = log[place - 1].position if place else GENESIS
            if entry.previous != before:
                self._fail(f"I11: {entry.position} follows {before}, not {entry.previous}")
            self._note_moves(entry.events)
            known = self.told.setdefault(entry.position, entry)
            self.repeated += known is not entry
            if known != entry:
                self._fail(f"I8: {entry.position} was told in two ways")

    def _note_moves(self, events):
        rows = np.frombuffer(events, EVENT_ROW)
        for start in np.flatnonzero(rows["kind"] == EventKind.AMENDED):
            (event,) = np.frombuffer(events, AMENDED, 1, int(start) * EVENT_ROW_BYTES)
            if event["mode"] == AMENDED_REENTERS and event["market"] == 0:
                self.moved.add(int(event["market_sequence"]))

    def is_gone(self, number):
        """Whether the bus has lost the event of market 0 with that number, and hasn't been told it
        again."""
        kept = {entry.position for entry in self._world.bus.entries}
        for position in kept & self.told.keys():
            market = None
            for event in read_events(self.told[position].events):
                market = getattr(event, "market", market)  # RESTED has that of its ACCEPTED
                if market == 0 and getattr(event, "market_sequence", 0) == number:
                    return False
        return True

    def answered(self, page, waited_s):
        """A request was answered after so long."""
        if waited_s > ANSWER_S_MAX:
            self._fail(f"{page.what} of account {page.account} took {waited_s:.2f} s")

    def _fail(self, what):
        self._world.fail(AssertionError(what))
