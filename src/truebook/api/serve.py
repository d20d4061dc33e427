"""Serving the application: sockets, signals, and the wait for an engine.

Promise: nothing is accepted before the exchange is connected; SIGTERM and SIGINT finish what has
been begun, give connections back and end with success. Several processes may share one port: the
kernel spreads new connections over them.
"""

import asyncio
import contextlib
import signal
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple

import structlog
import uvicorn
import uvloop

from truebook.api.app import Application
from truebook.api.entry.sessions import EntrySessions
from truebook.api.protocol import guarded
from truebook.api.request import Receive, Scope, Send
from truebook.api.throttle import Rates
from truebook.ws.proxies import Proxies

log = structlog.get_logger()

Connect = Callable[[], AbstractAsyncContextManager[Application]]
"""Enters with an application on an exchange whose directory is loaded, leaves with all connections
given back."""

Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]
"""Something else that answers requests; it has no websockets."""

SHUTDOWN_SECONDS = 5
"""Longer than a reply may take, so that an order that was begun is still answered."""


class _Server(uvicorn.Server):
    """Uvicorn without its own signal handlers, which end the process by the signal; and with
    sessions that leave when it ends."""

    entry: EntrySessions | None = None

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let nobody in any more, and finish what has been begun."""
        leaving = None if self.entry is None else asyncio.create_task(self.entry.leave())
        await super().shutdown(sockets)
        if leaving is not None:
            await leaving

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


def listen(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """A bound socket; `shared` lets other processes bind the same port. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    return bound


class Door(NamedTuple):
    """Who is let in, and how often; the default is everybody, always."""

    rates: Rates = Rates()
    connections_max: int = 0
    """Of one address; 0: any number."""
    trusted_proxies: str = ""
    """Addresses whose word on who asks is taken, joined by commas."""


OPEN_DOOR = Door()


def server_of(application: Application | Asgi, door: Door = OPEN_DOOR) -> uvicorn.Server:
    """An HTTP server for an application; give it a socket of `listen`."""
    proxies = frozenset(name for word in door.trusted_proxies.split(",") if (name := word.strip()))
    entry = application.entry if isinstance(application, Application) else None
    if entry is not None:
        entry.proxies = Proxies(door.trusted_proxies)
    server = _Server(
        uvicorn.Config(
            application,
            loop="none",
            http=guarded(door.connections_max, proxies, entry),
            proxy_headers=bool(proxies),
            forwarded_allow_ips=list(proxies),
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        )
    )
    server.entry = entry
    return server


def serve(connect: Connect, bound: socket.socket, door: Door = OPEN_DOOR) -> None:
    """Connect to the exchange and serve it on a socket until SIGTERM or SIGINT."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(connect, bound, door))


async def _serve(connect: Connect, bound: socket.socket, door: Door) -> None:
    async with _until_signalled() as stop, contextlib.AsyncExitStack() as stack:
        connecting = asyncio.create_task(stack.enter_async_context(connect()))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({connecting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not connecting.done():
            stopping.cancel()
            connecting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await connecting
            return
        server = server_of(connecting.result(), door)
        stopping.add_done_callback(lambda _: setattr(server, "should_exit", True))
        log.info("accepting requests", address=bound.getsockname()[:2])
        await server.serve(sockets=[bound])
        stopping.cancel()


@contextlib.asynccontextmanager
async def _until_signalled() -> AsyncGenerator[asyncio.Event, None]:
    """An event that SIGTERM and SIGINT set."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
