"""A gateway's side of the log on a Valkey or Redis stream.

Promise: `append` returns once the entry is fsync'd (the server answers only then; durability.py
checks that it does). Why entries keep their order: one connection, one request after the other, and
what a lost connection left unknown is told as such.

The position is the stream id; its first half is the server's time in milliseconds.
"""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from truebook.commandlog.address import Command, parse
from truebook.commandlog.durability import (
    CHECKED,
    Durability,
    examination,
    is_covered,
    waiting_rounds,
)
from truebook.commandlog.interface import (
    GENESIS,
    LogUnavailable,
    Once,
    OutcomeUnknown,
    Position,
)
from truebook.commandlog.once import SCRIPT, refusal, script_arguments
from truebook.commandlog.pipelined import PipelinedConnection, open_connection
from truebook.commandlog.resp import (
    CONNECT_S_MAX,
    ConnectionLost,
    Refused,
    key,
    last_id,
    pairs,
    used_memory,
)

REPLICAS_S_MAX = 5.0
"""How long replicas may take: as long as whoever sent it waits."""
_ANOTHER_SERVER = ("NOSCRIPT", "READONLY", "MASTERDOWN")
"""What a server says that was started anew, or isn't the primary any more."""
APPEND_S_MAX = 10.0
"""A disk that needs longer to take an entry is as good as gone: reconnect and send it again."""


class ValkeyLog:
    """interface.Log on a server; connects when first used, and again after a loss."""

    def __init__(self, url: str, *, shard: int = 0, durability: Durability = CHECKED) -> None:
        self._address = parse(url)
        self._stream = key(shard, "log")
        self._gateways = key(shard, "gateways")
        self._durability = durability
        self._connection: PipelinedConnection | None = None
        self._opening = asyncio.Lock()
        self._script = b""

    async def lease_gateway(self) -> int:
        """A gateway number that was never given before; a lost one is merely skipped."""
        connection = await self._connected()
        try:
            # A server that takes over must know it as well, or would give it to somebody else.
            command = ("INCR", self._gateways)
            if self._durability.replicas:
                return int(await self._write_widely(connection, command))
            return int(await connection.call(*command, seconds=APPEND_S_MAX))
        except (ConnectionLost, Refused, OutcomeUnknown) as error:
            raise LogUnavailable(str(error)) from None

    async def append(self, data: bytes, once: Sequence[Once] = ()) -> Position:
        """Append one entry; its position once it is on disk."""
        connection = self._connection
        if connection is None or not connection.is_open:
            connection = await self._connected()
        command: Command = ("XADD", self._stream, "*", "d", data)
        if once:
            command = script_arguments(self._script, self._stream, data, once)
        try:
            if self._durability.replicas:
                reply = await self._write_widely(connection, command)
            else:
                reply = await connection.call(*command, seconds=APPEND_S_MAX)
        except Refused as error:
            if str(error).startswith(_ANOTHER_SERVER):
                connection.abort(str(error))
            raise LogUnavailable(f"the log server refuses entries: {error}") from None
        except ConnectionLost as error:
            raise OutcomeUnknown(str(error)) from None
        if isinstance(reply, list):
            raise refusal(reply, once)
        return Position.parse(reply)

    async def _write_widely(self, connection: PipelinedConnection, command: Command) -> Any:
        """The reply to a command, once what it has written is on all disks that are asked for.
        Raises OutcomeUnknown if it isn't in time."""
        replicas = self._durability.replicas
        rounds = waiting_rounds(replicas, REPLICAS_S_MAX)
        reply, on_disk = await connection.call_both(command, next(rounds), APPEND_S_MAX)
        if isinstance(reply, ConnectionLost | Refused):
            raise reply
        try:
            while not is_covered(on_disk, replicas) and (again := next(rounds, None)):
                on_disk = await connection.call(*again, seconds=APPEND_S_MAX)
            told = f"{on_disk[1]} of {replicas} replicas had it on disk"
        except (ConnectionLost, Refused) as error:
            told = str(error)
        if not is_covered(on_disk, replicas):
            connection.abort(told)
            raise OutcomeUnknown(told)
        return reply

    async def last_position(self) -> Position:
        """The position of the newest entry; GENESIS for an empty log."""
        connection = await self._connected()
        command = ("XREVRANGE", self._stream, "+", "-", "COUNT", 1)
        try:
            return last_id(await connection.call(*command, seconds=APPEND_S_MAX), GENESIS)
        except (ConnectionLost, Refused) as error:
            raise LogUnavailable(str(error)) from None

    async def folder(self) -> Path | None:
        """Where the server keeps the log, if it is on this machine and tells; else None."""
        if not self._address.path:
            return None
        connection = await self._connected()
        try:
            reply = await connection.call("CONFIG", "GET", "dir", seconds=APPEND_S_MAX)
        except ConnectionLost as error:
            raise LogUnavailable(str(error)) from None
        except Refused:
            return None
        found = pairs(reply).get(b"dir")
        folder = Path(os.fsdecode(found)) if found else None
        return folder if folder is not None and folder.is_dir() else None

    async def memory_bytes(self) -> int:
        """What the server holds in memory. Raises LogUnavailable."""
        connection = await self._connected()
        try:
            reply = await connection.call("INFO", "memory", seconds=APPEND_S_MAX)
        except (ConnectionLost, Refused) as error:
            raise LogUnavailable(str(error)) from None
        return used_memory(reply)

    async def close(self) -> None:
        """Give the connection back."""
        if self._connection is not None:
            self._connection.abort("closed by us")
            self._connection = None

    async def _connected(self) -> PipelinedConnection:
        if self._connection is not None and self._connection.is_open:
            return self._connection
        async with self._opening:
            if self._connection is None or not self._connection.is_open:
                self._connection = await self._open()
            return self._connection

    async def _open(self) -> PipelinedConnection:
        try:
            connection = await open_connection(self._address)
            await connection.examine(examination(self._address, self._durability))
            self._script = await connection.call("SCRIPT", "LOAD", SCRIPT, seconds=CONNECT_S_MAX)
        except (ConnectionLost, Refused) as error:
            raise LogUnavailable(str(error)) from None
        return connection
