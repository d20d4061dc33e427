"""The list of recoveries on a Valkey or Redis server, beside the log.

Promise: a RECOVERY stands in the log if and only if it stands in the list, in the same order. Why:
one script writes both, and no other way leads into the list. Beside it stands the token, which
whoever writes must know: so nothing that was decided by an older list is ever written.
"""

from typing import Any

from truebook import commands
from truebook.commandlog.address import parse
from truebook.commandlog.blocking import BlockingConnection
from truebook.commandlog.entries import pack_entry
from truebook.commandlog.interface import LogUnavailable, Position, Recovery
from truebook.commandlog.resp import ConnectionLost, Refused, key

REPLY_S_MAX = 10.0

# KEYS: log, list, token. ARGV: the token known, the entry, after which position.
_APPEND = """
if (redis.call('GET', KEYS[3]) or '0') ~= ARGV[1] then return false end
local at = redis.call('XADD', KEYS[1], '*', 'd', ARGV[2])
redis.call('RPUSH', KEYS[2], ARGV[3] .. ' ' .. at)
redis.call('INCR', KEYS[3])
return at
"""


class ValkeyRecoveryBook:
    """interface.RecoveryBook on a server; connects when first used, and again after a loss."""

    def __init__(self, url: str, *, shard: int = 0) -> None:
        self._connection = BlockingConnection(parse(url))
        self._log = key(shard, "log")
        self._gateways = key(shard, "gateways")
        self._list = key(shard, "recoveries")
        self._token = key(shard, "recoveries:token")

    def read(self) -> tuple[int, list[Recovery]]:
        """The token, and the list, which may be newer."""
        token = self._request("GET", self._token)
        lines = self._request("LRANGE", self._list, 0, -1)
        pairs = [line.split() for line in lines]
        recoveries = [Recovery(Position.parse(after), Position.parse(at)) for after, at in pairs]
        return int(token or 0), recoveries

    def append(self, token: int, after: Position) -> bool:
        """Write a RECOVERY into log and list, if the token is this one; by a gateway of its own."""
        entry = pack_entry(self._request("INCR", self._gateways), 1, commands.recovery(after=after))
        keys = (3, self._log, self._list, self._token)
        return self._request("EVAL", _APPEND, *keys, token, entry, str(after)) is not None

    def fence(self) -> None:
        """Change the token."""
        self._request("INCR", self._token)

    def now_ms(self) -> int:
        """The server's clock."""
        seconds, microseconds = self._request("TIME")
        return int(seconds) * 1000 + int(microseconds) // 1000

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
