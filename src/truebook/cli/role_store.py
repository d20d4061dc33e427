"""`truebook store`: the process that keeps the database up to date."""

import asyncio
import gc
import os
import signal
import sys

from truebook.allocation import keep_freed_memory
from truebook.cli.sources import of_disk, of_store
from truebook.cli.standing import Standing
from truebook.commandlog.halts import Epoch, ValkeyHaltBook
from truebook.commandlog.interface import LogUnavailable, StreamForeign
from truebook.commandlog.valkey_bus import ValkeyBus
from truebook.config import Config
from truebook.idle import IdleWork
from truebook.installation import database_url, folder_of
from truebook.store.interface import StoreUnavailable, Writer
from truebook.store.projection import Projection
from truebook.store.remaking import Remaking
from truebook.store.status import StoreStatus
from truebook.store.voiding import set_aside
from truebook.store.writing import writer_of

OBJECTS_BETWEEN_COLLECTIONS = 1_000_000
"""A batch is hundreds of thousands of tuples at once, none of them in a cycle: looking through them
again and again takes a third of the time."""


def run_store(config: Config) -> None:
    """Follow the event stream until SIGTERM or SIGINT. Raises UserError, StreamForeign."""
    standing = Standing("store", config)
    config = standing.attached()
    folder_of(config).create()
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    keep_freed_memory()
    writer = writer_of(database_url(config))
    asyncio.run(_run(config, writer, standing))


async def _run(config: Config, writer: Writer, standing: Standing) -> None:
    bus = ValkeyBus(config.bus.url)
    projection = Projection(bus, writer, _remaking(config), IdleWork())
    following = asyncio.create_task(projection.run())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, following.cancel)
    status = asyncio.create_task(StoreStatus(bus, projection).start())
    standing.teller.add(of_store(projection))
    standing.teller.add(of_disk(data=folder_of(config).path))
    beating = asyncio.create_task(standing.teller.pulse.keep())
    standing.serving()
    try:
        await following
    except asyncio.CancelledError:
        pass
    except StreamForeign as error:
        projection.stop()
        raise StreamForeign(_what_to_do(config, error)) from None
    finally:
        status.cancel()
        beating.cancel()
        projection.stop()
        await bus.close()


def _what_to_do(config: Config, error: StreamForeign) -> str:
    """Put away what a resumption has declared void: the next start makes the database anew."""
    try:
        away = set_aside(database_url(config), _epochs(config))
    except StoreUnavailable as trouble:
        return f"the database has what was declared void: {error}; {trouble}"
    if away is not None:
        return (
            f"the database had what was declared void when the exchange was resumed: {error}. It is"
            f" {away} now, and the next start makes it anew from the log"
        )
    return (
        f"the database was made from another log: {error}. Move it away, and it is made anew, or"
        " name another one in database.url"
    )


def _epochs(config: Config) -> list[Epoch]:
    book = ValkeyHaltBook(config.log.url)
    try:
        return book.read().epochs
    except LogUnavailable:
        return []
    finally:
        book.close()


def _remaking(config: Config) -> Remaking:
    """What makes events again: this program, on the same log."""
    environment = {
        **os.environ,
        "TRUEBOOK_DATA": config.data,
        "TRUEBOOK_LOG_URL": config.log.url,
        "TRUEBOOK_BUS_URL": config.bus.url,
        "TRUEBOOK_ENGINE_KIND": config.engine.kind,
    }
    return Remaking([sys.executable, "-m", "truebook", "remake"], environment)
