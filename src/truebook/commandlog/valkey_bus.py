"""The bus on a Valkey or Redis server, for everything asynchronous: gateways, feed, store.

Promise: subscriptions live as long as the bus object, over any loss of the connection; after a loss
`on_reconnect` tells that messages may be missing. A receiver that raises is logged, and neither
ends its subscription nor disturbs another.

Two connections: a subscribed one (RESP2 allows nothing else on it) and one for requests; a third,
when first needed, for waiting on the event stream, so that nobody queues behind a blocked read.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from truebook.commandlog.address import parse
from truebook.commandlog.event_stream import read_entries, read_tail
from truebook.commandlog.interface import (
    NOTES_NUMBER,
    NOTES_OWNER,
    BusUnavailable,
    EventEntry,
    NotesTaken,
    Position,
)
from truebook.commandlog.pipelined import PipelinedConnection, open_connection
from truebook.commandlog.resp import ConnectionLost, Refused, key, pairs
from truebook.commandlog.waiting import Waiting

_logger = logging.getLogger(__name__)
REPLY_S_MAX = 10.0
PING_S = 2.0
"""How often the subscribed connection is asked whether it is still there."""
RECONNECT_S = 0.1
_OF_NOTES = (NOTES_OWNER, NOTES_NUMBER)
_TAKEN = "another process has taken the notes on the bus, so this one has to end"

# ARGV: each message (channel, text).
_PUBLISH_ALL = """
for at = 1, #ARGV, 2 do
  redis.call('PUBLISH', ARGV[at], ARGV[at + 1])
end
return false
"""

# KEYS: notes. ARGV: the notes that name their owner and what was done last in his name, the owner,
# the number of this, how many notes, each note (name, text), each message (channel, text). A bus
# that has lost all has lost the owner, too.
_PUBLISH_NOTED = """
local owner = redis.call('HGET', KEYS[1], ARGV[1])
if owner and owner ~= ARGV[3] then
  return 0
end
if owner and tonumber(redis.call('HGET', KEYS[1], ARGV[2])) >= tonumber(ARGV[4]) then
  return false
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3], ARGV[2], ARGV[4])
local at = 6
for _ = 1, tonumber(ARGV[5]) do
  redis.call('HSET', KEYS[1], ARGV[at], ARGV[at + 1])
  at = at + 2
end
while at < #ARGV do
  redis.call('PUBLISH', ARGV[at], ARGV[at + 1])
  at = at + 2
