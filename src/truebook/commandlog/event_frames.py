"""Event entries as bytes, one after the other, for a pipe from who makes them to who reads them.

Promise: an entry is read whole or not at all; replies are left out.
"""

from collections.abc import Awaitable, Callable
from struct import Struct

from truebook.commandlog.chain import HASH_BYTES
from truebook.commandlog.interface import EventEntry, Position

_HEAD = Struct(f"<4Q{HASH_BYTES}sQ")
"""Position, previous, event hash, and how many bytes of events follow."""


def pack_frame(entry: EventEntry) -> bytes:
    """An entry as it goes through the pipe."""
    head = _HEAD.pack(*entry.position, *entry.previous, entry.event_hash, len(entry.events))
    return head + entry.events


async def read_frame(read_exactly: Callable[[int], Awaitable[bytes]]) -> EventEntry:
    """The next entry, by a function that reads so many bytes or raises."""
    high, low, *previous, event_hash, size = _HEAD.unpack(await read_exactly(_HEAD.size))
    events = await read_exactly(size)
    return EventEntry(Position(high, low), Position(*previous), events, b"", event_hash)
