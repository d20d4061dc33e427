"""What a log server holds beside the entries, read for a backup and written on a restore.

Promise: a restored server goes on where the backup ends: the next entry stands behind its last, no
gateway number is given twice, and what was reached late, halted or resumed is known as before. The
last entry alone is written to it, as after a trimming: the rest is in the archive.
"""

from typing import Any, NamedTuple

from truebook.commandlog.address import parse
from truebook.commandlog.blocking import BlockingConnection
from truebook.commandlog.interface import LogEntry
from truebook.commandlog.resp import ConnectionLost, Refused, key
from truebook.config import UserError

REPLY_S_MAX = 30.0
GATEWAYS_SKIPPED = 1024
"""Numbers that were given after the backup, in what is lost, aren't given again: order ids that
somebody may remember begin with them."""


class Beside(NamedTuple):
    """What stands beside the entries."""

    gateways: int
    recoveries: list[tuple[str, str]]
    standing: str


class ServerSide:
    """One log server; close it. What goes wrong with the connection is a UserError."""

    def __init__(self, url: str, *, shard: int = 0) -> None:
        self._connection = BlockingConnection(parse(url))
        self._shard = shard

    def read(self) -> Beside:
        """What there is."""
        gateways = self._request("GET", self._key("gateways"))
        lines = self._request("LRANGE", self._key("recoveries"), 0, -1)
        standing = self._request("GET", self._key("standing"))
        pairs = [line.decode().split() for line in lines]
        recoveries = [(after, at) for after, at in pairs]
        return Beside(int(gateways or 0), recoveries, (standing or b"").decode())

    def check_empty(self) -> None:
        """Raise UserError if there is a log on it."""
        names = [self._key(name) for name in ("log", "gateways", "recoveries", "log:trimmed")]
        if self._request("EXISTS", *names):
            raise UserError("the log server of log.url isn't empty: there is a log on it already")

    def write(self, last: LogEntry, beside: Beside) -> None:
        """Begin a log behind an entry. The server must be empty."""
        at = str(last.position)
        commands: list[tuple[str | bytes | int, ...]] = [
            ("SET", self._key("log:trimmed"), at),
            ("SET", self._key("gateways"), beside.gateways + GATEWAYS_SKIPPED),
            ("SET", self._key("recoveries:token"), len(beside.recoveries)),
        ]
        commands += [
            ("RPUSH", self._key("recoveries"), f"{after} {reached}")
            for after, reached in beside.recoveries
        ]
        if beside.standing:
            commands.append(("SET", self._key("standing"), beside.standing))
        # The entry comes last: with it the log is there.
        commands.append(("XADD", self._key("log"), at, "d", last.data))
        for command in commands:
            self._request(*command)

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()

    def _key(self, name: str) -> str:
        return key(self._shard, name)

    def _request(self, *command: str | bytes | int) -> Any:
        try:
            if not self._connection.is_open:
                self._connection.open()
            return self._connection.request(*command, seconds=REPLY_S_MAX)
        except (ConnectionLost, Refused) as error:
            raise UserError(f"the log server: {error}") from None
