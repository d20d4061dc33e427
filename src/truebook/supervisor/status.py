"""`truebook status`: where the log is, and where each engine that answers is.

Promise: nothing is written and no gateway number is used up; an engine that is behind or halted is
asked where it stands, not to catch up.
"""

import asyncio
import secrets
from typing import Any

from msgspec import Struct

from truebook.commandlog.interface import GENESIS, QUERIES_CHANNEL, Position
from truebook.commandlog.valkey_bus import ValkeyBus
from truebook.commandlog.valkey_log import ValkeyLog
from truebook.config import Config
from truebook.datafolder import Process, State
from truebook.queries import Answer, Query, decode_answer, encode_query

WAIT_S = 1.0
"""How long answers of further engines are waited for where it isn't known how many there are."""


class EngineStatus(Struct, rename="camel"):
    """What one engine says of itself."""

    engine: str
    position: str
    lag: int
    """Milliseconds of log time between its position and the log's."""
    state_hash: str
    halted: str
    """The position that it can't pass; empty: none."""
    details: dict[str, Any]
    """How many accounts, orders and so on there are; hashes of log and events."""


class Status(Struct, rename="camel"):
    """An exchange at one moment."""

    log_position: str
    engines: list[EngineStatus]
    children: list[Process]
    supervisor: int | None = None
    url: str | None = None


async def read_status(config: Config, state: State | None) -> Status:
    """Ask the log and the engines."""
    children = state.processes if state else []
    expected = sum(child.role == "engine" for child in children)
    answers = await _ask_engines(config.bus.url, expected)
    log = ValkeyLog(config.log.url, allow_not_durable=True)
    try:
        last = await log.last_position()
    finally:
        await log.close()
    engines = [_engine_status(answer, last) for answer in answers]
    engines.sort(key=lambda engine: engine.engine)
    status = Status(str(last), engines, children)
    if state:
        status.supervisor, status.url = state.supervisor, state.url or None
    return status


async def _ask_engines(bus_url: str, expected: int) -> list[Answer]:
    """What engines answer: `expected` ones (0: nobody knows how many), or those in time."""
    bus = ValkeyBus(bus_url)
    channel = f"status:{secrets.token_hex(8)}"
    answers: asyncio.Queue[Answer] = asyncio.Queue()
    found: list[Answer] = []
    try:
        await bus.subscribe(channel, lambda message: answers.put_nowait(decode_answer(message)))
        query = Query(1, channel, str(GENESIS), "status")
        await bus.publish(QUERIES_CHANNEL, encode_query(query))
        async with asyncio.timeout(WAIT_S):
            while not expected or len(found) < expected:
                found.append(await answers.get())
    except TimeoutError:
        pass
    finally:
        await bus.close()
    return found


def _engine_status(answer: Answer, last: Position) -> EngineStatus:
    details = {k: v for k, v in answer.status.items() if k != "position"}
    position = Position.parse(answer.position)
    return EngineStatus(
        engine=str(details.pop("engine", "")),
        position=answer.position,
        lag=max(0, last.high - position.high),
        state_hash=str(details.pop("stateHash", "")),
        halted=str(details.pop("halted", "")),
        details=details,
    )
