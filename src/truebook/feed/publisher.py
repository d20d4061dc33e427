"""The feed's passes: read what is there → fold → publish, some hundred times a second at most, and
a tenth as often while nobody listens, unless somebody asks for what isn't folded yet.

Promise: what is published follows the event stream without a gap and without a repeat, over any
loss of the bus. A pass is sent in one step together with notes of how far it goes; if the bus is
lost on the way, it is sent again, and by its number the bus knows whether it was done. A restarted
feed takes the notes and goes on behind them: what its predecessor had sent, and what
hasn't arrived by then, is not done any more. It sends nothing before it has caught up, so that a
step always ends where every chain of updates does. A bus that comes back empty is filled again by
the engine; positions that are passed already are not told again.

If the stream was trimmed past where the feed stands, the fold `lose`s what it knows, and all of it
is loaded again (loading.py). A restarted feed stands where the slowest chain ended; where only that
one's events are gone the others go on without a gap.

What is told first after a loss waits a moment for the listeners to be back: a bus that has died
lost all of them, and what it is given before they come again nobody hears.

`lock` is held while a pass is made: whoever changes or reads the fold holds it too.
"""

import asyncio
import contextlib
import itertools
import logging
import secrets
from collections.abc import Callable, Sequence
from functools import partial

from truebook.clock import Clock
from truebook.commandlog.interface import Bus, BusUnavailable, EventEntry
from truebook.feed.channels import DEPTH_PERIODS_MS
from truebook.feed.fold import Fold, Made
from truebook.feed.interest import NO_INTEREST
from truebook.feed.market_stream import Message
from truebook.figures import Latency
from truebook.idle import IdleWork

_logger = logging.getLogger(__name__)
PASS_S = 0.01
"""From the beginning of one pass to that of the next: what comes in between is told together …"""
UNHEARD_PASS_S = 0.1
"""… and so much later where nobody hears it. A pass costs half a millisecond, however small."""
BLOCK_MS = 50
"""How long a pass waits for events: what is told at its time is late by no more …"""
QUIET_BLOCK_MS = 500
"""… and where there is nothing to tell."""
ENTRIES_MAX = 64
"""Entries that are read at once: small steps, since they may run with little of a processor."""
SECOND_S = 1.0
RETRY_S = 0.1
LISTENERS_ATTEMPTS = 20
"""How often listeners are looked for after a loss, every RETRY_S: two seconds. Who isn't back then
has ended, or sees a gap."""
HELD_MAX = 1 << 16
"""Messages that wait while a restarted feed catches up; then readers of depth rather see a gap."""

POSITION = "position"
RESUME = "resume"


class _Due:
    """What is told at its time, and when it is next."""

    def __init__(self) -> None:
        self._next_s = dict.fromkeys([*(name for name in DEPTH_PERIODS_MS if name), ""], 0.0)

    def now(self, elapsed_s: float) -> tuple[list[str], bool]:
        """The periods of depth that have passed, and whether a second has."""
        due = [name for name, next_s in self._next_s.items() if next_s <= elapsed_s]
        for name in due:
            period_s = DEPTH_PERIODS_MS[name] / 1000 or SECOND_S
            self._next_s[name] = max(self._next_s[name] + period_s, elapsed_s)
        return [name for name in due if name], "" in due


