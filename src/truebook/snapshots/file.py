"""A snapshot: an engine's canonical state at one position of the log, as the bytes of a file.

Promise: what `unpack` gives is what was packed, to the byte, or it raises SnapshotDamaged with what
is wrong. Why: the head carries BLAKE3 of the content and of itself, so no bit can change unnoticed
and nothing can be cut off or added. That nobody made the file up is another matter: whoever loads
it compares the state hash that comes out, the chain with that of the log, and what engines attest.

    head     280 bytes, see _HEAD
    content  section after section: its name (16 bytes), bytes of a row (4), rows (8), the rows

The sections are the canonical tables (engine/canonical/tables.py), then `events` and `replies`:
what the entry at the position gave, so that an empty event stream can begin with it. All numbers
are little-endian. Nothing is compressed: unpacking a million orders would take half as long as
loading them, and the disk has room for them.
"""

from struct import Struct
from typing import NamedTuple

import numpy as np
from blake3 import blake3

from truebook.commandlog.chain import HASH_BYTES
from truebook.commandlog.interface import EventEntry, Position
from truebook.engine.canonical.tables import DTYPES, Tables, digest

MAGIC = b"TRUESNAP"
FORMAT = 1

# Magic, format, zero, version of the rules; position, the position before it; entries since
# genesis, time, bytes of the content; chain, event hash, state hash, BLAKE3 of the canonical state,
# BLAKE3 of the content, version of Truebook; hash of all that.
_HEAD = Struct("<8sHHI2Q2QQqQ32s32s16s32s32s32s")
HEAD_BYTES = _HEAD.size + HASH_BYTES
_SECTION = Struct("<16sIQ")
_EVENTS, _REPLIES = "events", "replies"


class SnapshotDamaged(Exception):
    """A snapshot isn't what was written, or isn't true."""

    def __init__(self, name: str, what: str) -> None:
        super().__init__(f"snapshot {name}: {what}")
        self.what = what


class Head(NamedTuple):
    """What a snapshot says of itself."""

    position: Position
    """Of the last entry that the state has."""
    previous: Position
    """Of the entry before that."""
    entries: int
    """Of the log, since genesis."""
    time_ms: int
    """The engine's."""
    rules_version: int
    chain: bytes
    """Of the log (commandlog/chain.py), 32 bytes."""
    event_hash: bytes
    """Of the event stream, likewise."""
    state_hash: bytes
    """16 bytes."""
    build: str
    """The version of Truebook that wrote it."""
    canonical_hash: bytes = b""
    """BLAKE3 of the canonical state; filled in where it is written."""


class Snapshot(NamedTuple):
    """A head and what it is about."""

    head: Head
    tables: Tables
    events: bytes
    """What the entry at the position gave …"""
    replies: bytes
    """… to everybody, and to its gateway."""

    @property
    def last(self) -> EventEntry:
        """The event entry of the position."""
        head = self.head
        return EventEntry(head.position, head.previous, self.events, self.replies, head.event_hash)


def pack(snapshot: Snapshot) -> list[bytes | memoryview]:
    """The bytes of a snapshot, in pieces. Its `canonical_hash` is computed here."""
    pieces: list[bytes | memoryview] = []
    for name, table in zip(Tables._fields, snapshot.tables, strict=True):
        pieces.append(_SECTION.pack(name.encode(), table.dtype.itemsize, len(table)))
        pieces.append(np.ascontiguousarray(table).view(np.uint8).data)
    for name, data in ((_EVENTS, snapshot.events), (_REPLIES, snapshot.replies)):
        pieces += (_SECTION.pack(name.encode(), 1, len(data)), data)
    content_hash = blake3()
    for piece in pieces:
        content_hash.update(piece)
    head = snapshot.head
    bare = _HEAD.pack(
        *(MAGIC, FORMAT, 0, head.rules_version, *head.position, *head.previous),
        *(head.entries, head.time_ms, sum(len(piece) for piece in pieces)),
        *(head.chain, head.event_hash, head.state_hash, digest(snapshot.tables)),
        *(content_hash.digest(), head.build.encode()[:32]),
    )
    return [bare + blake3(bare).digest(), *pieces]


def read_head(name: str, data: bytes | memoryview) -> tuple[Head, int, bytes]:
    """The head of a snapshot, of which `data` is the beginning, and the length and BLAKE3 of its
    content. Raises SnapshotDamaged."""
    if len(data) < HEAD_BYTES:
        raise SnapshotDamaged(name, "cut off inside its head")
    bare, head_hash = bytes(data[: _HEAD.size]), bytes(data[_HEAD.size : HEAD_BYTES])
    if not bare.startswith(MAGIC):
        raise SnapshotDamaged(name, "doesn't begin as a snapshot does")
    if blake3(bare).digest() != head_hash:
        raise SnapshotDamaged(name, f"one of its first {HEAD_BYTES} bytes, the head, was changed")
    _, form, _, rules, *numbers = _HEAD.unpack(bare)
    if form != FORMAT:
        raise SnapshotDamaged(name, f"has format {form}: of a later version of Truebook")
    entries, time_ms, content_bytes, *hashes, build = numbers[4:]
    chain, event_hash, state_hash, canonical_hash, content_hash = hashes
    head = Head(
        *(Position(*numbers[:2]), Position(*numbers[2:4]), entries, time_ms, rules),
        *(chain, event_hash, state_hash, build.rstrip(b"\0").decode(errors="replace")),
        canonical_hash,
    )
    return head, content_bytes, content_hash


def unpack(name: str, data: bytes) -> Snapshot:
    """A snapshot of these bytes, of which its tables are views. Raises SnapshotDamaged."""
    head, content_bytes, content_hash = read_head(name, data)
    content = memoryview(data)[HEAD_BYTES:]
    if len(content) < content_bytes:
        raise SnapshotDamaged(name, "cut off")
    if len(content) > content_bytes:
        raise SnapshotDamaged(name, "has more behind its end")
    if blake3(content).digest() != content_hash:
        raise SnapshotDamaged(name, "its content was changed")
    layouts = {**DTYPES, _EVENTS: np.dtype("u1"), _REPLIES: np.dtype("u1")}
    tables, offset = [], 0
    for expected, layout in layouts.items():
        if offset + _SECTION.size > len(content):
            raise SnapshotDamaged(name, f"its section {expected} is missing")
        named, size, rows = _SECTION.unpack_from(content, offset)
        offset += _SECTION.size
        is_whole = offset + size * rows <= len(content)
        if named.rstrip(b"\0") != expected.encode() or size != layout.itemsize or not is_whole:
            raise SnapshotDamaged(name, f"its section {expected} isn't laid out as such")
        tables.append(np.frombuffer(content, layout, rows, offset))
        offset += size * rows
    if offset != len(content):
        raise SnapshotDamaged(name, "has more sections than there are")
    *tables, events, replies = tables
    snapshot = Snapshot(head, Tables(*tables), events.tobytes(), replies.tobytes())
    if digest(snapshot.tables) != head.canonical_hash:
        raise SnapshotDamaged(name, "its state isn't the one that its head tells of")
    return snapshot
