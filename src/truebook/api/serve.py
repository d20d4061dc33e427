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
from truebook.api.protocol import NO_SERVICES, ConnectionServices, guarded
from truebook.api.request import Receive, Scope, Send
from truebook.api.throttle import Rates
from truebook.ws.proxies import Proxies

log = structlog.get_logger()

Connect = Callable[[], AbstractAsyncContextManager[Application]]
"""Enters with an application on an exchange whose directory is loaded, leaves with all connections
given back."""

Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]
"""Something else that answers requests; it has no websockets."""

DATE_S = 1.0
"""How often the date that answers carry is renewed: it tells no fraction of a second."""

SHUTDOWN_SECONDS = 5
"""Longer than a reply may take, so that an order that was begun is still answered."""


class Server(uvicorn.Server):
    """Uvicorn without its own signal handlers, which end the process by the signal; that doesn't
    wake ten times a second to see whether it shall end; and with sessions that leave when it does.
    """

    def __init__(self, config: uvicorn.Config, entry: EntrySessions | None) -> None:
        super().__init__(config)
        self._entry = entry
        self._ending = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def end(self) -> None:
        """Finish what has been begun, and end; may be called from any thread."""
        self.should_exit = True
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._ending.set)

    async def main_loop(self) -> None:
        """Put the time into the head of answers every second, until told to end."""
        self._loop = asyncio.get_running_loop()
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(DATE_S):
                    await self._ending.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let nobody in any more, and finish what has been begun."""
        leaving = None if self._entry is None else asyncio.create_task(self._entry.leave())
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


def server_of(application: Application | Asgi, door: Door = OPEN_DOOR) -> Server:
    """An HTTP server for an application; give it a socket of `listen`."""
    proxies = frozenset(name for word in door.trusted_proxies.split(",") if (name := word.strip()))
    services = NO_SERVICES
    if isinstance(application, Application):
        hops = Proxies(door.trusted_proxies)
        application.entry.proxies = hops
        services = ConnectionServices(application.entry, application.direct, hops)
    return Server(
        uvicorn.Config(
            application,
            loop="none",
            http=guarded(door.connections_max, proxies, services),
            proxy_headers=bool(proxies),
            forwarded_allow_ips=list(proxies),
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        ),
        services.entry,
    )


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
        stopping.add_done_callback(lambda _: server.end())
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
