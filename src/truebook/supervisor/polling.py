"""Asking everybody at once where they are: engines, or feed, store and archive.

Promise: whoever is asked is not made to catch up, and nobody is waited for longer than said.
"""

import asyncio
import secrets

from truebook.commandlog.durability import UNCHECKED
from truebook.commandlog.interface import (
    GENESIS,
    ROLES_CHANNEL,
    BusUnavailable,
    LogUnavailable,
    Position,
)
from truebook.commandlog.valkey_bus import ValkeyBus
from truebook.commandlog.valkey_log import ValkeyLog
from truebook.config import Config
from truebook.queries import Answer, Query, QueryKind, decode_answer, encode_query

POLL_S = 0.05


async def ask_all(
    bus: ValkeyBus, to: str, kind: QueryKind, expected: int, wait_s: float
) -> list[Answer]:
    """What is answered on a channel: by `expected` ones (0: nobody knows how many), or in time.

    Raises BusUnavailable.
    """
    channel = f"status:{secrets.token_hex(8)}"
    answers: asyncio.Queue[Answer] = asyncio.Queue()
    found: list[Answer] = []
    try:
        await bus.subscribe(channel, lambda message: answers.put_nowait(decode_answer(message)))
        await bus.publish(to, encode_query(Query(1, channel, str(GENESIS), kind)))
        async with asyncio.timeout(wait_s):
            while not expected or len(found) < expected:
                found.append(await answers.get())
    except TimeoutError:
        pass
    return found


async def wait_for_store(config: Config, patience_s: float) -> None:
    """Wait until the database has all that is in the log now, or the patience is over."""
    log = ValkeyLog(config.log.url, durability=UNCHECKED)
    bus = ValkeyBus(config.bus.url)
    try:
        async with asyncio.timeout(patience_s):
            last = await log.last_position()
            while await _store_position(bus) < last:  # noqa: ASYNC110
                await asyncio.sleep(POLL_S)
    except (TimeoutError, BusUnavailable, LogUnavailable):
        # What is missing is made up for at the next start.
        pass
    finally:
        await log.close()
        await bus.close()


async def _store_position(bus: ValkeyBus) -> Position:
    """Of the store, as far as it says. The archive answers as well."""
    answers = await ask_all(bus, ROLES_CHANNEL, "roles", 2, POLL_S * 4)
    of_store = [Position.parse(a.position) for a in answers if a.status.get("role") == "store"]
    return max(of_store, default=GENESIS)
