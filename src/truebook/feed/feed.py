"""The feed: event stream → fold → what people read, and the tasks around it.

        bus: event stream ─► Publisher ─ fold ─► messages, in one step with notes ─► bus
                               ▲    ▲
     engine, history ─► Loader ┘    └ Questions, Accounts ◄─► whoever asks, listens
     who listens, what timer is over? ─► every 250 ms: Interest, Timers ─► Ticker ─► log

How it starts: settings from the engine; the notes of an earlier feed, if the bus has any, tell
where to go on, else where that engine is, with all of the log read; the levels of every market from
the engine, at that position or later; then passes, while history is loaded beside them. Nothing
here is kept: a feed that is killed anywhere starts again from bus, engine and history. There is one
feed: a second one takes the notes, and the first ends at its next pass.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator

from truebook.asking import Asker, Horizon, TimedOut
from truebook.clock import SYSTEM_CLOCK, Clock
from truebook.commandlog.interface import (
    Bus,
    BusUnavailable,
    Log,
    LogNotDurable,
    LogUnavailable,
    Position,
)
from truebook.directory import Directory
from truebook.feed.accounts import Accounts
from truebook.feed.channels import DEPTH_PERIODS_MS
from truebook.feed.fold import Fold, chain_name
from truebook.feed.interest import NO_INTEREST, interest_in
from truebook.feed.loading import Loader
from truebook.feed.publisher import POSITION, RESUME, Publisher
from truebook.feed.questions import Questions
from truebook.feed.ticking import TICK_S, Ticker
from truebook.following import wait_for
from truebook.history import History
from truebook.idle import IdleWork

_logger = logging.getLogger(__name__)


class Feed:
    """One feed on a bus and a log; made by `Feed.start`."""

    def __init__(
        self, bus: Bus, log: Log, asker: Asker, history: History | None, clock: Clock
    ) -> None:
        self._bus = bus
        self._log = log
        self._asker = asker
        self._clock = clock
        self._work = IdleWork(clock)
        self.fold = Fold(Directory())
        self.publisher = Publisher(bus, self.fold, self._work, clock)
        self.accounts = Accounts(self.publisher, asker, clock)
        self.loader = Loader(self.publisher, asker, history, clock)
        self.ticker = Ticker(log)
        self._must_ask = asyncio.Event()
        """Whether timers may run that the fold doesn't know."""
        self._is_heard_anew = False
        """Whether listeners may have missed messages since they were last looked at."""
        bus.on_reconnect(self._hear_anew)
        self.questions = Questions(bus, self.publisher, self.accounts, history, self.look, clock)

    @classmethod
    async def start(
        cls,
        bus: Bus,
        log: Log,
        channel: str,
        history: History | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> "Feed":
        """A feed that stands where an earlier one ended, or at the end of the log; waits for
        bus, log and engine. `channel`: where answers to this feed come, and to nobody else."""
        asker = await Asker.start(bus, channel, Horizon())
        feed = cls(bus, log, asker, history, clock)
        notes = await feed._notes()
        position = await feed._load_settings()
        if POSITION not in notes:
            feed._stand_at(position, position)
        for number in feed.fold.directory.markets:
            names = {period: chain_name(number, period) for period in DEPTH_PERIODS_MS}
            told = {period: int(notes[name]) for period, name in names.items() if name in notes}
            await feed.loader.load_levels(number, told)
        await feed.questions.start()
        return feed

    async def run(self) -> None:
        """Be the feed, for ever. Raises LogNotDurable, NotesTaken, and what a bug raises."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.publisher.run())
                group.create_task(self.loader.run())
                group.create_task(self.questions.run())
                group.create_task(self.ticker.start())
                group.create_task(self._keep_looking())
                group.create_task(self._keep_timers())
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from failures

    async def close(self) -> None:
        """End what runs beside `run`; log and bus are closed by whoever made them."""
        self.questions.close()
        self.accounts.close()
        await self.ticker.close()
        self._work.close()

    async def look(self) -> None:
        """Learn who listens to what."""
        try:
            channels = await self._bus.listened()
        except BusUnavailable as error:
            _logger.debug("who listens can't be learnt: %s", error)
            return
        async with self.publisher.lock:
            anew, self._is_heard_anew = self._is_heard_anew, False
            self.publisher.listened = frozenset(channels)
            self.fold.listen(interest_in(channels), anew)
        if self.fold.interest != NO_INTEREST:
            self.publisher.hurry()
        await self.accounts.listened(self.fold.interest.accounts)

    def _hear_anew(self) -> None:
        self._is_heard_anew = True

    async def _keep_looking(self) -> None:
        while True:
            await self.look()
            now_ms = max(self._clock.now_ms(), self.fold.time_ms)
            self.ticker.tick(self._listened(), self.fold.timers.is_over(now_ms))
            if self.fold.timers.must_ask:
                self._must_ask.set()
            await asyncio.sleep(TICK_S)

    def _listened(self) -> list[int]:
        """The markets that somebody listens to."""
        known = self.fold.directory.market_by_symbol
        return [known[name].number for name in self.fold.interest.markets if name in known]

    async def _keep_timers(self) -> None:
        """Learn from an engine when the first timer is over, wherever the stream doesn't tell."""
        attempt = 0
        while True:
            await self._must_ask.wait()
            self._must_ask.clear()
            self._asker.saw(self.publisher.position)
            try:
                answer = await self._asker.ask("status")
                self.fold.timers.load(int(answer.status.get("nextTimerMs", 0)))
                attempt = 0
            except TimedOut as error:
                await wait_for("an engine", error, attempt)
                attempt += 1

    async def _notes(self) -> dict[str, str]:
        """Take what an earlier feed has noted; stand behind it. If there is nothing, only what
        comes from now on is to be told: an engine that has read the log to its present end says
        where that is, since the stream may be empty and about to be made again from its
        beginning."""
        attempt = 0
        while True:
            try:
                notes = await self._bus.take_notes(self.publisher.owner)
                end = await self._bus.event_tail()
                if POSITION in notes:
                    told = Position.parse(notes[POSITION])
                    self._stand_at(Position.parse(notes.get(RESUME, notes[POSITION])), told)
                else:
                    end = max(end, await self._log.last_position())
                self._asker.saw(max(end, self.publisher.position))
                return notes
            except BusUnavailable as error:
                await wait_for("the bus", error, attempt)
            except LogNotDurable:
                raise
            except LogUnavailable as error:
                await wait_for("the log", error, attempt)
            attempt += 1

    def _stand_at(self, begin: Position, told: Position) -> None:
        self.fold.begin(begin, told)
        self.publisher.position = told

    async def _load_settings(self) -> Position:
        """As of which position they were told."""
        attempt = 0
        while True:
            try:
                answer = await self._asker.ask("settings")
            except TimedOut as error:
                await wait_for("an engine", error, attempt)
                attempt += 1
                continue
            position = Position.parse(answer.position)
            self.fold.directory.load(position, answer.settings)
            return position


@contextlib.asynccontextmanager
async def running(feed: Feed) -> AsyncGenerator["asyncio.Task[None]", None]:
    """The feed at work in a task, until the context is left."""
    task = asyncio.create_task(feed.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await feed.close()
