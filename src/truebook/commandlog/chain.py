"""Running hashes over the log and over the events: the history so far, in 32 bytes.

Promise: two parties with the same chain at a position have read the same entries, in the same
order, at the same positions; nobody can change, drop, add or move one and keep the chain. Why: each
link is BLAKE3 of the link before it, the position and the bytes, so an equal link means an equal
predecessor. The position is included because time comes from it.
"""

from struct import Struct

from blake3 import blake3

from truebook.commandlog.interface import Position

HASH_BYTES = 32
START = bytes(HASH_BYTES)
"""Before the first entry."""

_POSITION = Struct("<QQ")


def extend(chain: bytes, position: Position, data: bytes | memoryview) -> bytes:
    """The next link: over a log entry's bytes as they stand in the log, or an entry's events."""
    return blake3(chain + _POSITION.pack(*position) + data).digest()
