"""A blocking connection: for the engine's loop, which waits in one `select` and nowhere else.

Promise: one write a request, one read a reply where it fits the kept buffer; `poll` never waits.
Any failure closes the connection and is ConnectionLost: what was under way then has an unknown
outcome, and the next `open` starts afresh.

Each of them is one call of the system: the kernel itself is told how long it may wait. Python's own
time limits would take three, which is most of what an engine does for a single order.
"""

import select
import socket
import ssl
import struct
from typing import Any

from truebook.commandlog.address import Address
from truebook.commandlog.resp import (
    CONNECT_S_MAX,
    NOT_YET,
    ConnectionLost,
    checked,
    new_reader,
    pack,
    pack_all,
)

_BUFFER_BYTES = 1 << 18
"""A full entry and its frame: recv into a kept buffer costs no allocation."""
_TIME = struct.Struct("@ll")
"""struct timeval: seconds and microseconds."""


class BlockingConnection:
    """One connection to a server; made closed."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._socket: socket.socket | None = None
        self._buffer = bytearray(_BUFFER_BYTES)
        self._reader = new_reader()
        self._limit_s = 0.0
        """How long the kernel waits at most, as it was told."""

    @property
    def is_open(self) -> bool:
        """Whether there is a connection, as far as we know."""
        return self._socket is not None

    def fileno(self) -> int:
        """The socket's number, below 0 if closed."""
        return -1 if self._socket is None else self._socket.fileno()

    def open(self) -> None:
        """Connect and introduce ourselves; Refused if the server doesn't want us."""
        self.close()
        self._reader = new_reader()
        try:
            self._socket = _connect(self._address)
        except OSError as error:
            raise ConnectionLost(f"can't reach {self._address}: {error}") from None
        self._socket.settimeout(None)
        self._limit_s = 0.0
        for command in self._address.handshake():
            self.request(*command, seconds=CONNECT_S_MAX)

    def close(self) -> None:
        """Close; harmless if closed."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def request(self, *command: str | bytes | int, seconds: float) -> Any:
        """Send a command and wait for its reply; Refused if that is an error."""
        self.send(pack(*command), seconds)
        return checked(self.receive(seconds))

    def request_all(
        self, commands: list[tuple[str | bytes | int, ...]], seconds: float
    ) -> list[Any]:
        """Send commands in one write; their replies, or Refused for the first that failed."""
        self.send(pack_all(commands), seconds)
        return [checked(reply) for reply in [self.receive(seconds) for _ in commands]]

    def send(self, packed: bytes, seconds: float) -> None:
        """Send packed commands."""
        if self._socket is None:
            raise ConnectionLost(f"not connected to {self._address}")
        try:
            self._limit(self._socket, seconds)
            self._socket.sendall(packed)
        except OSError as error:
            raise self._lost(error) from None

    def receive(self, seconds: float) -> Any:
        """Wait for the next reply, an error as a value; ConnectionLost if `seconds` pass between
        two pieces of it."""
        while (reply := self._reader.gets()) is NOT_YET:
            if self._socket is None:
                raise ConnectionLost(f"not connected to {self._address}")
            try:
                self._limit(self._socket, seconds)
                count = self._socket.recv_into(self._buffer)
            except BlockingIOError:
                raise self._lost(f"no answer within {seconds:g} s") from None
            except OSError as error:
                raise self._lost(error) from None
            self._feed(count)
        return reply

    def poll(self) -> Any:
        """The next reply if it has come, else NOT_YET."""
        while (reply := self._reader.gets()) is NOT_YET:
            if self._socket is None:
                raise ConnectionLost(f"not connected to {self._address}")
            try:
                count = _received(self._socket, self._buffer)
            except BlockingIOError:
                break
            except OSError as error:
                raise self._lost(error) from None
            self._feed(count)
        return reply

    def _limit(self, connected: socket.socket, seconds: float) -> None:
        """Have the kernel give up after so long; most of the time it knows."""
        if seconds != self._limit_s:
            time = _TIME.pack(int(seconds), int(seconds % 1 * 1_000_000))
            for direction in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
                connected.setsockopt(socket.SOL_SOCKET, direction, time)
            self._limit_s = seconds

    def _feed(self, count: int) -> None:
        if not count:
            raise self._lost("closed by the server")
        self._reader.feed(self._buffer, 0, count)  # type: ignore[arg-type]

    def _lost(self, reason: object) -> ConnectionLost:
        self.close()
        return ConnectionLost(f"lost {self._address}: {reason}")


def _received(connected: socket.socket, buffer: bytearray) -> int:
    """What has come by now; BlockingIOError if that is nothing."""
    if not isinstance(connected, ssl.SSLSocket):
        return connected.recv_into(buffer, 0, socket.MSG_DONTWAIT)
    if not connected.pending() and not select.select([connected], [], [], 0)[0]:
        raise BlockingIOError
    return connected.recv_into(buffer)


def _connect(address: Address) -> socket.socket:
    if address.path:
        plain = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        plain.settimeout(CONNECT_S_MAX)
        try:
            plain.connect(address.path)
        except OSError:
            plain.close()
            raise
        return plain
    plain = socket.create_connection((address.host, address.port), CONNECT_S_MAX)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if address.tls is None:
        return plain
    try:
        return address.tls.wrap_socket(plain, server_hostname=address.host)
    except OSError:
        plain.close()
        raise
