"""The feed as a process (feed/feed.py), on the log, bus and database of the configuration."""

import asyncio
import contextlib
import logging
import secrets
import signal
import sys
from collections.abc import AsyncGenerator

from truebook.cli.loglines import log_lines
from truebook.config import Config
from truebook.history import History
from truebook.installation import attached
from truebook.lifeline import Lifeline

_logger = logging.getLogger(__name__)


def run_feed(config: Config) -> None:
    """Be the feed, until SIGTERM or SIGINT. Raises LogNotDurable, and what a bug raises."""
    lifeline = Lifeline.from_environment()
    log_lines(sys.stdout)
    asyncio.run(_run(attached(config), lifeline))


async def _run(config: Config, lifeline: Lifeline) -> None:
    from truebook.commandlog.valkey_bus import ValkeyBus
    from truebook.commandlog.valkey_log import ValkeyLog
    from truebook.feed.feed import Feed, running

    loop, stopped = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    log = ValkeyLog(config.log.url, allow_not_durable=config.log.allow_not_durable)
    bus = ValkeyBus(config.bus.url)
    stopping = asyncio.create_task(stopped.wait())
    try:
        async with _history(config) as history:
            channel = f"feed:{secrets.token_hex(8)}:answers"
            starting = asyncio.create_task(Feed.start(bus, log, channel, history))
            await asyncio.wait([starting, stopping], return_when=asyncio.FIRST_COMPLETED)
            if not starting.done():
                starting.cancel()
                return
            async with running(await starting) as work:
                lifeline.serving()
                await asyncio.wait([work, stopping], return_when=asyncio.FIRST_COMPLETED)
                if work.done():
                    await work
    finally:
        stopping.cancel()
        await log.close()
        await bus.close()


@contextlib.asynccontextmanager
async def _history(config: Config) -> AsyncGenerator[History | None]:
    """The database, if one is configured."""
    yield None
