"""Cutting the event stream back to a position, where what comes after was not true.

Promise: in one step the stream ends at that position, with the event hash given, and what readers
noted beside it is gone: they begin afresh. Whoever would publish behind the old end is refused,
since the stream doesn't end there any more. What was in the stream until then was told to somebody:
however late it is made again, it counts as reached in time (recovering.py).
"""

from typing import Any

from truebook.commandlog.address import parse
from truebook.commandlog.blocking import BlockingConnection
from truebook.commandlog.event_stream import pack_tail, read_entries, read_tail
from truebook.commandlog.interface import BusUnavailable, EventEntry, Position, Tail
from truebook.commandlog.resp import ConnectionLost, Refused, key

REPLY_S_MAX = 10.0

# KEYS: stream, tail, notes, begun. ARGV: the tail afterwards, its position, up to where was told.
# A stream's last id can't be set back once entries behind it were deleted: what stays is copied.
_CUT = """
local kept = redis.call('XRANGE', KEYS[1], '-', ARGV[2])
local count = redis.call('XLEN', KEYS[1]) - #kept
redis.call('DEL', KEYS[1])
for _, entry in ipairs(kept) do redis.call('XADD', KEYS[1], entry[1], unpack(entry[2])) end
redis.call('SET', KEYS[2], ARGV[1])
redis.call('DEL', KEYS[3])
redis.call('SET', KEYS[4], ARGV[3])
return count
"""


class EventStreamEnd:
    """The end of the event stream on a Valkey or Redis server."""

    def __init__(self, url: str, *, shard: int = 0) -> None:
        self._connection = BlockingConnection(parse(url))
        names = ("events", "events:tail", "notes", "events:begun")
        self._keys = tuple(key(shard, name) for name in names)

    def entries(self, first: Position, count: int) -> list[EventEntry]:
        """Up to `count` entries from `first` on. Raises BusUnavailable."""
        return read_entries(self._request("XRANGE", self._keys[0], str(first), "+", "COUNT", count))

    def tail(self) -> Tail:
        """Where the stream ends. Raises BusUnavailable."""
        return read_tail(self._request("GET", self._keys[1]))

    def cut(self, after: Tail) -> int:
        """End the stream there, while nobody adds to it; how many entries are gone. Raises
        BusUnavailable."""
        begun = self._request("GET", self._keys[3])
        told = self.tail().position
        if begun is not None:
            told = max(told, Position.parse(begun))
        arguments = (*self._keys, pack_tail(after), str(after.position), str(told))
        return int(self._request("EVAL", _CUT, len(self._keys), *arguments))

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()

    def _request(self, *command: str | bytes | int) -> Any:
        try:
            if not self._connection.is_open:
                self._connection.open()
            return self._connection.request(*command, seconds=REPLY_S_MAX)
        except (ConnectionLost, Refused) as error:
            self._connection.close()
            raise BusUnavailable(str(error)) from None
