"""A real HTTP server around an exchange, in a thread of the test's process."""

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import uvloop

from truebook.api.app import Application
from truebook.api.exchange import Exchange
from truebook.api.serve import OPEN_DOOR, Door, listen, server_of


@contextlib.contextmanager
def serving(exchange: Exchange, door: Door = OPEN_DOOR) -> Iterator[str]:
    """Serve an exchange on a free port of this machine; its base URL."""
    bound = listen("127.0.0.1", 0)
    server = server_of(Application(exchange, rates=door.rates), door)

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
        server.should_exit = True
        thread.join()


def _await_listening(host: str, port: int, thread: threading.Thread) -> None:
    for _ in range(1000):
        with contextlib.suppress(OSError):
            socket.create_connection((host, port)).close()
            return
        assert thread.is_alive()
        time.sleep(0.01)
    raise AssertionError("the server does not listen")
