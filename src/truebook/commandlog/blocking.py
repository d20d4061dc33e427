"""A blocking connection: for the engine's loop, which waits in one `select` and nowhere else.

Promise: one write a request, one read a reply where it fits the kept buffer; `poll` never waits.
Any failure closes the connection and is ConnectionLost: what was under way then has an unknown
outcome, and the next `open` starts afresh.

The kernel itself is told how long it may wait: Python's own time limits would take three calls of
the system, which is most of what an engine does for a single order.
"""

import select
import socket
import ssl
import struct
from typing import Any

import hiredis

from truebook.commandlog.address import Address
from truebook.commandlog.durability import Examination
from truebook.commandlog.interface import LogNotDurable
from truebook.commandlog.resp import (
    CONNECT_S_MAX,
    NOT_YET,
    ConnectionLost,
    Refused,
    check_primary,
    checked,
    new_reader,
    pack,
    pack_all,
)
from truebook.commandlog.sockets import watch_closely

_BUFFER_BYTES = 1 << 18
"""A full entry and its frame: recv into a kept buffer costs no allocation."""
_TIME = struct.Struct("@ll")
"""struct timeval: seconds and microseconds."""
_UNTOLD = -1.0


class BlockingConnection:
    """One connection to a server; made closed."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._socket: socket.socket | None = None
        self._buffer = bytearray(_BUFFER_BYTES)
        self._reader = new_reader()
        self._unread: select.poll | None = None
        """Of a unix socket: waits for what comes. Who waits in `recv` is woken as well when the
        server has read what was sent, for nothing, while it does what it was asked to."""
        self._limit_s = _UNTOLD
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
        reasons: list[str] = []
        for address in self._address.each():
            try:
                return self._open(address)
            except (ConnectionLost, Refused) as error:
                if not self._address.others:
                    raise
                reasons.append(str(error))
        raise ConnectionLost("; ".join(reasons))

    def _open(self, address: Address) -> None:
        self.close()
        self._reader = new_reader()
        try:
            self._socket = _connect(address)
        except OSError as error:
            raise ConnectionLost(f"can't reach {address}: {error.strerror or error}") from None
        self._socket.settimeout(None)
        self._unread = None
        if address.path:
            self._unread = select.poll()
            self._unread.register(self._socket, select.POLLIN)
        self._limit_s = _UNTOLD
        try:
            for command in address.handshake():
                self.request(*command, seconds=CONNECT_S_MAX)
            if self._address.others:
                check_primary(address, self.request("ROLE", seconds=CONNECT_S_MAX))
        except Refused:
            self.close()
            raise

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

    def examine(self, examination: Examination) -> None:
        """Put the questions to the server; closes the connection if the answers aren't right."""
        try:
            command = next(examination)
            while True:
                self.send(pack(*command), CONNECT_S_MAX)
                reply = self.receive(CONNECT_S_MAX)
                is_error = isinstance(reply, hiredis.ReplyError)
                command = examination.send(Refused(str(reply)) if is_error else reply)
        except StopIteration:
            return
        except (Refused, LogNotDurable):
            self.close()
            raise

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
                if self._unread is not None and not self._unread.poll(seconds * 1000):
                    raise BlockingIOError
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
                count = self._received(self._socket)
            except (BlockingIOError, ssl.SSLWantReadError):
                break  # or it was one of TLS's own messages
            except OSError as error:
                raise self._lost(error) from None
            self._feed(count)
        return reply

    def _limit(self, connected: socket.socket, seconds: float) -> None:
        """Give up after so long; most of the time that is said already."""
        if seconds == self._limit_s:
            return
        if isinstance(connected, ssl.SSLSocket):
            # It waits by itself, and would try again for ever when the kernel gives up.
            connected.settimeout(seconds)
        else:
            time = _TIME.pack(int(seconds), int(seconds % 1 * 1_000_000))
            for direction in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
                connected.setsockopt(socket.SOL_SOCKET, direction, time)
        self._limit_s = seconds

    def _received(self, connected: socket.socket) -> int:
        """What has come by now; BlockingIOError or SSLWantReadError if that is nothing."""
        if not isinstance(connected, ssl.SSLSocket):
            return connected.recv_into(self._buffer, 0, socket.MSG_DONTWAIT)
        self._limit(connected, 0)
        return connected.recv_into(self._buffer)

    def _feed(self, count: int) -> None:
        if not count:
            raise self._lost("closed by the server")
        self._reader.feed(self._buffer, 0, count)  # type: ignore[arg-type]

    def _lost(self, reason: object) -> ConnectionLost:
        self.close()
        return ConnectionLost(f"lost {self._address}: {reason}")


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
    watch_closely(plain)
    if address.tls is None:
        return plain
    try:
        return address.tls.wrap_socket(plain, server_hostname=address.host)
    except OSError:
        plain.close()
        raise
