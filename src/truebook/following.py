"""Keeping a directory: all settings asked for once, and every change of them followed.

Promise: once `start` has returned, the directory is at or after everything that stood in the log
then, or where the engine is halted, if it is. It follows the settings channel; when messages may
have been missed, all settings are asked for again, until an engine answers.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from truebook.asking import Asker, Halted, TimedOut
from truebook.commandlog.interface import (
    SETTINGS_CHANNEL,
    Bus,
    BusUnavailable,
    LogUnavailable,
    Position,
)
from truebook.directory import Directory
from truebook.queries import Answer

logger = structlog.get_logger()

RETRY_SECONDS = 0.2
ATTEMPTS_SAID = 25
"""Every how many attempts it is said that one still waits."""


async def wait_for(what: str, error: Exception, attempt: int) -> None:
    """Wait before the next attempt, and say now and then what is waited for."""
    if attempt % ATTEMPTS_SAID == 0:
        logger.warning(f"waiting for {what}", reason=str(error))
    await asyncio.sleep(RETRY_SECONDS)


class DirectoryFollower:
    """A directory that stays up to date; made by `DirectoryFollower.start`."""

    def __init__(self, asker: Asker, end: Callable[[], Awaitable[Position]]) -> None:
        self.directory = Directory()
        self._asker = asker
        self._end = end
        self._loading: asyncio.Task[None] | None = None

    @classmethod
    async def start(
        cls, bus: Bus, asker: Asker, end: Callable[[], Awaitable[Position]]
    ) -> "DirectoryFollower":
        """Load the directory, as of what `end` gives or later; waits for an engine.

        `end` may raise LogUnavailable or BusUnavailable; then it is asked again.
        """
        follower = cls(asker, end)
        await bus.subscribe(SETTINGS_CHANNEL, follower.directory.follow)
        bus.on_reconnect(follower._load_again)
        await follower._load()
        return follower

    def close(self) -> None:
        """Ask no more."""
        if self._loading is not None:
            self._loading.cancel()

    def _load_again(self) -> None:
        """Messages may have been missed."""
        self.close()
        self._loading = asyncio.create_task(self._load())

    async def _load(self) -> None:
        self.directory.expect()
        attempt = 0
        while True:
            try:
                # An engine that still reads its way through the log must not answer too early.
                self._asker.saw(await self._end())
                answer = await self._settings()
                self.directory.load(Position.parse(answer.position), answer.settings)
                return
            except (LogUnavailable, BusUnavailable) as error:
                await wait_for("the log", error, attempt)
            except TimedOut as error:
                await wait_for("an engine", error, attempt)
            attempt += 1

    async def _settings(self) -> Answer:
        """All settings; those of the entry at which the engine is halted, if it is."""
        try:
            return await self._asker.ask("settings")
        except Halted as halted:
            return await self._asker.ask("settings", after=halted.halted_at)
