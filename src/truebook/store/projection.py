"""The loop around the fold: read the stream, write rows, remember; for ever.

Promise: the database comes to hold every event of the log once, whatever happens on the way. The
position in the database is the only memory: after anything that fails, the loop goes on from there.

* the bus is away: wait for it.
* the database is away, locked or full: say so and try again; the exchange goes on without it.
* the stream begins behind what the database has: what is missing is made again from the log.
* the events are of another history: StreamForeign, which nobody can mend but the operator.

Work is done in small steps that make way for the rest of the exchange (idle.py); what is behind by
more than LAG_MS_MAX is done in large ones, at the priority of everybody, each folded while the one
before is written (ahead.py).
"""

import asyncio
import logging
import math
from collections.abc import AsyncGenerator
from functools import partial
from typing import Protocol

from truebook.clock import SYSTEM_CLOCK, Clock
from truebook.commandlog.chain import START
from truebook.commandlog.interface import (
    GENESIS,
    Bus,
    BusUnavailable,
    EventEntry,
    Position,
    StreamForeign,
    Tail,
)
from truebook.directory import Directory
from truebook.figures import Latency
from truebook.idle import IdleWork
from truebook.limits import LAG_MS_MAX
from truebook.store.ahead import Ahead
from truebook.store.fold import StreamTrimmed, fold
from truebook.store.interface import Stored, StoreUnavailable, Writer
from truebook.store.remaking import RemakeFailed

_logger = logging.getLogger(__name__)

TICK_S = 0.1
"""From one batch to the next: many small ones cost more than a few large ones."""
READ_ENTRIES = 256
WAIT_MS = 1000
SMALL_STEP_BYTES = 128 << 10
"""Events of about a thousand commands: some 6 ms of work, and a third less than in two steps, each
of which writes the same pages of the indices."""
LARGE_STEP_BYTES = 4 << 20
"""Of a store that is behind: twice as much is no faster."""
AGAIN_S = 0.2
SAID_S = 10.0
"""How often it is said that something is still away."""


class Remake(Protocol):
    """Makes what the stream no longer has (remaking.py)."""

    def entries(self, after: Position, to: Position) -> AsyncGenerator[list[EventEntry]]:
        """The event entries behind a position, up to and with another. Raises RemakeFailed."""


class Projection:
    """One database following one event stream."""

    def __init__(
        self,
        bus: Bus,
        writer: Writer,
        remake: Remake,
        work: IdleWork,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._bus = bus
        self._writer = Ahead(writer)
        self._remake = remake
        self._work = work
        self._clock = clock
        self._stored: Stored | None = None
        self._said_s = -SAID_S
        self.tail = Tail(GENESIS, START)
        """Up to where the database is known to be."""
        self._folded = self.tail
        """Up to where rows were given to it."""
        self.lag_ms = 0
        self.write_times = Latency()
        """What a step took that gave some entries to the database."""
        self.stored_entries = 0
        self.reason = ""
        """What keeps it from going on; empty: nothing."""

    async def run(self) -> None:
        """Follow the stream until cancelled. Raises StreamForeign."""
        while True:
            try:
                stored = self._stored or await self._open()
                started_s = self._clock.elapsed_s()
                is_more = await self._follow(stored)
                self.reason = ""
                left_s = started_s + TICK_S - self._clock.elapsed_s()
                if not is_more and left_s > 0:
                    await asyncio.sleep(left_s)
            except BusUnavailable as error:
                await self._wait_for("the bus", error)
            except StoreUnavailable as error:
                self._close()
                await self._wait_for("the database", error)
            except RemakeFailed as error:
                await self._wait_for("the events that were missed", error)

    def stop(self) -> None:
        """Give the database back. `run` must have ended."""
        self._work.close()
        self._close()

    async def _open(self) -> Stored:
        # It doesn't make way: until it is open nobody knows how far it is behind.
        self._stored = stored = await self._work.run(self._writer.open, math.inf)
        self.tail = self._folded = stored.tail
        _logger.info("the database is at %s", stored.tail.position)
        return stored

    def _close(self) -> None:
        self._stored = None
        self._writer.close()

    async def _follow(self, stored: Stored) -> bool:
        """Read what has come and store it; whether there may be more at once."""
        position = self._folded.position
        entries = await self._bus.event_entries_after(position, READ_ENTRIES, WAIT_MS)
        if not entries:
            await self._settle()
            self.lag_ms = 0
            return True
        if entries[0].previous > position:
            await self._catch_up(stored, entries[0].previous)
            return True
        await self._store(stored.directory, entries)
        if len(entries) == READ_ENTRIES:
            return True
        await self._settle()
        return False

    async def _catch_up(self, stored: Stored, to: Position) -> None:
        """Store what is missing before the stream's present beginning, and no more: of what the
        stream doesn't have yet nobody knows whether the engines come to it in time."""
        _logger.warning(
            "the bus no longer has what follows %s: making it again from the log",
            self._folded.position,
        )
        before = self._folded.position
        remade = self._remake.entries(before, to)
        try:
            async for entries in remade:
                await self._store(stored.directory, entries)
        finally:
            await remade.aclose()
        await self._settle()
        if self.tail.position == before:
            raise RemakeFailed(f"the log has nothing behind {before}")
        _logger.info("made again up to %s", self.tail.position)

    async def _store(self, directory: Directory, entries: list[EventEntry]) -> None:
        """Fold and write entries, in steps."""
        first = 0
        while first < len(entries):
            oldest_ms = entries[first].position.high
            self.lag_ms = max(0, self._clock.now_ms() - oldest_ms)
            is_large = self.lag_ms > LAG_MS_MAX or self._work.is_raised
            size = LARGE_STEP_BYTES if is_large else SMALL_STEP_BYTES
            end = end_of_step(entries, first, size)
            write = partial(self._write, directory, entries[first:end], is_large)
            await self._work.run(write, self.lag_ms)
            first = end

    def _write(self, directory: Directory, entries: list[EventEntry], is_large: bool) -> None:
        began_s = self._clock.elapsed_s()
        try:
            rows = fold(entries, self._folded, directory)
        except StreamTrimmed as error:
            raise StreamForeign(f"the log has another history than the database: {error}") from None
        if rows.tail.position == self._folded.position:
            return
        if is_large:
            self._writer.begin(rows)
            self.tail = self._folded
        else:
            self._writer.write(rows)
            self.tail = rows.tail
        self._folded = rows.tail
        self.stored_entries += len(entries)
        self.write_times.add(self._clock.elapsed_s() - began_s)

    async def _settle(self) -> None:
        """Wait until the database has all that it was given."""
        if self.tail != self._folded:
            await self._work.run(self._writer.settle)
            self.tail = self._folded

    async def _wait_for(self, what: str, error: Exception) -> None:
        now_s = self._clock.elapsed_s()
        if now_s - self._said_s >= SAID_S or not self.reason:
            self._said_s = now_s
            _logger.warning("waiting for %s: %s", what, error)
        self.reason = f"waiting for {what}: {error}"
        await asyncio.sleep(AGAIN_S)


def end_of_step(entries: list[EventEntry], first: int, size: int) -> int:
    """How far a step of about `size` bytes of events goes that begins there: at least one entry."""
    end = first + 1
    left = size - len(entries[first].events)
    while end < len(entries) and left > 0:
        left -= len(entries[end].events)
        end += 1
    return end
