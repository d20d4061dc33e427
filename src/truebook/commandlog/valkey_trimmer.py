"""Trimming a log on a Valkey or Redis server, and who must have read what is trimmed.

Promise: no entry is dropped that a registered reader hasn't passed. Why: looking at the readers and
dropping is one script, and a reader registers before it makes sure that its place still holds. So
either the trim sees the reader, or the reader sees the trim and goes to the archive.

Beside the stream stand `readers`, a hash (name → position and the server's milliseconds), and
`log:trimmed`, the oldest position that is kept for sure. Entries before that may be there for a
while: the server drops whole nodes of its stream only, which costs it next to nothing.
"""

from typing import Any

from truebook.commandlog.address import Command, parse
from truebook.commandlog.blocking import BlockingConnection
from truebook.commandlog.interface import GENESIS, LogUnavailable, Position, Registered, Trimmed
from truebook.commandlog.resp import ConnectionLost, Refused, key, used_memory

REPLY_S_MAX = 10.0
AT_ONCE_ENTRIES_MAX = 2_000
"""In one script: the log server serves nobody else meanwhile."""

_NOW = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
"""

_REGISTER = f"""{_NOW}
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ' ' .. string.format('%.0f', now))
return 'OK'
"""

# Halves of a position have up to 20 digits, more than Lua's numbers: compared as text.
_TRIM = f"""{_NOW}
local function less(a, b)
  if #a ~= #b then return #a < #b end
  return a < b
end
local function before(a, b)
  local a_high, a_low = string.match(a, '(%d+)-(%d+)')
  local b_high, b_low = string.match(b, '(%d+)-(%d+)')
  if a_high ~= b_high then return less(a_high, b_high) end
  return less(a_low, b_low)
end
local bound, holder, vanished = ARGV[1], '', {{}}
local readers = redis.call('HGETALL', KEYS[2])
for i = 1, #readers, 2 do
  local position, seen = string.match(readers[i + 1], '(%S+) (%d+)')
  if now - tonumber(seen) > tonumber(ARGV[2]) then
    vanished[#vanished + 1] = readers[i]
    redis.call('HDEL', KEYS[2], readers[i])
  elseif before(position, bound) then
    bound, holder = position, readers[i]
  end
end
local trimmed = redis.call('GET', KEYS[3]) or '0-0'
if before(trimmed, bound) then
  redis.call('SET', KEYS[3], bound)
else
  bound = trimmed
end
local count = redis.call('XTRIM', KEYS[1], 'MINID', '~', bound, 'LIMIT', ARGV[3])
return {{bound, count, holder, vanished}}
"""


def stream_key(shard: int) -> str:
    """The log itself."""
    return key(shard, "log")


def readers_key(shard: int) -> str:
    """Who is registered."""
    return key(shard, "readers")


def trimmed_key(shard: int) -> str:
    """The oldest position that is kept for sure; absent: all are there."""
    return key(shard, "log:trimmed")


def register_command(shard: int, name: str, position: Position) -> Command:
    """What a reader sends to say that it lives and has read up to `position`."""
    return ("EVAL", _REGISTER, 1, readers_key(shard), name, str(position))


class ValkeyTrimmer:
    """interface.Trimmer on a server; connects when first used, and again after a loss."""

    def __init__(self, url: str, *, shard: int = 0) -> None:
        self._connection = BlockingConnection(parse(url))
        self._shard = shard

    def trim(self, bound: Position, vanished_ms: int) -> Trimmed:
        """Drop what is before `bound` and what every registered reader has passed."""
        keys = (stream_key(self._shard), readers_key(self._shard), trimmed_key(self._shard))
        arguments = (str(bound), vanished_ms, AT_ONCE_ENTRIES_MAX)
        total, holder, vanished = 0, "", list[str]()
        while True:
            reply = self._request("EVAL", _TRIM, 3, *keys, *arguments)
            total += reply[1]
            holder = reply[2].decode()
            vanished += [name.decode() for name in reply[3]]
            if not reply[1]:
                return Trimmed(Position.parse(reply[0]), total, holder, vanished)

    def trimmed(self) -> Position:
        """The bound of the last trim."""
        reply = self._request("GET", trimmed_key(self._shard))
        return GENESIS if reply is None else Position.parse(reply)

    def readers(self) -> list[Registered]:
        """All registered readers."""
        reply = self._request("HGETALL", readers_key(self._shard))
        found = []
        for name, value in zip(reply[::2], reply[1::2], strict=True):
            position, seen_ms = value.split()
            found.append(Registered(name.decode(), Position.parse(position), int(seen_ms)))
        return found

    def memory_bytes(self) -> int:
        """What the log server holds in memory."""
        return used_memory(self._request("INFO", "memory"))

    def register(self, name: str, position: Position) -> None:
        """Register a reader, or say that it has passed `position`."""
        self._request(*register_command(self._shard, name, position))

    def forget(self, name: str) -> None:
        """A reader is gone for good."""
        self._request("HDEL", readers_key(self._shard), name)

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
            raise LogUnavailable(str(error)) from None
