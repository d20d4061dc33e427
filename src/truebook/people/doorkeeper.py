"""What one process knows of sessions and address lists: for whoever lets requests in.

Promise: what any process changes in the database is heeded within PEOPLE_POLL_S and a moment, and
nothing of that is waited for by a signed request. While the database can't be read, what was known
last goes on to count; without having read it once, nobody is let in, since a list that isn't known
must not be taken for none.
"""

import asyncio
import contextlib
from collections.abc import Callable

import structlog

from truebook.clock import SYSTEM_CLOCK, Clock
from truebook.config import SessionsSection
from truebook.directory import Directory
from truebook.limits import PEOPLE_POLL_S
from truebook.people.addresses import AddressLists
from truebook.people.database import AsyncDatabase, PeopleDatabase, Versions
from truebook.people.errors import PeopleUnavailable
from truebook.people.sessions import Sessions

AGAIN_S = 1.0
"""How often a database that is away is looked for at the start."""

logger = structlog.get_logger()


class Doorkeeper:
    """Sessions and address lists of one process; made by `Doorkeeper.start`."""

    def __init__(
        self, directory: Directory, section: SessionsSection, database: AsyncDatabase, clock: Clock
    ) -> None:
        self.section = section
        self.database = database
        self.clock = clock
        self.sessions = Sessions(database, directory, clock)
        self.address_lists = AddressLists()
        self._versions: Versions | None = None
        self._following: asyncio.Task[None] | None = None

    @classmethod
    async def start(
        cls,
        directory: Directory,
        section: SessionsSection,
        open_database: Callable[[], PeopleDatabase],
        clock: Clock = SYSTEM_CLOCK,
    ) -> "Doorkeeper":
        """Read the address lists, and follow what others change."""
        keeper = cls(directory, section, AsyncDatabase(open_database), clock)
        await keeper._begin()
        keeper._following = asyncio.create_task(keeper._follow())
        return keeper

    async def _begin(self) -> None:
        now_ms = self.clock.now_ms()
        while True:
            try:
                await self.database.run(lambda database: database.remove_expired(now_ms))
                await self.look_again()
                return
            except PeopleUnavailable as error:
                logger.warning("waiting for the people database", reason=str(error))
            await asyncio.sleep(AGAIN_S)

    async def close(self) -> None:
        """Give everything back."""
        if self._following is not None:
            self._following.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._following
        await self.database.close()

    async def look_again(self) -> None:
        """Take notice of what this or another process has changed in the database."""
        versions = await self.database.run(lambda database: database.versions())
        known = self._versions
        if known is None or versions.keys != known.keys:
            rows = await self.database.run(lambda database: database.restricted_keys())
            self.address_lists.load(rows)
        if known is None or versions.sessions != known.sessions:
            self.sessions.forget()
        self._versions = versions

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(PEOPLE_POLL_S)
            try:
                await self.look_again()
            except Exception as error:
                logger.warning("the people database can't be read", reason=str(error))
