"""What an engine does with its events: into the stream exactly once, whoever else does the same.

Promise: the stream gets every entry's events, in order, each once, although any number of engines
make them. An engine is **active** as long as its appends succeed. One whose append is refused,
since another engine was first, **stands by**: it keeps what it makes until it sees it in the
stream, and carries on itself if nobody has published it within TAKE_OVER_S. All engines make the
same events, so it doesn't matter which one publishes; that they do is checked by the event hash at
every append.

After a restart events are made again from the log, from genesis or from a snapshot on; what the
stream has is not published again. An **empty** stream, after the bus was lost, begins with the last
entry before that: its predecessors are nowhere in the stream then, as if it had been trimmed, and
whoever needs them makes them anew from the log. An engine that begins behind the end of the stream
(another began it with an older snapshot) stands by until the stream has come to where it began.
"""

import logging
from collections import deque
from collections.abc import Callable
from itertools import islice

from truebook.clock import SYSTEM_CLOCK, Clock
from truebook.commandlog.chain import START, extend
from truebook.commandlog.covering import Cover
from truebook.commandlog.interface import (
    GENESIS,
    SETTINGS_CHANNEL,
    BusUnavailable,
    EventEntry,
    Position,
    Publisher,
    StreamForeign,
    StreamLost,
    Tail,
    reply_channel,
)
from truebook.commandlog.quorum import Quorum
from truebook.commandlog.replies import (
    Made,
    pack_position,
    reply_message,
    settings_events,
    split,
)
from truebook.figures import Latency

_logger = logging.getLogger(__name__)
TAKE_OVER_S = 0.2
"""How long a standby waits for somebody else to publish what it has."""
LOOK_S = 0.05
"""How often it looks whether somebody has; and how often a lost bus is tried."""
CHECK_S = 1.0
"""How often an engine with nothing to publish makes sure that the stream is still there."""
START_AGAIN_S = 5.0
"""How long it waits while nobody fills the stream up to where it began."""
KEPT_BYTES_MAX = 64 << 20
"""A standby that keeps more than this looks at once."""
AT_ONCE_BYTES_MAX = 8 << 20
"""Events in one append: the bus serves nobody else meanwhile."""


