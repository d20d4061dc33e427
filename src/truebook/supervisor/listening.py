"""The listening sockets of the API and of the websocket server, opened by the supervisor and handed
to the processes that serve them.

Promise: a port that somebody else has is told before anything is started, and the port stays ours
while a process is started again: callers wait in the queue meanwhile.
"""

import asyncio
import errno
import socket
from typing import NamedTuple

from truebook.config import ConfigError

BACKLOG = 1024
PATIENCE_S = 3.0
"""How long the processes of a supervisor that was killed may still hold the port."""
_POLL_S = 0.05
_WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "::1"}


class Service(NamedTuple):
    """Who listens, as the user knows it."""

    section: str
    """Of the configuration; its `port` is meant."""
    option: str
    scheme: str


API = Service("api", "--port", "http")
WS = Service("ws", "--ws-port", "ws")


async def listen(
    host: str, port: int, predecessor_may_hold_it: bool, service: Service = API
) -> socket.socket:
    """Listen on a port (0: any free one). Raises ConfigError."""
    tries = round(PATIENCE_S / _POLL_S) if predecessor_may_hold_it else 0
    while True:
        try:
            return _listen(host, port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or tries <= 0:
                raise ConfigError(_reason(host, port, error, service)) from None
        tries -= 1
        await asyncio.sleep(_POLL_S)


def url_of(host: str, listener: socket.socket, service: Service = API) -> str:
    """How to reach a service from this machine."""
    reachable = _WILDCARDS.get(host, host)
    bracketed = f"[{reachable}]" if ":" in reachable else reachable
    return f"{service.scheme}://{bracketed}:{listener.getsockname()[1]}"


def _listen(host: str, port: int) -> socket.socket:
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    return socket.create_server(address[:2], family=family, backlog=BACKLOG)


def _reason(host: str, port: int, error: OSError, service: Service) -> str:
    key = f"{service.section}.port"
    if error.errno == errno.EADDRINUSE:
        return f"{key}: {port} on {host} is in use; choose another one with {service.option}"
    if error.errno == errno.EACCES:
        return f"{key}: {port} needs more rights than this user has"
    # The websocket server listens on the API's host.
    return f"api.host: can't listen on {host}:{port}: {error.strerror}"
