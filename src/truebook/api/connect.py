"""The exchange behind a log and a bus: what the routes are given in earnest.

Promise: whoever is handed a `ConnectedExchange` has a gateway of its own number, and a directory at
or after everything that stood in the log then.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from functools import partial
from pathlib import Path

from truebook.api.exchange import AnsweredSubmission, Outcome
from truebook.api.pressure import ANY_SPACE, Pressure, Space
from truebook.api.send_and_await import CommandClient
from truebook.asking import Asker, Halted, TimedOut
from truebook.commandlog.durability import CHECKED, Durability
from truebook.commandlog.interface import (
    Bus,
    BusUnavailable,
    Log,
    LogNotDurable,
    LogUnavailable,
    Once,
    OutcomeUnknown,
    Position,
    answer_channel,
)
from truebook.commandlog.valkey_bus import ValkeyBus
from truebook.commandlog.valkey_log import ValkeyLog
from truebook.directory import Directory
from truebook.following import DirectoryFollower, wait_for
from truebook.limits import REPLY_TIMEOUT_MS
from truebook.queries import Answer, QueryKind


class ConnectedExchange:
    """api.exchange.Exchange over a log and a bus; made by `ConnectedExchange.start`."""

    def __init__(
        self,
        commands: CommandClient,
        asker: Asker,
        follower: DirectoryFollower,
        pressure: Pressure,
        log_end: Callable[[], Awaitable[Position]],
        published: Callable[[], Awaitable[Position]],
    ) -> None:
        self.commands = commands
        """The way into the log."""
        self._asker = asker
        self._follower = follower
        self.pressure = pressure
        """What keeps this gateway from appending."""
        self._log_end = log_end
        self._published = published

    @classmethod
    async def start(cls, log: Log, bus: Bus, space: Space = ANY_SPACE) -> "ConnectedExchange":
        """Become a gateway and load the directory; waits for the log and an engine. `space` is what
        shall be left for the log.

        Raises LogNotDurable; everything else that is missing is waited for, and said.
        """
        commands = await _command_client(log, bus)
        gateway = commands.gateway
        asker = await Asker.start(bus, answer_channel(gateway.number), gateway)
        follower = await DirectoryFollower.start(bus, asker, log.last_position)
        pressure = await Pressure.start(asker, log.last_position, space)
        return cls(commands, asker, follower, pressure, log.last_position, bus.event_tail)

    @property
    def directory(self) -> Directory:
        """The settings, as far as this gateway has seen them."""
        return self._follower.directory

    @property
    def last_position(self) -> Position:
        """The highest log position that this gateway has seen."""
        return self.commands.gateway.last_position

    async def published(self) -> Position:
        """Up to where anybody was told anything; as far as we know, while the bus is away."""
        try:
            return max(self.last_position, await self._published())
        except BusUnavailable:
            return self.last_position

    def next_order_id(self, count: int = 1) -> int:
        """An id that no other order has or will have, or the first of so many in a row."""
        return self.commands.next_order_id(count)

    async def send_and_await(self, records: bytes, commands: int, once: Once | None) -> Outcome:
        """Carry out a submission. Raises TimedOut, LogUnavailable or UsedBefore."""
        self.pressure.check()
        return await self.commands.send_and_await(records, commands, once)

    def send(self, submission: AnsweredSubmission) -> None:
        """Carry out a submission, and tell it. Raises LogUnavailable."""
        self.pressure.check()
        self.commands.send(submission)

    async def submit(self, records: bytes, commands: int, once: Once | None) -> Position:
        """Write a submission to the log. Raises TimedOut, LogUnavailable or UsedBefore."""
        self.pressure.check()
        written = self.commands.submit(records, commands, once)
        try:
            async with asyncio.timeout(REPLY_TIMEOUT_MS / 1000):
                return (await written).position
        except OutcomeUnknown as error:
            raise TimedOut(str(error)) from None
        except TimeoutError:
            written.is_withdrawn = True
            if written.sequence:
                raise TimedOut("the log did not answer in time") from None
            raise LogUnavailable("it waited too long for its turn") from None

    async def ask(
        self,
        kind: QueryKind,
        account: int = 0,
        *,
        market: int | None = None,
        order_id: int | None = None,
        client_id: int | None = None,
        limit: int = 0,
        sequence: int | None = None,
    ) -> Answer:
        """What an engine or the feed holds, at or after all that was published; of a halted
        engine, what it holds. Raises TimedOut."""
        ask = partial(
            self._asker.ask,
            kind,
            account,
            market=market,
            order_id=order_id,
            client_id=client_id,
            limit=limit,
            sequence=sequence,
        )
        try:
            return await ask(after=await self.published())
        except Halted as halted:
            return await ask(after=halted.halted_at)

    async def log_end(self) -> Position:
        """Where the log ends. Raises LogUnavailable."""
        return await self._log_end()

    async def ask_all(self, kind: QueryKind, wait_ms: int) -> list[Answer]:
        """What everybody who hears us answers within the time, wherever they stand."""
        return await self._asker.ask_all(kind, wait_ms)

    async def close(self) -> None:
        """Write what waits, and end. Log and bus are closed by whoever made them."""
        self.pressure.close()
        self._follower.close()
        await self.commands.close()


async def _command_client(log: Log, bus: Bus) -> CommandClient:
    attempt = 0
    while True:
        try:
            return await CommandClient.start(log, bus)
        except LogNotDurable:
            raise
        except LogUnavailable as error:
            await wait_for("the log", error, attempt)
            attempt += 1


async def _folder(log: ValkeyLog) -> Path | None:
    attempt = 0
    while True:
        try:
            return await log.folder()
        except LogNotDurable:
            raise
        except LogUnavailable as error:
            await wait_for("the log", error, attempt)
            attempt += 1


@contextlib.asynccontextmanager
async def connected(
    log_url: str,
    bus_url: str,
    *,
    durability: Durability = CHECKED,
    disk_free_mib: int = 0,
    memory_bytes_max: int = 0,
) -> AsyncGenerator[ConnectedExchange, None]:
    """An exchange on these servers, until the context is left. Raises LogNotDurable."""
    log = ValkeyLog(log_url, durability=durability)
    bus = ValkeyBus(bus_url)
    try:
        folder = await _folder(log) if disk_free_mib else None
        memory = log.memory_bytes if memory_bytes_max else None
        space = Space(folder, disk_free_mib, memory, memory_bytes_max)
        exchange = await ConnectedExchange.start(log, bus, space)
        try:
            yield exchange
        finally:
            await exchange.close()
    finally:
        await log.close()
        await bus.close()
