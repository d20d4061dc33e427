"""What an engine made of a batch, entry by entry, and the message that tells a gateway.

Promise: every reply reaches the entry, and in it the command, that it answers. Both sides of the
message stand here.

The engine answers a whole batch at once: events open with an ENTRY row for each log entry, replies
follow one another. Each command has exactly one **last** reply: the only one, or for CANCEL_ALL the
DONE behind its cancelled orders. So a reply of command 0 that follows a last reply opens the next
entry, and the entries that have replies at all are those that were APPLIED with a record or more.

A reply message is one or more of: a `REPLY_ENTRY` of 64 bytes, then its `count` replies.
"""

from collections.abc import Iterator, Sequence
from struct import Struct
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from truebook.commandlog.interface import Position
from truebook.messages import (
    ENTRY_EVENT,
    EVENT_ROW,
    EVENT_ROW_BYTES,
    REPLY,
    REPLY_BYTES,
    CommandKind,
    EntryStatus,
    EventKind,
    OrderStatus,
)

REPLY_ENTRY = np.dtype(
    [
        ("position_high", "<u8"),
        ("position_low", "<u8"),
        ("sequence", "<i8"),  # the gateway's
        ("gateway", "<u4"),
        ("count", "<u4"),  # replies that follow
        ("status", "u1"),  # EntryStatus
        ("zero_1", "u1", (31,)),
    ]
)
"""Opens one entry's replies in a reply message."""

_HEAD = Struct("<QQqIIB31x")
assert _HEAD.size == REPLY_ENTRY.itemsize == REPLY_BYTES

_POSITION = Struct("<QQ")

_ENTRY_HEAD = Struct("<BBHIq")
"""The first fields of messages.ENTRY_EVENT."""

assert REPLY.fields is not None
_COMMAND = Struct("<H")
_FROM_COMMAND = REPLY_BYTES - REPLY.fields["command"][1]
"""From where a reply names its command to its end."""

# Looking a member up in its class costs more than all else here does for a small entry.
_ENTRY = int(EventKind.ENTRY)
_APPLIED = int(EntryStatus.APPLIED)
_CANCEL_ALL = int(CommandKind.CANCEL_ALL)
_CANCELLED = int(OrderStatus.CANCELLED)

SETTINGS_FROM = int(EventKind.ASSET_SET)
"""Events of this kind and above are settings."""
_NO_SETTING = bytes(range(SETTINGS_FROM))


class Made(NamedTuple):
    """What an engine made of one log entry."""

    gateway: int
    sequence: int
    status: int
    events: bytes
    replies: bytes


class EntryReplies(NamedTuple):
    """One entry's part of a reply message."""

    position: Position
    gateway: int
    sequence: int
    status: int
    """EntryStatus."""
    packed: bytes
    """The replies as they came; columns of a single one cost more than all else here."""

    @property
    def replies(self) -> NDArray[np.void]:
        """messages.REPLY records."""
        return np.frombuffer(self.packed, REPLY)


def split(events: bytes, replies: bytes, entries: int) -> list[Made]:
    """Take what `Engine.apply` gave for a batch of `entries` apart, one for each.

    ValueError if it doesn't come out even: then the engine is wrong, or this is.
    """
    if entries == 1:
        _, status, _, gateway, sequence = _ENTRY_HEAD.unpack_from(events)
        return [Made(gateway, sequence, status, events, replies)]
    heads = np.frombuffer(events, ENTRY_EVENT)
    starts = np.flatnonzero(heads["kind"] == _ENTRY)
    if len(starts) != entries:
        raise ValueError(f"{entries} entries gave the events of {len(starts)}")
    heads = heads[starts]
    answered = (heads["status"] == _APPLIED) & (heads["count"] > 0)
    counts = np.zeros(len(starts) + 1, np.int64)
    counts[1:][answered] = _reply_counts(np.frombuffer(replies, REPLY))
    ends = [*(starts[1:] * EVENT_ROW_BYTES).tolist(), len(events)]
    reply_ends = (np.cumsum(counts) * REPLY_BYTES).tolist()
    return [
        Made(gateway, sequence, status, events[start:end], replies[reply_start:reply_end])
        for gateway, sequence, status, start, end, reply_start, reply_end in zip(
            heads["gateway"].tolist(),
            heads["sequence"].tolist(),
            heads["status"].tolist(),
            (starts * EVENT_ROW_BYTES).tolist(),
            ends,
            reply_ends[:-1],
            reply_ends[1:],
            strict=True,
        )
    ]


def _reply_counts(replies: NDArray[np.void]) -> NDArray[np.int64]:
    """How many replies each answered entry has."""
    if not len(replies):
        return np.zeros(0, np.int64)
    goes_on = (replies["kind"] == _CANCEL_ALL) & (replies["status"] == _CANCELLED)
    opens = replies["command"] == 0
    opens[1:] &= ~goes_on[:-1]
    starts = np.flatnonzero(opens)
    return np.diff(starts, append=len(replies))


def settings_events(events: bytes) -> bytes:
    """The events among these that set an asset, market, tier, account or key; often none."""
    if not events[::EVENT_ROW_BYTES].translate(None, _NO_SETTING):
        return b""
    kinds = np.frombuffer(events, EVENT_ROW)["kind"]
    starts = np.flatnonzero(kinds)
    lengths = np.diff(starts, append=len(kinds))
    wanted = np.repeat(kinds[starts] >= SETTINGS_FROM, lengths)
    return np.frombuffer(events, EVENT_ROW)[wanted].tobytes()


def pack_position(position: Position) -> bytes:
    """A position in front of a settings message: 16 bytes, high, low, little-endian."""
    return _POSITION.pack(*position)


def reply_message(entries: Sequence[tuple[Position, Made]]) -> bytes:
    """The message to a gateway about its entries of one batch."""
    parts: list[bytes] = []
    for position, made in entries:
        count = len(made.replies) // REPLY_BYTES
        parts.append(_HEAD.pack(*position, made.sequence, made.gateway, count, made.status))
        parts.append(made.replies)
    return b"".join(parts)


def read_reply_message(message: bytes) -> Iterator[EntryReplies]:
    """Each entry's part of a message; ValueError where it is cut."""
    offset = 0
    while offset < len(message):
        if offset + REPLY_BYTES > len(message):
            raise ValueError("a reply message ends in an entry's head")
        high, low, sequence, gateway, count, status = _HEAD.unpack_from(message, offset)
        offset += REPLY_BYTES
        end = offset + count * REPLY_BYTES
        if end > len(message):
            raise ValueError("a reply message ends in an entry's replies")
        yield EntryReplies(Position(high, low), gateway, sequence, status, message[offset:end])
        offset = end


def entry_replies(position: Position, events: bytes, replies: bytes) -> EntryReplies:
    """The same, from what the event stream keeps of one entry."""
    _, status, _, gateway, sequence = _ENTRY_HEAD.unpack_from(events)
    return EntryReplies(position, gateway, sequence, status, replies)


def replies_of(packed: bytes, first: int, commands: int) -> bytes:
    """The replies of commands `first` … `first + commands - 1` among those of their entry."""
    count = len(packed) // REPLY_BYTES
    start, end = first, first + commands
    if count and count != _COMMAND.unpack_from(packed, len(packed) - _FROM_COMMAND)[0] + 1:
        # Some command has several.
        of_command = np.frombuffer(packed, REPLY)["command"]
        start, end = np.searchsorted(of_command, [start, end]).tolist()
    return packed[start * REPLY_BYTES : end * REPLY_BYTES]
