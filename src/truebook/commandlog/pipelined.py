"""An asynchronous connection: requests go out in order and are answered in order.

Promise: every request gets its reply, Refused, or ConnectionLost; none waits for ever on a broken
connection. A connection is used once: when it is lost its owner opens another, and so decides
itself what to do about the requests whose outcome is unknown.

All time limits of a connection share one timer, which looks at what waits when the first of them
may have passed: a request that is answered in time, as nearly all are, starts none and ends none.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, cast

import hiredis

from truebook.commandlog.address import Address, Command
from truebook.commandlog.durability import Examination
from truebook.commandlog.interface import LogNotDurable
from truebook.commandlog.resp import (
    CONNECT_S_MAX,
    NOT_YET,
    ConnectionLost,
    Refused,
    check_primary,
    new_reader,
    pack,
)
from truebook.commandlog.sockets import watch_closely

Message = Callable[[bytes, bytes], None]


class PipelinedConnection(asyncio.Protocol):
    """One connection to a server, in the running event loop; made by `open_connection`."""

    def __init__(self, address: Address, on_message: Message | None) -> None:
        self.lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        """Done, with the reason, once the connection is lost or closed."""
        self.heard = 0
        """How many times something came from the server: a sign of life."""
        self._address = address
        self._on_message = on_message
        self._transport: asyncio.Transport | None = None
        self._reader = new_reader()
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[tuple[asyncio.Future[Any], float]] = deque()
        """Each with the time at which it is late."""
        self._looking: asyncio.TimerHandle | None = None
        self._looks_s = 0.0

    @property
    def is_open(self) -> bool:
        """Whether requests can be made, as far as we know."""
        return not self.lost.done()

    def call(self, *command: str | bytes | int, seconds: float) -> asyncio.Future[Any]:
        """Send a command; its reply comes with the future, or Refused. If `seconds` pass first the
        connection, whose replies nobody could tell apart any more, is given up: ConnectionLost."""
        if self._transport is None or self.lost.done():
            raise ConnectionLost(f"not connected to {self._address}")
        late_s = self._loop.time() + seconds
        if self._looking is None or late_s < self._looks_s:
            self._look_at(late_s)
        future = self._loop.create_future()
        self._waiting.append((future, late_s))
        self._transport.write(pack(*command))
        return future

    async def call_both(self, first: Command, second: Command, seconds: float) -> tuple[Any, Any]:
        """Send two commands at once and wait for both replies; Refused and ConnectionLost as
        values. As with `call`, the connection is given up if `seconds` pass first."""
        futures = self.call(*first, seconds=seconds), self.call(*second, seconds=seconds)
        await asyncio.wait(futures)
        replies = [future.exception() or future.result() for future in futures]
        return replies[0], replies[1]

    async def examine(self, examination: Examination) -> None:
        """Put the questions to the server; closes the connection if the answers aren't right."""
        try:
            command = next(examination)
            while True:
                try:
                    reply = await self.call(*command, seconds=CONNECT_S_MAX)
                except Refused as error:
                    reply = error
                command = examination.send(reply)
        except StopIteration:
            return
        except (Refused, LogNotDurable) as error:
            self.abort(str(error))
            raise

    def abort(self, reason: str) -> None:
        """Close at once; what is under way is lost."""
        self._end(reason)
        if self._transport is not None:
            self._transport.abort()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        if not self._address.path:
            watch_closely(transport.get_extra_info("socket"))

    def data_received(self, data: bytes) -> None:
        self.heard += 1
        self._reader.feed(data)
        try:
            while (reply := self._reader.gets()) is not NOT_YET:
                self._answered(reply)
        except hiredis.ProtocolError as error:
            self.abort(f"not the protocol of Valkey: {error}")

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(str(exc or "closed by the server"))

    def _answered(self, reply: Any) -> None:
        if self._on_message is not None and type(reply) is list and reply[0] == b"message":
            self._on_message(reply[1], reply[2])
            return
        future, _ = self._waiting.popleft()
        if future.done():
            return
        if isinstance(reply, hiredis.ReplyError):
            future.set_exception(Refused(str(reply)))
        else:
            future.set_result(reply)

    def _look_at(self, moment_s: float) -> None:
        if self._looking is not None:
            self._looking.cancel()
        self._looks_s = moment_s
        self._looking = self._loop.call_at(moment_s, self._look)

    def _look(self) -> None:
        """Give the connection up if something is late; else look again when the next may be."""
        self._looking = None
        if not self._waiting:
            return
        first_s = min([late_s for _, late_s in self._waiting])
        if first_s > self._loop.time():
            self._look_at(first_s)
        else:
            self.abort("no answer in time")

    def _end(self, reason: str) -> None:
        if self.lost.done():
            return
        self.lost.set_result(reason)
        if self._looking is not None:
            self._looking.cancel()
        while self._waiting:
            future, _ = self._waiting.popleft()
            if not future.done():
                future.set_exception(ConnectionLost(f"lost {self._address}: {reason}"))


async def open_connection(
    address: Address, on_message: Message | None = None
) -> PipelinedConnection:
    """Connect and introduce ourselves, to the primary where there are several servers. Raises
    ConnectionLost, or Refused if we aren't wanted.

    `on_message` gets the channel and the text of every published message.
    """
    reasons: list[str] = []
    for server in address.each():
        try:
            return await _open(server, on_message, must_be_primary=bool(address.others))
        except (ConnectionLost, Refused) as error:
            if not address.others:
                raise
            reasons.append(str(error))
    raise ConnectionLost("; ".join(reasons))


async def _open(
    address: Address, on_message: Message | None, *, must_be_primary: bool
) -> PipelinedConnection:
    loop = asyncio.get_running_loop()
    connection = PipelinedConnection(address, on_message)
    try:
        async with asyncio.timeout(CONNECT_S_MAX):
            if address.path:
                await loop.create_unix_connection(lambda: connection, address.path)
            else:
                await loop.create_connection(
                    lambda: connection, address.host, address.port, ssl=address.tls
                )
    except (OSError, TimeoutError) as error:
        reason = error.strerror or str(error) or "no answer"
        raise ConnectionLost(f"can't reach {address}: {reason}") from None
    try:
        for command in address.handshake():
            await connection.call(*command, seconds=CONNECT_S_MAX)
        if must_be_primary:
            check_primary(address, await connection.call("ROLE", seconds=CONNECT_S_MAX))
    except Refused as error:
        connection.abort(str(error))
        raise
    return connection
