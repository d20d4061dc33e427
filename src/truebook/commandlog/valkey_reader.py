"""An engine's side of the log on a Valkey or Redis stream.

Promise: entries come in order, each once, none left out, and each is on disk: a blocked XREAD is
served after the fsync. Where what comes next was trimmed, LogTrimmed tells so (valkey_trimmer.py
tells why nothing can slip through). `follow` keeps at most one XREAD open at the server. A reader
that is behind sends the next one before it gives the entries back, so that the server works while
the engine does; one that keeps up sends it when it comes back, so that the replies don't wait for
that.
"""

import logging
import math
from typing import Any

from truebook.clock import SYSTEM_CLOCK, Clock
from truebook.commandlog.address import Command, parse
from truebook.commandlog.blocking import BlockingConnection
from truebook.commandlog.chain_at import chain_at
from truebook.commandlog.durability import CHECKED, Durability, examination
from truebook.commandlog.interface import (
    GENESIS,
    LogEntry,
    LogLost,
    LogTrimmed,
    LogUnavailable,
    Position,
)
from truebook.commandlog.resp import (
    NOT_YET,
    ConnectionLost,
    Refused,
    checked,
    last_id,
    pack,
    pack_all,
    pairs,
)
from truebook.commandlog.valkey_trimmer import register_command, stream_key, trimmed_key
from truebook.commandlog.waiting import Waiting

_logger = logging.getLogger(__name__)
REPLY_S_MAX = 10.0
FOLLOW_BLOCK_MS = 2_000
"""A followed server answers at least this often; one that doesn't has gone without a word."""
RECONNECT_S = 0.1
BEHIND_FROM = 16
"""Entries at once that make a reader one that is behind."""
REGISTER_S = 2.0
"""How often a named reader says where it is, if it has moved: at full speed that is 60 MB …"""
SIGN_S = 20.0
"""… and if it hasn't: that it lives."""
STALL_S_MAX = 30.0
"""A follower that did nothing for so long makes sure that nothing was trimmed in front of it."""


