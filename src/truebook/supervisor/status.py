"""`truebook status`: where the log is, where all who read it are, and whether all is well.

Promise: nothing is written and no gateway number is used up; an engine that is behind or halted is
asked where it stands, not to catch up. The end of the log is read first and the others are asked
then, twice if need be, so who keeps up is never called late for an entry that came in between.
"""

import asyncio
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from truebook.clock import SYSTEM_CLOCK
from truebook.commandlog.durability import UNCHECKED
from truebook.commandlog.interface import GENESIS, QUERIES_CHANNEL, ROLES_CHANNEL, Position
from truebook.commandlog.valkey_bus import ValkeyBus
from truebook.commandlog.valkey_log import ValkeyLog
from truebook.config import Config
from truebook.datafolder import Process, State
from truebook.queries import Answer
from truebook.supervisor.polling import ask_all

WAIT_S = 1.0
"""How long answers are waited for where it isn't known how many there are, or one is missing."""
AGAIN_S = 0.5
LAG_MS_MAX = {"engine": 1_000, "feed": 1_000, "store": 5_000}
"""Further behind is not healthy. Gateways refuse orders when the engine is; the store has low
priority and makes up for it when the machine has time."""
ANSWERING = ("archive", "feed", "store", "witness")
"""The roles besides engines that tell where they are."""
BOTS = ("maker", "taker")
BOTS_START_MS_MAX = 10_000
"""Bots start after `ready`, and serve once they have an order in the book or a trade: until then
nothing is wrong with the exchange."""


class EngineStatus(Struct, rename="camel"):
    """What one engine says of itself."""

    engine: str
    position: str
    lag: int
    """Milliseconds of log time between its position and the log's; 0 where it has read nothing."""
    state_hash: str
    halted: str
    """The position that it can't pass; empty: none."""
    details: dict[str, Any]
    """How many accounts, orders and so on there are; hashes of log and events."""


class RoleStatus(Struct, rename="camel"):
    """What a feed, a store or an archive says of itself."""

    role: str
    position: str
    lag: int
    """As an engine's."""
    details: dict[str, Any]
    """The role's own figures."""


class Status(Struct, rename="camel"):
    """An exchange at one moment."""

    log_position: str
    engines: list[EngineStatus]
    roles: list[RoleStatus]
    children: list[Process]
    supervisor: int | None = None
    url: str | None = None
    ws_url: str | None = None
    healthy: bool = False
    """Everything serves, nothing is halted, nobody is far behind."""
    reasons: list[str] = []
    """Why it isn't healthy."""


async def read_status(config: Config, state: State | None) -> Status:
    """Ask the log, the engines, feed, store and archive."""
    children = state.processes if state else []
    log = ValkeyLog(config.log.url, durability=UNCHECKED)
    try:
        last = await log.last_position()
    finally:
        await log.close()
    status = await _ask(config.bus.url, children, last)
    if any(_late(status)):
        await asyncio.sleep(AGAIN_S)
        status = await _ask(config.bus.url, children, last)
    if state:
        status.supervisor = state.supervisor
        status.url, status.ws_url = state.url or None, state.ws_url or None
    status.reasons = [*_absent(status), *_late(status)]
    status.healthy = not status.reasons
    return status


async def _ask(bus_url: str, children: list[Process], last: Position) -> Status:
    """Where everybody stands, measured by the log's end."""
    engines = sum(child.role == "engine" for child in children)
    others = sum(child.role in ANSWERING for child in children)
    bus = ValkeyBus(bus_url)
    try:
        of_engines, of_others = await asyncio.gather(
            ask_all(bus, QUERIES_CHANNEL, "status", engines, WAIT_S),
            ask_all(bus, ROLES_CHANNEL, "roles", others, WAIT_S),
        )
    finally:
        await bus.close()
    return Status(
        str(last),
        sorted((_engine_status(a, last) for a in of_engines), key=lambda engine: engine.engine),
        sorted((_role_status(a, last) for a in of_others), key=lambda role: role.role),
        children,
    )


def _absent(status: Status) -> Iterator[str]:
    """Who doesn't do its work."""
    for child in status.children:
        if not child.serving and not _is_starting(child):
            yield f"{child.role} does not serve"
    if not status.engines:
        yield "no engine answers"
    for engine in status.engines:
        if engine.halted:
            why = engine.details.get("reason")
            yield f"{engine.engine} is halted at {engine.halted}" + (f": {why}" if why else "")
        if trouble := engine.details.get("snapshotTrouble"):
            yield f"{engine.engine} can't write snapshots: {trouble}"
    serving = {child.role for child in status.children if child.serving}
    for role in sorted(serving.intersection(ANSWERING) - {role.role for role in status.roles}):
        yield f"{role} does not answer"
    for role_status in status.roles:
        if trouble := role_status.details.get("trouble"):
            yield f"{role_status.role}: {trouble}"


def _is_starting(child: Process) -> bool:
    """Whether it is a bot that has just been started for the first time."""
    is_first = child.role in BOTS and child.pid and not child.restarts
    return bool(is_first) and SYSTEM_CLOCK.now_ms() - child.started < BOTS_START_MS_MAX


def _late(status: Status) -> Iterator[str]:
    """Who is too far behind."""
    for name, position in [
        *((engine.engine, engine.position) for engine in status.engines if not engine.halted),
        *((role.role, role.position) for role in status.roles if not role.details.get("trouble")),
    ]:
        if position == str(GENESIS) != status.log_position:
            yield f"{name} has read nothing of the log yet"
    for engine in status.engines:
        if engine.lag > LAG_MS_MAX["engine"]:
            yield f"{engine.engine} is {engine.lag} ms behind the log"
    for role in status.roles:
        if role.role == "witness":
            continue  # it is where engines agreed last, which is not at every entry
        if not role.details.get("trouble") and role.lag > LAG_MS_MAX.get(
            role.role, LAG_MS_MAX["store"]
        ):
            yield f"{role.role} is {role.lag} ms behind the log"


def _engine_status(answer: Answer, last: Position) -> EngineStatus:
    details = {k: v for k, v in answer.status.items() if k != "position"}
    return EngineStatus(
        engine=str(details.pop("engine", "")),
        position=answer.position,
        lag=_lag_ms(answer, last),
        state_hash=str(details.pop("stateHash", "")),
        halted=str(details.pop("halted", "")),
        details=details,
    )


def _role_status(answer: Answer, last: Position) -> RoleStatus:
    details = {k: v for k, v in answer.status.items() if k != "position"}
    role = str(details.pop("role", ""))
    return RoleStatus(role, answer.position, _lag_ms(answer, last), details)


def _lag_ms(answer: Answer, last: Position) -> int:
    position = Position.parse(answer.position)
    return 0 if position == GENESIS else max(0, last.high - position.high)
