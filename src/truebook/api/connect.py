"""The exchange behind a log and a bus: what the routes are given in earnest.

Promise: whoever is handed a `ConnectedExchange` has a gateway of its own number, and a directory at
or after everything that stood in the log then. The directory follows the settings channel; when
messages may have been missed, all settings are asked for again, until an engine answers.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator

import structlog

from truebook.api.ask import QueryClient
from truebook.api.directory import Directory
from truebook.api.exchange import Outcome, QueryKind, TimedOut
from truebook.api.send_and_await import CommandClient
from truebook.commandlog.interface import (
    SETTINGS_CHANNEL,
    Bus,
    Log,
    LogNotDurable,
    LogUnavailable,
    OutcomeUnknown,
    Position,
)
from truebook.commandlog.valkey_bus import ValkeyBus
from truebook.commandlog.valkey_log import ValkeyLog
from truebook.limits import REPLY_TIMEOUT_MS
from truebook.queries import Answer

logger = structlog.get_logger()

RETRY_SECONDS = 0.2
ATTEMPTS_SAID = 25
"""Every how many attempts it is said that one still waits."""


class ConnectedExchange:
    """api.exchange.Exchange over a log and a bus; made by `ConnectedExchange.start`."""

    def __init__(self, log: Log, bus: Bus, commands: CommandClient, queries: QueryClient) -> None:
        self.directory = Directory()
        self._log = log
        self._bus = bus
        self._commands = commands
        self._queries = queries
        self._loading: asyncio.Task[None] | None = None

    @classmethod
    async def start(cls, log: Log, bus: Bus) -> "ConnectedExchange":
        """Become a gateway and load the directory; waits for the log and an engine.

        Raises LogNotDurable; everything else that is missing is waited for, and said.
        """
        commands = await _command_client(log, bus)
        exchange = cls(log, bus, commands, await QueryClient.start(bus, commands.gateway))
        await bus.subscribe(SETTINGS_CHANNEL, exchange.directory.follow)
        bus.on_reconnect(exchange._load_again)
        await exchange._load()
        return exchange

    def next_order_id(self) -> int:
        """An id that no other order has or will have."""
        return self._commands.next_order_id()

    async def send_and_await(self, records: bytes, commands: int) -> Outcome:
        """Carry out a submission. Raises TimedOut or LogUnavailable."""
        return await self._commands.send_and_await(records, commands)

    async def submit(self, records: bytes, commands: int) -> Position:
        """Write a submission to the log. Raises TimedOut or LogUnavailable."""
        written = self._commands.submit(records, commands)
        try:
            async with asyncio.timeout(REPLY_TIMEOUT_MS / 1000):
                return (await written).position
        except OutcomeUnknown as error:
            raise TimedOut(str(error)) from None
        except TimeoutError:
            if written.sequence:
                raise TimedOut("the log did not answer in time") from None
            written.is_withdrawn = True
            raise LogUnavailable("it waited too long for its turn") from None

    async def ask(
        self,
        kind: QueryKind,
        account: int = 0,
        *,
        market: int | None = None,
        order_id: int | None = None,
        client_id: int | None = None,
    ) -> Answer:
        """The engine's state, at or after all that this gateway has seen. Raises TimedOut."""
        return await self._queries.ask(
            kind, account, market=market, order_id=order_id, client_id=client_id
        )

    async def close(self) -> None:
        """Write what waits, and end. Log and bus are closed by whoever made them."""
        if self._loading is not None:
            self._loading.cancel()
        await self._commands.close()

    def _load_again(self) -> None:
        """Messages may have been missed."""
        if self._loading is not None:
            self._loading.cancel()
        self._loading = asyncio.create_task(self._load())

    async def _load(self) -> None:
        self.directory.expect()
        attempt = 0
        while True:
            try:
                # An engine that still reads its way through the log must not answer too early.
                self._commands.gateway.saw(await self._log.last_position())
                answer = await self.ask("settings")
                self.directory.load(Position.parse(answer.position), answer.settings)
                return
            except LogUnavailable as error:
                await _wait_for("the log", error, attempt)
            except TimedOut as error:
                await _wait_for("an engine", error, attempt)
            attempt += 1


async def _command_client(log: Log, bus: Bus) -> CommandClient:
    attempt = 0
    while True:
        try:
            return await CommandClient.start(log, bus)
        except LogNotDurable:
            raise
        except LogUnavailable as error:
            await _wait_for("the log", error, attempt)
            attempt += 1


async def _wait_for(what: str, error: Exception, attempt: int) -> None:
    if attempt % ATTEMPTS_SAID == 0:
        logger.warning(f"waiting for {what}", reason=str(error))
    await asyncio.sleep(RETRY_SECONDS)


@contextlib.asynccontextmanager
async def connected(
    log_url: str, bus_url: str, *, allow_not_durable: bool = False
) -> AsyncGenerator[ConnectedExchange, None]:
    """An exchange on these servers, until the context is left. Raises LogNotDurable."""
    log = ValkeyLog(log_url, allow_not_durable=allow_not_durable)
    bus = ValkeyBus(bus_url)
    try:
        exchange = await ConnectedExchange.start(log, bus)
        try:
            yield exchange
        finally:
            await exchange.close()
    finally:
        await log.close()
        await bus.close()
