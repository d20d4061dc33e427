"""What an engine does about commands that it reaches too late.

Promise: what is published of a command whose deadline had passed when an engine came to it says so,
and every engine, whenever it reads the log, says the same. Nothing that was published is ever taken
back. Whoever keeps up pays one look at the clock for a batch.

Why. The event stream is where engines meet: what isn't in it was told to nobody. So an engine that
finds commands too late, and not in the stream, does three things:

1. It *claims* the end P of the stream: from then on only those may add to it who know the recovery
   with the next token. Whoever was faster has moved the end, and the claim fails; whoever is slower
   finds what it made refused (Claimed).
2. It writes RECOVERY(after P) into the log, if the token there is still the one that it knew.
3. It reads the list again and goes on: all entries behind P now say when they were reached.

Killed in between, it leaves a claim without a recovery: the next who meets the claim writes it.
Stopped in between, it finds the token changed, and begins anew. The claim stands on the bus, which
forgets everything when it is lost. Then nobody knows what was told of the newest entries. What was
in the log when the new stream began is therefore carried out as if it had been reached in time
(what is acknowledged counts more than a deadline), and first of all the token is changed, so that
no claim of the old stream ends as a recovery beside the new one. An engine that has outlived a bus
doesn't know where its stream ended: it claims nothing of the next one, doesn't begin it (nobody
would have noted where the log ended) and writes nothing about it, but begins again (StreamLost).
"""

import logging

from truebook.clock import SYSTEM_CLOCK, Clock
from truebook.commandlog.interface import (
    GENESIS,
    LogEntry,
    LogUnavailable,
    Position,
    Publisher,
    StreamLost,
    Tail,
)
from truebook.commandlog.reached_log import ReachedLog
from truebook.commandlog.recoveries import has_expired

_logger = logging.getLogger(__name__)
LOOK_MS = 1_000
"""Entries that aren't older are in time without a closer look: a gateway stops writing as soon as
the engine is that far behind (ENGINE_LAG_MS_MAX)."""


class Recovering:
    """One engine's part in it."""

    def __init__(self, log: ReachedLog, publisher: Publisher, clock: Clock = SYSTEM_CLOCK) -> None:
        self._log = log
        self._publisher = publisher
        self._clock = clock
        self._ahead_ms = 0
        """The log server's clock before ours."""
        self.life = ""
        """The bus's, whose stream this engine has found out about."""
        self._settled = GENESIS
        """Up to there the stream has what became of the entries, or may have had it."""

    @property
    def token(self) -> int:
        """Of the recoveries that are heeded."""
        return self._log.known.token

    def open(self) -> Position:
        """Find out what is settled; where the log ends. Raises LogUnavailable, BusUnavailable,
        Overtaken."""
        life, tail = self._publisher.life(), self._publisher.tail()
        if tail.position == GENESIS:
            self._log.book.fence()
        end = self._log.last_position()
        begun = self._publisher.begin(life, end, self.token)
        if begun is None:
            raise LogUnavailable("the bus was lost just now")
        self.life = life
        if begun.token > self.token:
            self.heed(begun.token, GENESIS)
        self._settled = max(begun.end, tail.position)
        self._learn_time()
        return end

    def judged(self, entries: list[LogEntry], applied: Position, waiting: int) -> list[LogEntry]:
        """Of the entries behind `applied` those that may be applied now, told when they were
        reached; none: to be asked again. `waiting`: how many of those applied are not known to be
        in the stream.

        Raises BusUnavailable, LogUnavailable, Overtaken, StreamLost.
        """
        now_ms = self._clock.now_ms() + self._ahead_ms
        is_new = abs(now_ms - entries[0].time_ms) < LOOK_MS
        if is_new or entries[-1].position <= self._settled:
            return entries
        if entries[0].position > self._settled:
            now_ms = self._learn_time()
            if not any(has_expired(entry, now_ms) for entry in entries):
                return entries
            tail = self._publisher.tail()
            self._settled = max(self._settled, tail.position)
            if entries[0].position > self._settled:
                return [] if waiting else self._recovered(entries, applied, tail)
            self._log.refresh(applied)
        settled = [entry for entry in entries if entry.position <= self._settled]
        return self._log.known.told(settled)

    def heed(self, token: int, applied: Position) -> None:
        """Somebody claimed the stream for who knows this. Raises Overtaken if some of what was
        applied was reached later than it said; StreamLost, LogUnavailable, BusUnavailable."""
        self._log.refresh(applied)
        if self.token < token:
            # Who claimed it did not live to write the recovery, or is about to.
            tail = self._publisher.tail()
            if self._publisher.life() != self.life:
                raise StreamLost("the bus has lost the stream that was claimed")
            self._log.book.append(self.token, tail.position)
            self._log.refresh(applied)

    def look_again(self, applied: Position) -> None:
        """Read the list of recoveries. Raises Overtaken as above; LogUnavailable."""
        self._log.refresh(applied)

    def _recovered(self, entries: list[LogEntry], applied: Position, tail: Tail) -> list[LogEntry]:
        """Make it a fact that the entries were reached only now, if nobody is faster."""
        token = self.token
        if self._publisher.claim(tail, token + 1, self.life) is not None:
            return []
        is_written = self._log.book.append(token, tail.position)
        self._log.refresh(applied)
        if not is_written:
            return []
        _logger.warning(
            "what stands behind %s in the log is reached too late for some of it: %s is %d ms old",
            tail.position,
            entries[0].position,
            self._learn_time() - entries[0].time_ms,
        )
        return self._log.known.told(entries)

    def _learn_time(self) -> int:
        """The log server's time."""
        now_ms = self._log.book.now_ms()
        self._ahead_ms = now_ms - self._clock.now_ms()
        return now_ms