class ValkeyLogReader:
    """interface.LogReader on a server; connects when first used, and again after a loss."""

    def __init__(
        self,
        url: str,
        *,
        shard: int = 0,
        durability: Durability = CHECKED,
        clock: Clock = SYSTEM_CLOCK,
        name: str = "",
    ) -> None:
        """`name`: as what it is registered while it follows; empty: not."""
        self._address = parse(url)
        self._shard = shard
        self._stream = stream_key(shard)
        self._name = name
        self._durability = durability
        self._clock = clock
        self._connection = BlockingConnection(self._address)
        self._asked: Position | None = None
        self._last: LogEntry | None = None
        self._asked_at = 0.0
        self._next_try = 0.0
        self._followed_at = self._registered_at = -math.inf
        self._followed_ms = 0
        self._registered = GENESIS
        self._held: Position | None = None
        self._is_register_sent = False
        self._waiting = Waiting(f"the log at {self._address}", _logger, clock)

    def read(self, after: Position, count: int, block_ms: int) -> list[LogEntry]:
        """Up to `count` entries behind `after`; waits up to `block_ms` (0: not) for the first."""
        seconds = REPLY_S_MAX + block_ms / 1000
        block: tuple[str | int, ...] = ("BLOCK", block_ms) if block_ms else ()
        command = ("XREAD", "COUNT", count, *block, "STREAMS", self._stream, str(after))
        reply, trimmed = self._request_all([command, ("GET", trimmed_key(self._shard))], seconds)
        self._check_trimmed(after, trimmed)
        return _entries(reply)

    def last_position(self) -> Position:
        """The position of the newest entry; GENESIS for an empty log."""
        command = ("XREVRANGE", self._stream, "+", "-", "COUNT", 1)
        return last_id(self._request_all([command], REPLY_S_MAX)[0], GENESIS)

    def check_holds(self, after: Position) -> None:
        """Make sure that `after` and all that came behind it is there. A reader with a name is
        registered from then on."""
        self._request_all([], REPLY_S_MAX)
        try:
            self._check_holds(after)
        except (ConnectionLost, Refused) as error:
            self.close()
            raise LogUnavailable(str(error)) from None

    def follow(self, after: Position, count: int) -> list[LogEntry]:
        """What has come behind `after` by now; asks for what follows it at once."""
        try:
            self._check_stall()
            if not self._connection.is_open and not self._reopened(after):
                return []
            if self._asked != after:
                if self._asked is not None:
                    self._open()
                self._ask(after, count)
                return []  # the answer wakes whoever waits
            reply = self._poll()
            if reply is NOT_YET:
                self._check_alive()
                return []
            entries = _entries(checked(reply))
            self._asked = None
            self._last = entries[-1] if entries else self._last
            if len(entries) >= BEHIND_FROM:
                self._ask(entries[-1].position, count)
            return entries
        except (ConnectionLost, Refused) as error:
            self._lost(error)
            return []

    def chain_at(self, position: Position) -> bytes | None:
        """The chain up to and with the entry at a position; read from genesis on."""
        return chain_at(self, position)

    def hold(self, position: Position | None) -> None:
        """What is behind that position is to stay on the server; it learns so in REGISTER_S."""
        self._held = position
        self._registered = GENESIS

    def fileno(self) -> int:
        """The connection's, for `select`."""
        return self._connection.fileno()

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()
        self._asked = None

    def _request_all(self, commands: list[tuple[str | int, ...]], seconds: float) -> list[Any]:
        try:
            if not self._connection.is_open or self._asked is not None:
                self._open()
            return self._connection.request_all([*commands], seconds)
        except (ConnectionLost, Refused) as error:
            self.close()
            raise LogUnavailable(str(error)) from None

    def _open(self) -> None:
        self._asked = None
        self._is_register_sent = False
        self._connection.open()
        self._connection.examine(examination(self._address, self._durability))

    def _reopened(self, after: Position) -> bool:
        now = self._clock.elapsed_s()
        if now < self._next_try:
            return False
        self._next_try = now + RECONNECT_S
        self._open()
        self._check_holds(after)
        self._waiting.succeeded()
        return True

    def _check_stall(self) -> None:
        """Whoever was stopped for long may have been given up as a reader meanwhile. Of a machine
        that was suspended only the wall clock tells; one that was set costs a new connection."""
        now, now_ms = self._clock.elapsed_s(), self._clock.now_ms()
        stood_s = max(now - self._followed_at, (now_ms - self._followed_ms) / 1000)
        if stood_s > STALL_S_MAX and self._connection.is_open:
            self.close()
        self._followed_at, self._followed_ms = now, now_ms

    def _check_holds(self, after: Position) -> None:
        """The entry read last is still there, and nothing behind it was trimmed."""
        at, one = str(after), ("COUNT", 1)
        if self._name:
            register = self._register_command(after)
            self._connection.request(*register, seconds=REPLY_S_MAX)
            self._registered_at, self._registered = self._clock.elapsed_s(), after
        commands = [
            ("GET", trimmed_key(self._shard)),
            ("XRANGE", self._stream, at, at, *one),
            ("XRANGE", self._stream, "-", "+", *one),
        ]
        trimmed, found, oldest = self._connection.request_all([*commands], REPLY_S_MAX)
        self._check_trimmed(after, trimmed)
        if after == GENESIS:
            self._check_untouched()
        elif not found and last_id(oldest, GENESIS) <= after:
            raise LogLost(
                f"the log at {self._address} doesn't hold {after} any more, which was read from it"
            )
        elif self._is_rewritten(found):
            raise LogLost(f"the log at {self._address} has another entry at {after} than was read")
        elif not found:
            raise LogTrimmed(f"the log at {self._address} begins behind {after}")

    def _is_rewritten(self, found: Any) -> bool:
        """Whether the entry isn't the one that was read there last, by whichever server."""
        if not found or self._last is None:
            return False
        entry = _entry(*found[0])
        return entry.position == self._last.position and entry.data != self._last.data

    def _check_trimmed(self, after: Position, trimmed: bytes | None) -> None:
        if trimmed is not None and after < Position.parse(trimmed):
            raise LogTrimmed(f"the log at {self._address} was trimmed to {trimmed.decode()}")

    def _check_untouched(self) -> None:
        """No entry was ever dropped, by whomever; asked where the server counts them."""
        if not self._connection.request("EXISTS", self._stream, seconds=REPLY_S_MAX):
            return
        reply = self._connection.request("XINFO", "STREAM", self._stream, seconds=REPLY_S_MAX)
        found = dict(zip(reply[::2], reply[1::2], strict=True))
        if found.get(b"entries-added", 0) > found[b"length"]:
            raise LogTrimmed(f"entries were dropped from the log at {self._address}")

    def _ask(self, after: Position, count: int) -> None:
        where = ("STREAMS", self._stream, str(after))
        command = ("XREAD", "COUNT", count, "BLOCK", FOLLOW_BLOCK_MS, *where)
        self._asked_at = self._clock.elapsed_s()
        self._asked = after
        wait_s = SIGN_S if after == self._registered else REGISTER_S
        if self._name and self._asked_at - self._registered_at > wait_s:
            self._registered_at, self._registered = self._asked_at, after
            self._is_register_sent = True
            register = self._register_command(after)
            self._connection.send(pack_all([register, command]), REPLY_S_MAX)
        else:
            self._connection.send(pack(*command), REPLY_S_MAX)

    def _register_command(self, after: Position) -> Command:
        held = after if self._held is None else min(after, self._held)
        return register_command(self._shard, self._name, held)

    def _poll(self) -> Any:
        """The reply of the XREAD, if it has come."""
        reply = self._connection.poll()
        if self._is_register_sent and reply is not NOT_YET:
            self._is_register_sent = False
            checked(reply)
            reply = self._connection.poll()
        return reply

    def _check_alive(self) -> None:
        if self._clock.elapsed_s() > self._asked_at + FOLLOW_BLOCK_MS / 1000 + REPLY_S_MAX:
            raise ConnectionLost(f"{self._address} has fallen silent")

    def _lost(self, error: Exception) -> None:
        self._waiting.failed(error)
        self.close()


def _entries(reply: Any) -> list[LogEntry]:
    """The entries in an XREAD reply: nil, or [[stream, [[id, [name, value, …]], …]]]."""
    if not reply:
        return []
    return [_entry(entry_id, fields) for entry_id, fields in reply[0][1]]


def _entry(entry_id: bytes, fields: Any) -> LogEntry:
    position = Position.parse(entry_id)
    if fields and len(fields) == 2 and fields[0] == b"d":
        return LogEntry(position, position.high, fields[1])
    # A stranger's entry without our field is no entry of ours: malformed by rule.
    return LogEntry(position, position.high, pairs(fields).get(b"d", b""))
