"""A connection as picows speaks it, and what is put right of its handshake.

Promise: whoever is asked to admit a client is told where it connects from, before anything is
answered; what the client does wrong is no event of ours.
"""

import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from picows import (
    WSAutoPingStrategy,
    WSListener,
    WSUpgradeRequest,
    WSUpgradeResponse,
    WSUpgradeResponseWithListener,
)
from picows.picows import WSProtocol  # type: ignore[attr-defined]

from truebook.limits import WS_HANDSHAKE_S_MAX, WS_MESSAGE_BYTES_MAX, WS_PING_S

_READ_BUFFER_BYTES = 4096
"""To begin with: what clients say is short."""

Admit = Callable[[WSUpgradeRequest, str], WSListener | WSUpgradeResponseWithListener]
"""The listener for who asks, connecting from there, or the answer that there is none."""


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


_peers_log = _PeersLog()


def _stays_unknown() -> None:
    """Nobody wants to know of the end."""


class _Connection(WSProtocol):  # type: ignore[misc]
    """One that tells of its end, whether there was a session or not."""

    ended: Callable[[], None] = staticmethod(_stays_unknown)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.ended()


def connection(admit: Admit, ended: Callable[[], None] | None = None) -> Any:
    """A new connection's protocol; `ended` is called when it is gone.

    picows.ws_create_server makes the same, but its factory of listeners isn't told from where the
    connection comes.
    """

    def listener(request: WSUpgradeRequest) -> Any:
        peer = made.transport.underlying_transport.get_extra_info("peername")
        return admit(request, peer[0] if peer else "")

    made = _Connection(
        None,  # host and port: a client's
        None,  # path: a client's
        False,  # is a client
        listener,
        _peers_log,
        True,  # disconnects when a listener raises
        WS_HANDSHAKE_S_MAX,
        False,  # pings by itself: whoever keeps the sessions does
        WS_PING_S,
        WS_PING_S,
        WSAutoPingStrategy.PING_WHEN_IDLE,
        False,  # answers pings by itself: even to those who don't read the answers
        WS_MESSAGE_BYTES_MAX,
        None,  # more headers: a client's
        _READ_BUFFER_BYTES,
    )
    if ended is not None:
        made.ended = ended
    return made


def refusal(status: HTTPStatus, reason: str) -> WSUpgradeResponseWithListener:
    """The answer that there is no session, and why."""
    response = WSUpgradeResponse.create_error_response(status, reason.encode())
    return WSUpgradeResponseWithListener(response, None)


def headers_of(request: WSUpgradeRequest) -> list[tuple[bytes, bytes]]:
    """As they came: what picows decoded for us, encoded again."""
    return [
        (name.lower().encode(errors="surrogateescape"), value.encode(errors="surrogateescape"))
        for name, value in request.headers.items()
    ]


def repair_connection_header(request: WSUpgradeRequest) -> None:
    """Browsers send `Connection: keep-alive, Upgrade`, which picows would not take for what it
    is."""
    values = request.headers.get("Connection", "").lower().split(",")
    if any(value.strip() == "upgrade" for value in values):
        request.headers["Connection"] = "upgrade"
