"""A short visit to the exchange: what a command of the command line needs of it.

Promise: whoever visits is a gateway of their own for as long as the context lasts. An exchange that
doesn't answer is waited for, but not for ever.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator

from truebook.api.connect import connected
from truebook.api.exchange import Exchange
from truebook.commandlog.durability import durability_of
from truebook.config import Config

CONNECT_S_MAX = 15.0
"""How long the log and an engine may take to answer: an engine that was just killed needs some."""


class NoAnswer(Exception):
    """The exchange is there, and nobody answers."""


@contextlib.asynccontextmanager
async def visit(config: Config) -> AsyncGenerator[Exchange]:
    """The exchange of a configuration that names its log and bus. Raises NoAnswer."""
    connection = connected(config.log.url, config.bus.url, durability=durability_of(config.log))
    async with contextlib.AsyncExitStack() as stack:
        try:
            async with asyncio.timeout(CONNECT_S_MAX):
                exchange = await stack.enter_async_context(connection)
        except TimeoutError:
            raise NoAnswer(f"no engine answers within {CONNECT_S_MAX:g} s") from None
        yield exchange
