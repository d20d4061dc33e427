"""The protocol of Valkey and Redis (RESP2), as both kinds of connection speak it.

Commands are packed and replies parsed by hiredis, in C. The protocol version is pinned by never
asking for another: the shapes of XREAD's and of pub/sub's replies differ in RESP3.
"""

from typing import Any, Final

import hiredis

from truebook.commandlog.address import Address, Command
from truebook.commandlog.interface import Position

CONNECT_S_MAX = 2.0
"""How long a server may take to accept a connection and answer its handshake."""


class ConnectionLost(Exception):
    """The connection can't be made, broke, or fell silent."""


class Refused(Exception):
    """The server answered with an error: it has not done what was asked."""


class _NotYet:
    """Stands for a reply that has not come whole."""


NOT_YET: Final = _NotYet()


def pack(*command: str | bytes | int) -> bytes:
    """A command as it goes over the wire."""
    packed: bytes = hiredis.pack_command(command)  # type: ignore[arg-type]
    return packed


def pack_all(commands: list[Command]) -> bytes:
    """Several commands for one write."""
    return b"".join(pack(*command) for command in commands)


def new_reader() -> hiredis.Reader:
    """A parser of one connection's replies; `gets` gives NOT_YET until one is whole."""
    return hiredis.Reader(notEnoughData=NOT_YET)


def checked(reply: Any) -> Any:
    """The reply, unless it is an error: then Refused."""
    if isinstance(reply, hiredis.ReplyError):
        raise Refused(str(reply))
    return reply


def check_primary(address: Address, reply: list[Any]) -> None:
    """Refused unless the server, as it answers ROLE, takes writes."""
    if reply[0] != b"master":
        raise Refused(f"{address} is a replica: none of the servers is the primary")


def key(shard: int, name: str) -> str:
    """The name of a key or channel; the braces keep a shard's keys in one cluster slot."""
    return f"truebook:{{shard{shard}}}:{name}"


def pairs(fields: list[bytes] | None) -> dict[bytes, bytes]:
    """A flat list of names and values, as a stream entry and CONFIG GET have it."""
    return dict(zip(fields[::2], fields[1::2], strict=False)) if fields else {}


def last_id(reply: list[tuple[bytes, Any]], nothing: Position) -> Position:
    """The position in the reply of XREVRANGE … COUNT 1."""
    return Position.parse(reply[0][0]) if reply else nothing


def used_memory(reply: bytes) -> int:
    """The bytes that a server holds, in the reply of INFO memory."""
    lines = reply.decode().splitlines()
    values = dict(line.split(":", 1) for line in lines if ":" in line)
    return int(values.get("used_memory", "0"))
