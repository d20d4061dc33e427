"""A segment: a run of consecutive log entries as one file.

Promise: what `unpack` gives is what was packed, to the byte, or it raises SegmentDamaged with what
is wrong and where. Why: the head carries BLAKE3 of the packed content and of itself, so no bit of
the file can change unnoticed; and it carries the hash of the head before it and the log's chain
before and after (chain.py), so a segment can't be exchanged, left out or made up without changing
every later one.

    head     264 bytes, see _HEAD
    content  packed (packing.py); unpacked, for each entry: the position (16 bytes: high, low), the
             length of its data (4 bytes), its data as it stands in the log

All numbers are little-endian. The time of an entry is the high half of its position, as in the log.
"""

from collections.abc import Iterator
from struct import Struct
from typing import NamedTuple

from blake3 import blake3

from truebook.commandlog.archive.packing import (
    COMPRESSIONS,
    ZSTD,
    packer,
    unpacked,
    unpacked_as_far_as_can_be,
)
from truebook.commandlog.chain import HASH_BYTES, START, extend
from truebook.commandlog.interface import GENESIS, LogEntry, Position
from truebook.limits import SEGMENT_BYTES_MAX

MAGIC = b"TRUEBOOK"
FORMAT = 1
_PACK_BYTES = 1 << 16

# Magic, format, compression, zero; number, entries, entries before; first, last, the last of the
# segment before; bytes of the content unpacked, packed; chain before, chain after, hash of the
# packed content, hash of the head before; hash of all that.
_HEAD = Struct("<8sHHI3Q2Q2Q2QQQ32s32s32s32s")
HEAD_BYTES = _HEAD.size + HASH_BYTES
ENTRY_HEAD = Struct("<QQI")


class SegmentDamaged(Exception):
    """A segment isn't what was written. `byte` is where in its file that shows, if it is known."""

    def __init__(self, name: str, what: str, byte: int | None = None) -> None:
        at = "" if byte is None else f", byte {byte}"
        super().__init__(f"archive segment {name}{at}: {what}")
        self.name = name
        self.what = what
        self.byte = byte


class End(NamedTuple):
    """Where an archive ends: all that its next segment must follow on."""

    number: int = 0
    position: Position = GENESIS
    entries: int = 0
    """Since genesis."""
    chain: bytes = START
    head_hash: bytes = START


class Head(NamedTuple):
    """What a segment says of itself."""

    compression: int
    """One of packing.COMPRESSIONS."""
    number: int
    """1, 2, 3 …"""
    first: Position
    last: Position
    entries: int
    content_bytes: int
    packed_bytes: int
    content_hash: bytes
    before: End
    """Where the segment before ends."""
    after: End
    """Where this one does."""


class SegmentWriter:
    """Takes entries one by one and makes a segment of them."""

    def __init__(self, before: End) -> None:
        self._before = before
        self._first = self.position = before.position
        self._entries = 0
        self._chain = before.chain
        self._packer = packer()
        self._packed: list[bytes] = []
        self._loose: list[bytes] = []
        self._loose_bytes = 0
        self.content_bytes = 0

    def add(self, entry: LogEntry) -> None:
        """Take the next entry."""
        position, time_ms, data, _ = entry
        if position <= self.position or time_ms != position.high:
            raise ValueError(f"entry {position} can't follow {self.position} at {time_ms}")
        if not self._entries:
            self._first = position
        self.position = position
        self._entries += 1
        self._chain = extend(self._chain, position, data)
        self._loose += (ENTRY_HEAD.pack(*position, len(data)), data)
        self._loose_bytes += ENTRY_HEAD.size + len(data)
        if self._loose_bytes >= _PACK_BYTES:
            self._pack()
        self.content_bytes += ENTRY_HEAD.size + len(data)

    def finish(self) -> tuple[str, bytes, End]:
        """The segment's name, its bytes, and where the archive ends with it."""
        assert self._entries
        self._pack()
        packed = b"".join([*self._packed, self._packer.flush()])
        before = self._before
        number, entries = before.number + 1, before.entries + self._entries
        bare = _HEAD.pack(
            *(MAGIC, FORMAT, ZSTD, 0, number, self._entries, before.entries),
            *(*self._first, *self.position, *before.position),
            *(self.content_bytes, len(packed)),
            *(before.chain, self._chain, blake3(packed).digest(), before.head_hash),
        )
        head_hash = blake3(bare).digest()
        end = End(number, self.position, entries, self._chain, head_hash)
        return name_of(number, self._first), bare + head_hash + packed, end

    def _pack(self) -> None:
        self._packed.append(self._packer.compress(b"".join(self._loose)))
        self._loose.clear()
        self._loose_bytes = 0