class Publisher:
    """Passes over one fold."""

    def __init__(self, bus: Bus, fold: Fold, work: IdleWork, clock: Clock) -> None:
        self.fold = fold
        self.lock = asyncio.Lock()
        self.position = fold.position
        """Everything up to here is folded and published."""
        self.lag_ms = 0.0
        self.passes = 0
        self.pass_times = Latency()
        """From events read to what follows from them told."""
        self.extra: list[Message] = []
        """To be sent before what the next pass makes."""
        self._bus = bus
        self._work = work
        self._clock = clock
        self._after: list[Callable[[], None]] = []
        self._entries: Sequence[EventEntry] = ()
        self._is_lost = False
        """Whether the bus could not be reached at the last attempt."""
        self.listened: frozenset[str] = frozenset()
        """The channels that had listeners when it was last looked."""
        self._awaited: frozenset[str] = frozenset()
        """Those that had listeners before the bus was lost, until they have them again."""
        self._due = _Due()
        self._is_behind = False
        """Whether the last read gave as much as could be, so that there may be more."""
        self._behind_since_s = clock.elapsed_s()
        self.owner = secrets.token_hex(8)
        """In whose name all is noted: this feed's, no other's, not even an earlier one's here."""
        self._numbers = itertools.count(1)
        self.is_holding = False
        """Whether what was made waits to be sent: what was told before a restart isn't reached."""
        self._told: dict[str, int] = {}
        self._untold = True
        """Whether the notes on the bus may be incomplete."""
        self._hurried = asyncio.Event()

    def after_pass(self, call: Callable[[], None]) -> None:
        """Call `call` after each pass."""
        self._after.append(call)

    def hurry(self) -> None:
        """Somebody waits for what isn't folded yet."""
        self._hurried.set()

    async def run(self) -> None:
        """Make passes, for ever. Raises NotesTaken if another feed has begun since."""
        while True:
            began_s = self._clock.elapsed_s()
            self._hurried.clear()
            is_more = await self.make_pass()
            if not is_more:
                await self._rest(began_s)

    async def _rest(self, began_s: float) -> None:
        """Wait for the time of the next pass."""
        ends_s = began_s + PASS_S
        await asyncio.sleep(max(ends_s - self._clock.elapsed_s(), 0))
        if self.fold.interest == NO_INTEREST and not self.extra:
            more_s = ends_s - PASS_S + UNHEARD_PASS_S - self._clock.elapsed_s()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(more_s):
                    await self._hurried.wait()

    async def make_pass(self) -> bool:
        """One pass; whether there is more to read at once."""
        if not self._entries:
            self._entries = await self._read()
            self._is_behind = len(self._entries) >= ENTRIES_MAX
        began_s = self._clock.elapsed_s()
        if not self._is_behind:
            self._behind_since_s = began_s
        lag_ms = max(self.lag_ms, (began_s - self._behind_since_s) * 1000)
        async with self.lock:
            self._check_stream()
            periods, is_second = self._due.now(began_s)
            step = partial(self.fold.step, self._entries, self._clock.now_ms(), periods, is_second)
            made = await self._work.run(step, lag_ms)
            self._entries = self._entries[made.folded :]
            await self._send(made)
        self.pass_times.add(self._clock.elapsed_s() - began_s)
        self.lag_ms = (self._clock.elapsed_s() - self._behind_since_s) * 1000
        for call in self._after:
            call()
        return self._is_behind or bool(self._entries)

    async def _read(self) -> Sequence[EventEntry]:
        block_ms = QUIET_BLOCK_MS if self.fold.is_quiet and not self.extra else BLOCK_MS
        position = self.fold.position
        try:
            entries = await self._bus.event_entries_after(position, ENTRIES_MAX, block_ms)
            self._is_lost = False
            return entries
        except BusUnavailable as error:
            await self._lost(error)
            return ()

    async def _lost(self, error: BusUnavailable) -> None:
        """Say it once, and wait before the next attempt."""
        if not self._is_lost:
            _logger.warning("the bus can't be reached, trying again: %s", error)
            self._awaited |= self.listened
        self._is_lost = self._untold = True
        await asyncio.sleep(RETRY_S)

    def _check_stream(self) -> None:
        """See whether entries are missing before those at hand."""
        if self._entries and self._entries[0].previous != self.fold.position:
            _logger.warning(
                "the event stream goes on behind %s and this feed stands at %s: loading anew",
                self._entries[0].previous,
                self.fold.position,
            )
            self.fold.lose(self._entries[0].previous)

    async def _send(self, made: Made) -> None:
        self.extra += made.messages
        self._told |= made.told
        self.is_holding = self.fold.is_behind
        if self.is_holding:
            if len(self.extra) > HELD_MAX:
                self.fold.give_up_resuming()
            return
        messages, self.extra = self.extra, []
        told, self._told = self._told, {}
        position = self.fold.told_position
        if messages or position != self.position:
            self.passes += 1
            if self._untold:
                told = self.fold.chains()
            notes = {name: str(sequence) for name, sequence in told.items()}
            notes |= {POSITION: str(position), RESUME: str(self.fold.resume_position)}
            await self._send_once(messages, notes)
        self.position = position

    async def _send_once(self, messages: list[Message], notes: dict[str, str]) -> None:
        is_again, number = False, next(self._numbers)
        while True:
            try:
                await self._await_listeners()
                await self._bus.publish_noted(messages, notes, self.owner, number)
                # A bus that was away may have come back empty: the next pass notes everything.
                self._untold, self._is_lost = is_again, False
                return
            except BusUnavailable as error:
                is_again = True
                await self._lost(error)

    async def _await_listeners(self) -> None:
        """After a loss, let those come back who listened before. Raises BusUnavailable."""
        for _ in range(LISTENERS_ATTEMPTS):
            if not self._awaited:
                return
            if self._awaited.issubset(await self._bus.listened()):
                break
            await asyncio.sleep(RETRY_S)
        self._awaited = frozenset()
