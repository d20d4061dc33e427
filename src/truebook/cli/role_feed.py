"""The feed as a process (feed/feed.py), on the log, bus and database of the configuration."""

import asyncio
import secrets
import signal

from truebook.allocation import keep_freed_memory
from truebook.cli.sources import of_feed
from truebook.cli.standing import Standing
from truebook.commandlog.durability import durability_of
from truebook.config import Config
from truebook.installation import database_url


def run_feed(config: Config) -> None:
    """Be the feed, until SIGTERM or SIGINT. Raises LogNotDurable, and what a bug raises."""
    standing = Standing("feed", config)
    keep_freed_memory()
    asyncio.run(_run(standing.attached(), standing))


async def _run(config: Config, standing: Standing) -> None:
    from truebook.commandlog.valkey_bus import ValkeyBus
    from truebook.commandlog.valkey_log import ValkeyLog
    from truebook.feed.feed import Feed, running
    from truebook.store.reading import open_history

    loop, stopped = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    log = ValkeyLog(config.log.url, durability=durability_of(config.log))
    bus = ValkeyBus(config.bus.url)
    stopping = asyncio.create_task(stopped.wait())
    beating = asyncio.create_task(standing.teller.pulse.keep())
    try:
        async with open_history(database_url(config)) as history:
            channel = f"feed:{secrets.token_hex(8)}:answers"
            starting = asyncio.create_task(Feed.start(bus, log, channel, history))
            await asyncio.wait([starting, stopping], return_when=asyncio.FIRST_COMPLETED)
            if not starting.done():
                starting.cancel()
                return
            feed = await starting
            async with running(feed) as work:
                standing.teller.add(of_feed(feed))
                standing.serving()
                await asyncio.wait([work, stopping], return_when=asyncio.FIRST_COMPLETED)
                if work.done():
                    await work
    finally:
        stopping.cancel()
        beating.cancel()
        await log.close()
        await bus.close()
