"""A real HTTP server around an exchange, in a thread of the test's process."""

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import uvloop
from venue.database import history_of
from venue.local import LocalExchange

from truebook.api.app import Application
from truebook.api.serve import OPEN_DOOR, Door, listen, server_of
from truebook.plain.codec import Codec

Around = Callable[[Any], Any]


@contextlib.contextmanager
def serving(
    exchange: LocalExchange,
    door: Door = OPEN_DOOR,
    around: Around = lambda application: application,
) -> Iterator[str]:
    """Serve an exchange on a free port of this machine; its base URL. `around` may wrap the
    application in another one, which spoils what it answers."""
    with history_of(exchange) as history:
        application = around(Application(exchange, history, rates=door.rates, codec=Codec()))
        yield from _serving(application, door)


def _serving(application: Any, door: Door) -> Iterator[str]:
    bound = listen("127.0.0.1", 0)
    server = server_of(application, door)

    def run() -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(server.serve(sockets=[bound]))

    thread = threading.Thread(target=run, name="server")
    thread.start()
    try:
        host, port = bound.getsockname()
        _await_listening(host, port, thread)
        yield f"http://{host}:{port}"
    finally:
        server.end()
        thread.join()


def _await_listening(host: str, port: int, thread: threading.Thread) -> None:
    for _ in range(1000):
        with contextlib.suppress(OSError):
            socket.create_connection((host, port)).close()
            return
        assert thread.is_alive()
        time.sleep(0.01)
    raise AssertionError("the server does not listen")