class Publication:
    """One engine's events on their way into the stream."""

    def __init__(
        self,
        publisher: Publisher,
        clock: Clock = SYSTEM_CLOCK,
        quorum: Quorum | None = None,
        cover: Cover | None = None,
    ) -> None:
        self._publisher = publisher
        self._cover = cover
        self._clock = clock
        self._quorum = quorum
        self._made = Tail(GENESIS, START)
        self._begun = GENESIS
        """What is up to there was not made by us, but stands in the snapshot that we began with."""
        self._closest = GENESIS
        self._last: tuple[EventEntry, Made] | None = None
        self._published = Tail(GENESIS, START)
        """What the stream is known to have of ours, or to have had before we started."""
        self._waiting: deque[tuple[EventEntry, Made]] = deque()
        self._waiting_bytes = 0
        self._waiting_since = 0.0
        self._next_look = 0.0
        self._next_check = 0.0
        self._is_unsure = False
        self._foreign: StreamForeign | None = None
        self._is_disputed = False
        self.is_active = True
        self.times = Latency()
        """What an append to the stream took."""
        self.token = 0
        """Of the recoveries that were heeded in what is added."""
        self.life = ""
        """The bus's, on which it was noted where an empty stream begins; empty: nobody notes it."""

    @property
    def event_hash(self) -> bytes:
        """The running hash over all events made."""
        return self._made.event_hash

    @property
    def waiting(self) -> int:
        """How many entries are not known to be in the stream."""
        return len(self._waiting)

    @property
    def is_confirmed(self) -> bool:
        """Whether the stream was seen to end with the events made last: all of them are its own."""
        return self._published == self._made

    @property
    def last(self) -> EventEntry | None:
        """The entry that was added last; None: none was since genesis."""
        return None if self._last is None else self._last[0]

    def begin(self, last: EventEntry) -> None:
        """Go on behind an entry, the last that a snapshot has; before `open`."""
        made = split(last.events, last.replies, 1)[0]
        self._begun = last.position
        self._last = last, made
        self._made = Tail(last.position, last.event_hash)

    def open(self, log_end: Callable[[], Position]) -> None:
        """Find out what the stream has already. `log_end` tells where the log ends: it is asked
        after the stream, to which others may add meanwhile what the log has by then. To be called
        again if the start fails, before anything is added. Raises BusUnavailable, StreamForeign,
        and what `log_end` raises."""
        self._waiting.clear()
        self._waiting_bytes = 0
        self._published = self._publisher.tail()
        end = log_end()
        if self._published.position > end:
            raise StreamForeign(
                f"the event stream ends at {self._published.position}, behind the log's end"
                f" {end}: it belongs to another log; start the bus afresh"
            )
        self._check_same(self._made, self._published)
        if self._last is not None and self._published.position == GENESIS:
            self._wait_for_turn(*self._last)

    def add(self, position: Position, made: Made) -> None:
        """Take the next entry's events."""
        previous, before = self._made
        self._made = Tail(position, extend(before, position, made.events))
        if self._is_disputed:
            return
        entry = EventEntry(position, previous, made.events, made.replies, self._made.event_hash)
        self._last = entry, made
        if position <= self._published.position:
            try:
                self._check_same(self._made, self._published)
            except StreamForeign as error:
                self._foreign = error  # which `publish` raises: these events are made all the same
        else:
            self._wait_for_turn(entry, made)

    def _wait_for_turn(self, entry: EventEntry, made: Made) -> None:
        if not self._waiting:
            self._waiting_since = self._clock.elapsed_s()
        if self._quorum is not None:
            self._quorum.made(entry.position, entry.event_hash)
        self._waiting.append((entry, made))
        self._waiting_bytes += len(made.events) + len(made.replies)

    def publish(self) -> bool:
        """Do what is our turn; whether the engine may go on making events. Raises StreamLost,
        StreamForeign, Claimed."""
        if self._is_disputed:
            return True
        if self._foreign is not None:
            raise self._foreign
        try:
            if not self._waiting:
                self._look_after()
                return True
            if not self.is_active and not self._must_take_over():
                return self._waiting_bytes < KEPT_BYTES_MAX
            while self._waiting and (batch := self._next_batch()) and self._append(batch):
                pass
            if not self._waiting:
                return True
            if self.is_active:
                # What may not leave yet may be in the stream already: made by others on a bus that
                # was lost and filled again, and which they won't vote for once more.
                self._drop_published()
            may_go_on = not self.is_active or self._quorum is not None or self._cover is not None
            return may_go_on and self._waiting_bytes < KEPT_BYTES_MAX
        except BusUnavailable as error:
            if not self._is_unsure:
                _logger.warning("the bus can't be reached, trying again: %s", error)
            self._is_unsure = True
            return False

    def dispute(self) -> None:
        """The stream tells another story: make events as before, and publish none."""
        self._is_disputed = True
        self.is_active = False
        self._waiting.clear()
        self._waiting_bytes = 0

    def seconds_to_wait(self) -> float:
        """When `publish` has something to do again, if nothing is added."""
        return LOOK_S if self._waiting or self._is_unsure else CHECK_S

    def _look_after(self) -> None:
        """With nothing to publish: is what was published still there?"""
        now = self._clock.elapsed_s()
        if now >= self._next_check:
            self._next_check = now + CHECK_S
            tail = self._publisher.tail()
            self._check_tail(tail, self._published)
            self._published = max(self._published, tail)

    def _append(self, batch: list[tuple[EventEntry, Made]]) -> bool:
        """Append the next batch; whether it was our turn."""
        entries = [entry for entry, _ in batch]
        before = self._before(entries[0])
        began_s = self._clock.elapsed_s()
        messages = _messages(batch)
        tail = self._publisher.append(before, entries, messages, self.token, self.life)
        self.times.add(self._clock.elapsed_s() - began_s)
        if tail is None:
            self._seen(Tail(entries[-1].position, entries[-1].event_hash))
            self._is_unsure = False
            return True
        self._check_tail(tail, before)
        was_ours = self._is_unsure and tail.position == entries[-1].position
        self._seen(tail)
        self._is_unsure = False
        if not was_ours and self.is_active:
            _logger.info("another engine publishes: standing by from %s", tail.position)
            self.is_active = False
        return was_ours

    def _must_take_over(self) -> bool:
        """As a standby: drop what the stream has by now; whether the rest has waited too long."""
        tail = self._drop_published()
        if tail is None or not self._waiting:
            return False
        now = self._clock.elapsed_s()
        if self._has_come_closer(tail, now):
            return False
        if now - self._waiting_since < TAKE_OVER_S:
            return False
        _logger.warning("nobody publishes: carrying on from %s", self._waiting[0][0].position)
        self.is_active = True
        return True

    def _drop_published(self) -> Tail | None:
        """Drop what the stream has by now; where it ends, or None: it isn't time to look."""
        now = self._clock.elapsed_s()
        if now < self._next_look and self._waiting_bytes < KEPT_BYTES_MAX:
            return None
        self._next_look = now + LOOK_S
        tail = self._publisher.tail()
        before = self._before(self._waiting[0][0])
        if tail != before:
            self._check_tail(tail, before)
            self._seen(tail)
        return tail

    def _has_come_closer(self, tail: Tail, now: float) -> bool:
        """Whether others still fill a stream up to where we began. Raises StreamLost if they have
        stopped: we don't have what comes next."""
        if not GENESIS < tail.position < self._begun:
            return False
        if tail.position > self._closest:
            self._closest, self._waiting_since = tail.position, now
        if now - self._waiting_since > START_AGAIN_S:
            raise StreamLost(
                f"the event stream ends at {tail.position} and nobody goes on; this engine, which"
                f" began at {self._begun}, must begin with an earlier snapshot"
            )
        return True

    def _before(self, entry: EventEntry) -> Tail:
        """Where the stream must end for this entry to be next."""
        if self._published.position == GENESIS:
            return self._published
        return Tail(entry.previous, self._published.event_hash)

    def _seen(self, tail: Tail) -> None:
        """The stream has everything up to there."""
        while self._waiting and self._waiting[0][0].position <= tail.position:
            entry, made = self._waiting.popleft()
            self._waiting_bytes -= len(made.events) + len(made.replies)
            self._check_same(Tail(entry.position, entry.event_hash), tail)
            self._waiting_since = self._clock.elapsed_s()
        if self._quorum is not None:
            self._quorum.published(tail.position)
        self._published = tail

    def _check_tail(self, tail: Tail, before: Tail) -> None:
        if tail.position < before.position and not self._is_on_its_way(tail):
            raise StreamLost(
                f"the event stream ends at {tail.position}, not at {before.position} as it did"
            )
        self._check_same(before, tail)
        is_between = before.position < tail.position and tail.position >= self._begun
        if self._waiting and is_between and tail.position < self._waiting[0][0].position:
            raise StreamForeign(
                f"the event stream ends at {tail.position}, where the log has no entry"
            )

    def _is_on_its_way(self, tail: Tail) -> bool:
        """Whether the stream, as we know it, has not come yet to where we began."""
        return self._published.position <= tail.position < self._begun

    def _check_same(self, ours: Tail, theirs: Tail) -> None:
        if ours.position == theirs.position and ours.event_hash != theirs.event_hash:
            raise StreamForeign(
                f"up to {ours.position} the event stream has other events than this engine made:"
                f" event hash {theirs.event_hash.hex()}, not {ours.event_hash.hex()}"
            )

    def _next_batch(self) -> list[tuple[EventEntry, Made]]:
        """What may leave now."""
        batch: list[tuple[EventEntry, Made]] = []
        size, count = 0, len(self._waiting)
        if count == 1 and self._quorum is None and self._cover is None:
            return [*self._waiting]
        if self._quorum is not None:
            count = self._quorum.agreed([entry.position for entry, _ in self._waiting])
        if self._cover is not None:
            covered = self._cover.reached()
            count = min(count, sum(entry.position <= covered for entry, _ in self._waiting))
        for entry, made in islice(self._waiting, count):
            batch.append((entry, made))
            size += len(made.events) + len(made.replies)
            if size >= AT_ONCE_BYTES_MAX:
                break
        return batch


def _messages(batch: list[tuple[EventEntry, Made]]) -> list[tuple[str, bytes]]:
    """One message for each gateway in the batch, and one for all settings."""
    by_gateway: dict[int, list[tuple[Position, Made]]] = {}
    settings: list[bytes] = []
    for entry, made in batch:
        by_gateway.setdefault(made.gateway, []).append((entry.position, made))
        if rows := settings_events(made.events):
            settings.append(rows)
    messages = [
        (reply_channel(gateway), reply_message(entries)) for gateway, entries in by_gateway.items()
    ]
    if settings:
        end = pack_position(batch[-1][0].position)
        messages.append((SETTINGS_CHANNEL, end + b"".join(settings)))
    return messages
