"""An engine's side of the bus on a Valkey or Redis server.

Promise: what event_stream.py promises; and the stream stays within bounds, in entries and in bytes,
whatever the size of an entry. The publisher counts the bytes that it has appended, and tells the
script from which position on the stream is to be kept. (What an earlier publisher left is not
counted, so after a restart it may be twice as much for a while.)
"""

import hashlib
import logging
import uuid
from collections import deque
from collections.abc import Sequence
from typing import Any

from truebook.clock import SYSTEM_CLOCK, Clock
from truebook.commandlog.address import parse
from truebook.commandlog.blocking import BlockingConnection
from truebook.commandlog.event_stream import (
    BEGIN,
    CLAIM,
    LIFE,
    SCRIPT,
    entry_arguments,
    pack_tail,
    read_tail,
)
from truebook.commandlog.interface import (
    Begun,
    BusUnavailable,
    Claimed,
    EventEntry,
    Position,
    StreamLost,
    Tail,
)
from truebook.commandlog.resp import NOT_YET, ConnectionLost, Refused, key, pack
from truebook.commandlog.waiting import Waiting
from truebook.limits import EVENT_STREAM_BYTES_MAX, EVENT_STREAM_ENTRIES_MAX

_logger = logging.getLogger(__name__)
REPLY_S_MAX = 10.0
PING_S = 2.0
"""A subscription that hears nothing sends a PING this often …"""
SILENT_S_MAX = 6.0
"""… and connects anew if still nothing comes."""
RECONNECT_S = 0.1
_SCRIPT_DIGEST = hashlib.sha1(SCRIPT.encode(), usedforsecurity=False).hexdigest()
"""The name under which a server knows it."""
_LOST = "the bus has lost the event stream since this engine began"


class ValkeyPublisher:
    """interface.Publisher on a server; connects when first used, and again after a loss."""

    def __init__(self, url: str, *, shard: int = 0) -> None:
        self._connection = BlockingConnection(parse(url))
        self._shard = shard
        self._stream = key(shard, "events")
        self._tail = key(shard, "events:tail")
        self._token = key(shard, "events:token")
        self._life = key(shard, "events:life")
        self._keys = (self._stream, self._tail, self._token, self._life)
        self._kept: deque[tuple[Position, int]] = deque()
        self._kept_bytes = 0
        self._keep_from = ""

    def tail(self) -> Tail:
        """Where the event stream ends."""
        return read_tail(self._request("GET", self._tail))

    def append(
        self,
        before: Tail,
        entries: Sequence[EventEntry],
        messages: Sequence[tuple[str, bytes]],
        token: int = 0,
        life: str = "",
    ) -> Tail | None:
        """Append and send, if the stream ends with `before`; else where it does end."""
        after = Tail(entries[-1].position, entries[-1].event_hash)
        arguments: list[str | bytes | int] = [pack_tail(before), pack_tail(after), len(entries)]
        arguments += [self._keep_from, token, life]
        for entry in entries:
            arguments += entry_arguments(entry)
        for channel, message in messages:
            arguments += (key(self._shard, channel), message)
        found = self._request("EVALSHA", _SCRIPT_DIGEST, 4, *self._keys, *arguments)
        if found is None:
            self._count(entries)
            return None
        if found == 0:
            raise StreamLost(_LOST)
        if isinstance(found, int):
            raise Claimed(found)
        return read_tail(found)

    def claim(self, before: Tail, token: int, life: str) -> Tail | None:
        """Let only those go on who know the token, if the stream ends with `before`."""
        found = self._request("EVAL", CLAIM, 4, *self._keys, pack_tail(before), token, life)
        if found == 0:
            raise StreamLost(_LOST)
        return None if found is None else read_tail(found)

    def life(self) -> str:
        """Names the server's life."""
        found: bytes = self._request("EVAL", LIFE, 1, self._life, uuid.uuid4().hex)
        return found.decode()

    def begin(self, life: str, end: Position, token: int) -> Begun | None:
        """Note where an empty stream begins, and the token, if this is still the server's life."""
        keys = (4, self._life, self._tail, self._token, key(self._shard, "events:begun"))
        found = self._request("EVAL", BEGIN, *keys, life, str(end), token)
        return None if found is None else Begun(Position.parse(found[0]), int(found[1]))

    def publish(self, channel: str, message: bytes) -> None:
        """Send a message."""
        self._request("PUBLISH", key(self._shard, channel), message)

    def fileno(self) -> int:
        """The connection's; nothing ever comes unasked."""
        return self._connection.fileno()

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()

    def _request(self, *command: str | bytes | int) -> Any:
        try:
            if not self._connection.is_open:
                self._connection.open()
                self._connection.request("SCRIPT", "LOAD", SCRIPT, seconds=REPLY_S_MAX)
            return self._connection.request(*command, seconds=REPLY_S_MAX)
        except (ConnectionLost, Refused) as error:
            # Refused too: the server may have forgotten the script, or be short of memory.
            self._connection.close()
            raise BusUnavailable(str(error)) from None

    def _count(self, entries: Sequence[EventEntry]) -> None:
        for entry in entries:
            size = len(entry.events) + len(entry.replies)
            self._kept.append((entry.position, size))
            self._kept_bytes += size
        while (
            self._kept_bytes > EVENT_STREAM_BYTES_MAX or len(self._kept) > EVENT_STREAM_ENTRIES_MAX
        ):
            self._kept_bytes -= self._kept.popleft()[1]
            self._keep_from = str(self._kept[0][0]) if self._kept else ""


class ValkeySubscription:
    """interface.Subscription on a server."""

    def __init__(
        self, url: str, channel: str, *, shard: int = 0, clock: Clock = SYSTEM_CLOCK
    ) -> None:
        self._address = parse(url)
        self._connection = BlockingConnection(self._address)
        self._waiting = Waiting(f"the bus at {self._address}", _logger, clock)
        self._channel = key(shard, channel)
        self._clock = clock
        self._heard_at = 0.0
        self._pinged_at = 0.0
        self._next_try = 0.0

    def receive(self) -> list[bytes]:
        """The messages that have come since the last call."""
        messages: list[bytes] = []
        try:
            if not self._connection.is_open and not self._reopened():
                return messages
            while (reply := self._connection.poll()) is not NOT_YET:
                self._heard_at = self._clock.elapsed_s()
                if type(reply) is list and reply[0] == b"message":
                    messages.append(reply[2])
            self._check_alive()
        except (ConnectionLost, Refused) as error:
            self._waiting.failed(error)
            self._connection.close()
        return messages

    def fileno(self) -> int:
        """The connection's, for `select`."""
        return self._connection.fileno()

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()

    def _reopened(self) -> bool:
        now = self._clock.elapsed_s()
        if now < self._next_try:
            return False
        self._next_try = now + RECONNECT_S
        self._connection.open()
        self._connection.request("SUBSCRIBE", self._channel, seconds=REPLY_S_MAX)
        self._heard_at = self._pinged_at = now
        self._waiting.succeeded()
        return True

    def _check_alive(self) -> None:
        now = self._clock.elapsed_s()
        if now - self._heard_at > SILENT_S_MAX:
            raise ConnectionLost(f"{self._address} has fallen silent")
        if now - max(self._heard_at, self._pinged_at) > PING_S:
            self._pinged_at = now
            self._connection.send(pack("PING"), REPLY_S_MAX)
