"""The exchange behind a gateway: its log, its bus, and the settings kept up to date.

Promise: within `connected` the directory holds all settings as of some position that an engine was
at, and follows every later change; after a loss of the bus, during which changes may have been
missed, all settings are asked for again, until an engine answers.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator

import structlog

from truebook.api.ask import QueryClient
from truebook.api.directory import Directory
from truebook.api.exchange import Exchange, Outcome, QueryKind, TimedOut
from truebook.api.send_and_await import CommandClient
from truebook.commandlog.interface import SETTINGS_CHANNEL, Bus, Log, LogUnavailable, Position
from truebook.commandlog.valkey_bus import ValkeyBus
from truebook.commandlog.valkey_log import ValkeyLog
from truebook.queries import Answer

log = structlog.get_logger()

RETRY_S = 0.1
ASK_MS = 1_000
"""How long one question for all settings may take before it is asked again."""


class LiveExchange:
    """api.exchange.Exchange over a log and a bus; made by `connected`."""

    def __init__(self, commands: CommandClient, queries: QueryClient) -> None:
        self._commands = commands
        self._queries = queries
        self._directory = Directory()
        self._loading: asyncio.Task[None] | None = None

    @property
    def directory(self) -> Directory:
        """The settings, as far as this gateway has seen them."""
        return self._directory

    def next_order_id(self) -> int:
        """An id that no other order has or will have."""
        return self._commands.next_order_id()

    async def send_and_await(self, records: bytes, commands: int) -> Outcome:
        """Carry out a submission in one entry. Raises TimedOut or LogUnavailable."""
        return await self._commands.send_and_await(records, commands)

    async def submit(self, records: bytes, commands: int) -> Position:
        """Write a submission to the log and don't wait for its outcome. Raises as above."""
        return (await self._commands.submit(records, commands)).position

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

    async def load_settings(self) -> None:
        """Ask for all settings, until an engine answers."""
        while True:
            self._directory.expect()
            try:
                answer = await self._queries.ask("settings", timeout_ms=ASK_MS)
            except TimedOut as error:
                log.info("waiting for an engine", reason=str(error))
                continue
            self._directory.load(Position.parse(answer.position), answer.settings)
            return

    def load_settings_again(self) -> None:
        """Messages may have been missed."""
        if self._loading is None or self._loading.done():
            self._loading = asyncio.create_task(self.load_settings())

    async def close(self) -> None:
        """Write what waits, and end."""
        if self._loading is not None:
            self._loading.cancel()
        await self._commands.close()


@contextlib.asynccontextmanager
async def connected(log_url: str, bus_url: str) -> AsyncGenerator[Exchange]:
    """An exchange whose directory is loaded; its connections are given back in the end."""
    async with contextlib.AsyncExitStack() as stack:
        commands_log, bus = ValkeyLog(log_url), ValkeyBus(bus_url)
        stack.push_async_callback(bus.close)
        stack.push_async_callback(commands_log.close)
        exchange = await _start(commands_log, bus)
        stack.push_async_callback(exchange.close)
        await bus.subscribe(SETTINGS_CHANNEL, exchange.directory.follow)
        bus.on_reconnect(exchange.load_settings_again)
        await exchange.load_settings()
        yield exchange


async def _start(commands_log: Log, bus: Bus) -> LiveExchange:
    """Become a gateway as soon as the log can be reached."""
    while True:
        try:
            client = await CommandClient.start(commands_log, bus)
            return LiveExchange(client, await QueryClient.start(bus, client.gateway))
        except LogUnavailable as error:
            log.info("waiting for the log", reason=str(error))
            await asyncio.sleep(RETRY_S)