def name_of(number: int, first: Position) -> str:
    """The name of a segment: names sort as segments follow each other."""
    return f"{number:08d}-{first}.segment"


def parse_name(name: str) -> tuple[int, Position]:
    """Number and first position from a name; ValueError for a name that isn't one of ours."""
    number, _, rest = name.removesuffix(".segment").partition("-")
    found = int(number), Position.parse(rest)
    if name_of(*found) != name:
        raise ValueError(f"not the name of a segment: {name}")
    return found


def read_head(name: str, data: bytes) -> Head:
    """The head of a segment, of which `data` is the beginning. Raises SegmentDamaged."""
    if len(data) < HEAD_BYTES:
        raise SegmentDamaged(name, "cut off inside its head", len(data))
    bare, head_hash = data[: _HEAD.size], data[_HEAD.size : HEAD_BYTES]
    if not bare.startswith(MAGIC):
        raise SegmentDamaged(name, "doesn't begin as a segment does", 0)
    if blake3(bare).digest() != head_hash:
        what = f"one of its first {HEAD_BYTES} bytes, the head, was changed"
        raise SegmentDamaged(name, what)
    _, form, compression, _, number, entries, entries_before, *rest = _HEAD.unpack(bare)
    if form != FORMAT or compression not in COMPRESSIONS:
        raise SegmentDamaged(name, f"has format {form}.{compression}: of a later version", 8)
    points, (content_bytes, packed_bytes), hashes = rest[:6], rest[6:8], rest[8:]
    first, last, previous = (Position(*points[i : i + 2]) for i in (0, 2, 4))
    if name_of(number, first) != name:
        raise SegmentDamaged(name, f"is the segment {name_of(number, first)}")
    if not entries or not previous < first <= last or content_bytes > SEGMENT_BYTES_MAX:
        raise SegmentDamaged(name, "its head contradicts itself")
    chain_before, chain_after, content_hash, previous_hash = hashes
    before = End(number - 1, previous, entries_before, chain_before, previous_hash)
    after = End(number, last, entries_before + entries, chain_after, head_hash)
    sizes = entries, content_bytes, packed_bytes
    return Head(compression, number, first, last, *sizes, content_hash, before, after)


def unpack(name: str, data: bytes) -> tuple[Head, bytes]:
    """A segment's head and its content, unpacked. Raises SegmentDamaged."""
    head = read_head(name, data)
    packed = memoryview(data)[HEAD_BYTES:]
    if len(packed) < head.packed_bytes:
        raise SegmentDamaged(name, "cut off", len(data))
    if len(packed) > head.packed_bytes:
        raise SegmentDamaged(name, "has more behind its end", HEAD_BYTES + head.packed_bytes)
    if blake3(packed).digest() != head.content_hash:
        raise SegmentDamaged(name, "its content was changed")
    content = unpacked(head.compression, packed, head.content_bytes)
    if content is None:
        raise SegmentDamaged(name, "its content can't be unpacked to the length that it says")
    return head, content


def unpack_what_can_be(head: Head, packed: memoryview) -> bytes:
    """The content as far as it can be unpacked."""
    return unpacked_as_far_as_can_be(head.compression, packed, head.content_bytes)


def entries_of(content: bytes) -> Iterator[tuple[int, LogEntry]]:
    """The entries of a content and where in it each begins; ValueError where it is cut."""
    offset, end = 0, len(content)
    while offset < end:
        start = offset
        offset += ENTRY_HEAD.size
        if offset > end:
            raise ValueError("the content ends inside the head of an entry")
        high, low, length = ENTRY_HEAD.unpack_from(content, start)
        offset += length
        if offset > end:
            raise ValueError("the content ends inside an entry")
        yield start, LogEntry(Position(high, low), high, content[offset - length : offset])


def read_segment(name: str, data: bytes) -> tuple[Head, list[LogEntry]]:
    """A segment's head and entries; all but the chain is checked. Raises SegmentDamaged."""
    head, content = unpack(name, data)
    try:
        entries = [entry for _, entry in entries_of(content)]
    except ValueError as error:
        raise SegmentDamaged(name, str(error)) from None
    positions = [entry.position for entry in entries]
    is_right = len(positions) == head.entries and sorted(set(positions)) == positions
    if not is_right or (positions[0], positions[-1]) != (head.first, head.last):
        raise SegmentDamaged(name, "its entries aren't those that its head tells of")
    return head, entries
