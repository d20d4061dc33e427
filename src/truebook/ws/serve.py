"""Serving sessions: the socket, picows, signals.

Promise: SIGTERM and SIGINT let nobody in any more, close every session in good order and end with
success within a few seconds; a bug in the server's own work ends it loudly. What happens between
one client and picows can do neither.
"""

import asyncio
import contextlib
import logging
import resource
import signal
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, NamedTuple

import structlog
import uvloop
from picows import WSAutoPingStrategy, WSUpgradeRequest
from picows.picows import WSProtocol  # type: ignore[attr-defined]

from truebook.commandlog.interface import Bus
from truebook.limits import (
    WS_CONNECTIONS_PER_ADDRESS,
    WS_HANDSHAKE_S_MAX,
    WS_MESSAGE_BYTES_MAX,
    WS_PING_S,
)
from truebook.ws.interface import Backlog, Guide
from truebook.ws.proxies import Proxies
from truebook.ws.subscriptions import SubscriptionManager
from truebook.ws.tasks import Tasks
from truebook.ws.users import UserManager

log = structlog.get_logger()

_READ_BUFFER_BYTES = 4096
"""To begin with: what clients say is short."""
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

Begin = Callable[[UserManager, SubscriptionManager], None]
"""Told who looks after sessions and subscriptions, once they do."""

Connect = Callable[[], AbstractAsyncContextManager[Served]]
"""Enters when the application can serve, leaves with its connections given back."""


class _PeersLog:
    """What picows logs. What a client did wrong is no event of ours; its own bugs are."""

    def __init__(self) -> None:
        self._log = logging.getLogger(__name__)

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802, the name that picows calls
        return False

    def exception(self, message: str, *values: object) -> None:
        self._log.exception(message, *values)

    def log(self, *_: object) -> None:
        """Not said."""

    debug = info = warning = error = log


@contextlib.asynccontextmanager
async def serving(
    served: Served,
    bound: socket.socket,
    door: Door = OPEN_DOOR,
    begin: Begin = lambda users, subscriptions: None,
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
    peers_log = _PeersLog()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: _protocol(users, peers_log), sock=bound, backlog=_BACKLOG
    )
    tasks.start(users.look_after())
    begin(users, subscriptions)
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
    begin: Begin = lambda users, subscriptions: None,
) -> None:
    """Connect to the application and serve it on a socket until SIGTERM or SIGINT."""
    _allow_descriptors()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(connect, bound, door, begin))


async def _serve(connect: Connect, bound: socket.socket, door: Door, begin: Begin) -> None:
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
        context = serving(connecting.result(), bound, door, begin)
        _, tasks = await stack.enter_async_context(context)
        log.info("accepting sessions", address=bound.getsockname()[:2])
        await asyncio.wait({stopping, tasks.failure}, return_when=asyncio.FIRST_COMPLETED)
        if tasks.failure.done():
            tasks.failure.result()
    stopping.cancel()


def _protocol(users: UserManager, peers_log: _PeersLog) -> Any:
    """A new connection's protocol.

    picows.ws_create_server makes the same, but its factory of listeners isn't told from where the
    connection comes.
    """

    def listener(request: WSUpgradeRequest) -> Any:
        peer = made.transport.underlying_transport.get_extra_info("peername")
        return users.admit(request, peer[0] if peer else "")

    made = WSProtocol(
        None,  # host and port: a client's
        None,  # path: a client's
        False,  # is a client
        listener,
        peers_log,
        True,  # disconnects when a listener raises
        WS_HANDSHAKE_S_MAX,
        False,  # pings by itself: UserManager does
        WS_PING_S,
        WS_PING_S,
        WSAutoPingStrategy.PING_WHEN_IDLE,
        False,  # answers pings by itself: even to those who don't read the answers
        WS_MESSAGE_BYTES_MAX,
        None,  # more headers: a client's
        _READ_BUFFER_BYTES,
    )
    return made


def _allow_descriptors() -> None:
    """As many connections as the system allows, not only as many as is usual for a shell."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
