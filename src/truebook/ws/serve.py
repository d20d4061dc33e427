"""Serving sessions: the socket, picows, signals.

Promise: SIGTERM and SIGINT let nobody in any more, close every session in good order and end with
success within a few seconds; a bug in the server's own work ends it loudly. What happens between
one client and picows can do neither.
"""

import asyncio
import contextlib
import resource
import signal
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, NamedTuple

import structlog
import uvloop

from truebook.commandlog.interface import Bus
from truebook.limits import WS_CONNECTIONS_PER_ADDRESS
from truebook.ws.connections import connection
from truebook.ws.interface import Backlog, Guide
from truebook.ws.proxies import Proxies
from truebook.ws.subscriptions import SubscriptionManager
from truebook.ws.tasks import Tasks
from truebook.ws.users import UserManager

log = structlog.get_logger()

_BACKLOG = 1024


class Served(NamedTuple):
    """What an application gives."""

    bus: Bus
    guide: Guide
    backlog: Backlog


class Door(NamedTuple):
    """Who is let in."""

    connections_per_address: int = WS_CONNECTIONS_PER_ADDRESS
    proxies: Proxies = Proxies()
    """Whose word on who asks is taken."""


OPEN_DOOR = Door()

Connect = Callable[[], AbstractAsyncContextManager[Served]]
"""Enters when the application can serve, leaves with its connections given back."""


@contextlib.asynccontextmanager
async def serving(
    served: Served,
    bound: socket.socket,
    door: Door = OPEN_DOOR,
) -> AsyncGenerator[tuple[UserManager, Tasks], None]:
    """Serve on a bound socket until the context is left; that closes all sessions in good order."""
    tasks = Tasks()
    subscriptions = SubscriptionManager(served.bus, served.backlog, tasks)
    users = UserManager(
        subscriptions,
        served.guide,
        connections_per_address=door.connections_per_address,
        proxies=door.proxies,
    )
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: connection(users.admit), sock=bound, backlog=_BACKLOG)
    tasks.start(users.look_after())
    try:
        yield users, tasks
    finally:
        server.close()
        await users.leave()
        await tasks.close()


def serve(
    connect: Connect,
    bound: socket.socket,
    door: Door = OPEN_DOOR,
) -> None:
    """Connect to the application and serve it on a socket until SIGTERM or SIGINT."""
    _allow_descriptors()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(connect, bound, door))


async def _serve(connect: Connect, bound: socket.socket, door: Door) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    stopping: asyncio.Future[Any] = asyncio.create_task(stop.wait())
    async with contextlib.AsyncExitStack() as stack:
        connecting = asyncio.create_task(stack.enter_async_context(connect()))
        await asyncio.wait({connecting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not connecting.done():
            connecting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await connecting
            return
        context = serving(connecting.result(), bound, door)
        _, tasks = await stack.enter_async_context(context)
        log.info("accepting sessions", address=bound.getsockname()[:2])
        await asyncio.wait({stopping, tasks.failure}, return_when=asyncio.FIRST_COMPLETED)
        if tasks.failure.done():
            tasks.failure.result()
    stopping.cancel()


def _allow_descriptors() -> None:
    """As many connections as the system allows, not only as many as is usual for a shell."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