end
return false
"""

# KEYS: notes. ARGV: the notes that name their owner and what was done last in his name, the owner.
_TAKE_NOTES = """
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3], ARGV[2], 0)
return redis.call('HGETALL', KEYS[1])
"""

Receiver = Callable[[bytes], None]


class ValkeyBus:
    """interface.Bus on a server; made inside the running event loop."""

    def __init__(self, url: str, *, shard: int = 0) -> None:
        self._address = parse(url)
        self._shard = shard
        self._stream = key(shard, "events")
        self._tail = key(shard, "events:tail")
        self._notes = key(shard, "notes")
        self._receivers: dict[bytes, Receiver] = {}
        self._on_reconnect: list[Callable[[], None]] = []
        self._requests: PipelinedConnection | None = None
        self._reads: PipelinedConnection | None = None
        self._opening = asyncio.Lock()
        self._subscribed: PipelinedConnection | None = None
        self._is_listening = asyncio.Event()
        self._listening: asyncio.Task[None] | None = None

    async def subscribe(self, channel: str, receive: Receiver) -> None:
        """Call `receive` with every message of the channel from when this returns."""
        name = key(self._shard, channel).encode()
        self._receivers[name] = receive
        if self._listening is None:
            self._listening = asyncio.create_task(self._listen())
        while True:
            await self._is_listening.wait()
            try:
                await self._connection_heard().call("SUBSCRIBE", name, seconds=REPLY_S_MAX)
                return
            except (ConnectionLost, Refused):
                # Whoever connects next subscribes to it as well.
                await asyncio.sleep(RECONNECT_S)

    async def unsubscribe(self, channel: str) -> None:
        """Hear no more of the channel."""
        name = key(self._shard, channel).encode()
        if self._receivers.pop(name, None) and self._is_listening.is_set():
            try:
                await self._connection_heard().call("UNSUBSCRIBE", name, seconds=REPLY_S_MAX)
            except (ConnectionLost, Refused) as error:
                _logger.debug("unsubscribed by losing the connection: %s", error)

    async def publish(self, channel: str, message: bytes) -> int:
        """Send a message; how many subscriptions it went to."""
        return int(await self._request("PUBLISH", key(self._shard, channel), message))

    async def publish_all(self, messages: Sequence[tuple[str, bytes]]) -> None:
        """Send messages, by one script."""
        await self._request("EVAL", _PUBLISH_ALL, 0, *self._packed(messages))

    async def publish_noted(
        self,
        messages: Sequence[tuple[str, bytes]],
        notes: Mapping[str, str],
        owner: str,
        number: int,
    ) -> None:
        """Send messages and remember notes, by one script, if the notes are this owner's, once."""
        arguments: list[str | bytes | int] = [*_OF_NOTES, owner, number, len(notes)]
        for note in notes.items():
            arguments += note
        arguments += self._packed(messages)
        if await self._request("EVAL", _PUBLISH_NOTED, 1, self._notes, *arguments) is not None:
            raise NotesTaken(_TAKEN)

    async def take_notes(self, owner: str) -> dict[str, str]:
        """What is remembered; from now on it is this owner's."""
        taken = await self._request("EVAL", _TAKE_NOTES, 1, self._notes, *_OF_NOTES, owner)
        return {name.decode(): text.decode() for name, text in pairs(taken).items()}

    async def listened(self) -> list[str]:
        """The channels that somebody listens to."""
        prefix = key(self._shard, "")
        found = await self._request("PUBSUB", "CHANNELS", f"{prefix}*")
        return [name.decode()[len(prefix) :] for name in found]

    async def event_tail(self) -> Position:
        """The position of the stream's last entry."""
        return read_tail(await self._request("GET", self._tail)).position

    async def event_entry(self, position: Position) -> EventEntry | None:
        """The event entry of a position."""
        at = str(position)
        found = read_entries(await self._request("XRANGE", self._stream, at, at))
        return found[0] if found else None

    async def event_entries_before(self, position: Position, count: int) -> list[EventEntry]:
        """Up to `count` event entries before the position, newest first."""
        command = ("XREVRANGE", self._stream, f"({position}", "-", "COUNT", count)
        return read_entries(await self._request(*command))

    async def event_entries_after(
        self, position: Position, count: int, block_ms: int
    ) -> list[EventEntry]:
        """Up to `count` event entries behind the position, oldest first."""
        block: tuple[str | int, ...] = ("BLOCK", block_ms) if block_ms else ()
        command = ("XREAD", "COUNT", count, *block, "STREAMS", self._stream, str(position))
        seconds = REPLY_S_MAX + block_ms / 1000
        try:
            async with self._opening:
                self._reads = await self._opened(self._reads)
            reply = await self._reads.call(*command, seconds=seconds)
        except (ConnectionLost, Refused) as error:
            raise BusUnavailable(str(error)) from None
        return read_entries(reply[0][1]) if reply else []

    def on_reconnect(self, call: Callable[[], None]) -> None:
        """Call `call` after each time that messages may have been missed."""
        self._on_reconnect.append(call)

    async def close(self) -> None:
        """Give the connections back."""
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
        for connection in (self._requests, self._reads, self._subscribed):
            if connection is not None:
                connection.abort("closed by us")

    def _packed(self, messages: Sequence[tuple[str, bytes]]) -> list[str | bytes]:
        return [part for channel, text in messages for part in (key(self._shard, channel), text)]

    async def _request(self, *command: str | bytes | int) -> Any:
        try:
            async with self._opening:
                self._requests = await self._opened(self._requests)
            return await self._requests.call(*command, seconds=REPLY_S_MAX)
        except (ConnectionLost, Refused) as error:
            raise BusUnavailable(str(error)) from None

    async def _opened(self, connection: PipelinedConnection | None) -> PipelinedConnection:
        if connection is not None and connection.is_open:
            return connection
        return await open_connection(self._address)

    def _connection_heard(self) -> PipelinedConnection:
        if self._subscribed is None:
            raise ConnectionLost("not subscribed")
        return self._subscribed

    async def _listen(self) -> None:
        """Keep a subscribed connection, for ever."""
        is_first, waiting = True, Waiting(f"the bus at {self._address}", _logger)
        while True:
            try:
                self._subscribed = await open_connection(self._address, self._hand_over)
                for name in list(self._receivers):
                    await self._subscribed.call("SUBSCRIBE", name, seconds=REPLY_S_MAX)
            except (ConnectionLost, Refused) as error:
                waiting.failed(error)
                await asyncio.sleep(RECONNECT_S)
                continue
            waiting.succeeded()
            self._is_listening.set()
            if not is_first:
                self._tell_reconnected()
            is_first = False
            reason = await self._until_lost(self._subscribed)
            self._is_listening.clear()
            _logger.warning("the bus is lost, connecting again: %s", reason)
            await asyncio.sleep(RECONNECT_S)

    async def _until_lost(self, connection: PipelinedConnection) -> str:
        """Wait for the connection's end; bring it about if it falls silent."""
        while True:
            heard = connection.heard
            done, _ = await asyncio.wait([connection.lost], timeout=PING_S)
            if done:
                return connection.lost.result()
            if connection.heard == heard:
                try:
                    await connection.call("PING", seconds=REPLY_S_MAX)
                except (ConnectionLost, Refused) as error:
                    return str(error)

    def _hand_over(self, channel: bytes, message: bytes) -> None:
        receive = self._receivers.get(channel)
        if receive is None:
            return
        try:
            receive(message)
        except Exception:
            _logger.exception("a receiver of %s failed", channel.decode(errors="replace"))

    def _tell_reconnected(self) -> None:
        for call in self._on_reconnect:
            try:
                call()
            except Exception:
                _logger.exception("a call after reconnecting to the bus failed")
