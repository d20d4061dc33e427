"""An engine's side of the log on a Valkey or Redis stream.

Promise: entries come in order, each once, and each is on disk: a blocked XREAD is served after the
fsync. `follow` keeps at most one XREAD open at the server. A reader that is behind sends the next
one before it gives the entries back, so that the server works while the engine does; one that keeps
up sends it when it comes back, so that the replies don't wait for that.
"""

import logging
from typing import Any

from truebook.clock import SYSTEM_CLOCK, Clock
from truebook.commandlog.address import parse
from truebook.commandlog.blocking import BlockingConnection
from truebook.commandlog.durability import PROBES, cannot_check, check_durable
from truebook.commandlog.interface import (
    GENESIS,
    LogEntry,
    LogLost,
    LogNotDurable,
    LogUnavailable,
    Position,
)
from truebook.commandlog.resp import (
    CONNECT_S_MAX,
    NOT_YET,
    ConnectionLost,
    Refused,
    checked,
    key,
    last_id,
    pack,
    pairs,
)

_logger = logging.getLogger(__name__)
REPLY_S_MAX = 10.0
FOLLOW_BLOCK_MS = 2_000
"""A followed server answers at least this often; one that doesn't has gone without a word."""
RECONNECT_S = 0.1
BEHIND_FROM = 16
"""Entries at once that make a reader one that is behind."""


class ValkeyLogReader:
    """interface.LogReader on a server; connects when first used, and again after a loss."""

    def __init__(
        self,
        url: str,
        *,
        shard: int = 0,
        allow_not_durable: bool = False,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._address = parse(url)
        self._stream = key(shard, "log")
        self._allow_not_durable = allow_not_durable
        self._clock = clock
        self._connection = BlockingConnection(self._address)
        self._asked: Position | None = None
        self._asked_at = 0.0
        self._next_try = 0.0
        self._is_lost_logged = False

    def read(self, after: Position, count: int, block_ms: int) -> list[LogEntry]:
        """Up to `count` entries behind `after`; waits up to `block_ms` (0: not) for the first."""
        seconds = REPLY_S_MAX + block_ms / 1000
        block: tuple[str | int, ...] = ("BLOCK", block_ms) if block_ms else ()
        command = ("XREAD", "COUNT", count, *block, "STREAMS", self._stream, str(after))
        return _entries(self._request(command, seconds))

    def last_position(self) -> Position:
        """The position of the newest entry; GENESIS for an empty log."""
        command = ("XREVRANGE", self._stream, "+", "-", "COUNT", 1)
        return last_id(self._request(command, REPLY_S_MAX), GENESIS)

    def follow(self, after: Position, count: int) -> list[LogEntry]:
        """What has come behind `after` by now; asks for what follows it at once."""
        try:
            if not self._connection.is_open and not self._reopened(after):
                return []
            if self._asked != after:
                if self._asked is not None:
                    self._open()
                self._ask(after, count)
            reply = self._connection.poll()
            if reply is NOT_YET:
                self._check_alive()
                return []
            entries = _entries(checked(reply))
            self._asked = None
            if len(entries) >= BEHIND_FROM:
                self._ask(entries[-1].position, count)
            return entries
        except (ConnectionLost, Refused) as error:
            self._lost(error)
            return []

    def fileno(self) -> int:
        """The connection's, for `select`."""
        return self._connection.fileno()

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()
        self._asked = None

    def _request(self, command: tuple[str | int, ...], seconds: float) -> Any:
        try:
            if not self._connection.is_open or self._asked is not None:
                self._open()
            return self._connection.request(*command, seconds=seconds)
        except (ConnectionLost, Refused) as error:
            self.close()
            raise LogUnavailable(str(error)) from None

    def _open(self) -> None:
        self._asked = None
        self._connection.open()
        if self._allow_not_durable:
            return
        try:
            replies = self._connection.request_all(PROBES, CONNECT_S_MAX)
        except Refused as error:
            self._connection.close()
            if str(error).startswith("LOADING"):
                raise
            raise cannot_check(str(self._address), error) from None
        try:
            check_durable(str(self._address), replies)
        except LogNotDurable:
            self._connection.close()
            raise

    def _reopened(self, after: Position) -> bool:
        now = self._clock.elapsed_s()
        if now < self._next_try:
            return False
        self._next_try = now + RECONNECT_S
        self._open()
        self._check_holds(after)
        if self._is_lost_logged:
            _logger.warning("the log at %s is back", self._address)
        self._is_lost_logged = False
        return True

    def _check_holds(self, after: Position) -> None:
        """The entry read last is still there, or was trimmed together with all before it."""
        if after == GENESIS:
            return
        at, one = str(after), ("COUNT", 1)
        commands = [
            ("XRANGE", self._stream, at, at, *one),
            ("XRANGE", self._stream, "-", "+", *one),
        ]
        found, oldest = self._connection.request_all([*commands], REPLY_S_MAX)
        if not found and last_id(oldest, GENESIS) <= after:
            raise LogLost(
                f"the log at {self._address} doesn't hold {after} any more, which was read from it"
            )

    def _ask(self, after: Position, count: int) -> None:
        where = ("STREAMS", self._stream, str(after))
        command = pack("XREAD", "COUNT", count, "BLOCK", FOLLOW_BLOCK_MS, *where)
        self._connection.send(command, REPLY_S_MAX)
        self._asked = after
        self._asked_at = self._clock.elapsed_s()

    def _check_alive(self) -> None:
        if self._clock.elapsed_s() > self._asked_at + FOLLOW_BLOCK_MS / 1000 + REPLY_S_MAX:
            raise ConnectionLost(f"{self._address} has fallen silent")

    def _lost(self, error: Exception) -> None:
        if not self._is_lost_logged:
            _logger.warning("the log can't be read, trying again: %s", error)
        self._is_lost_logged = True
        self.close()


def _entries(reply: Any) -> list[LogEntry]:
    """The entries in an XREAD reply: nil, or [[stream, [[id, [name, value, …]], …]]]."""
    if not reply:
        return []
    entries = []
    for entry_id, fields in reply[0][1]:
        position = Position.parse(entry_id)
        # A stranger's entry without our field is no entry of ours: malformed by rule.
        entries.append(LogEntry(position, position.high, pairs(fields).get(b"d", b"")))
    return entries
