"""Reading an archive from any position on.

Promise: the entries come in order, each once, none left out, and every byte of a segment has been
checked before its first entry is given; otherwise SegmentDamaged or LogHole tells which segment.
"""

from bisect import bisect_right
from operator import attrgetter

from truebook.commandlog.archive.ahead import Ahead
from truebook.commandlog.archive.segment import (
    HEAD_BYTES,
    Head,
    SegmentDamaged,
    parse_name,
    read_head,
    read_segment,
)
from truebook.commandlog.archive.store import ArchiveStore
from truebook.commandlog.chain import START
from truebook.commandlog.interface import GENESIS, LogEntry, LogHole, Position

_position = attrgetter("position")


class ArchiveReader:
    """The segments that were there at the last `refresh`; two of them at a time are in memory, the
    second only where they are read one piece after another."""

    def __init__(self, store: ArchiveStore) -> None:
        self._store = store
        self._names: list[str] = []
        self._firsts: list[Position] = []
        self._end: Head | None = None
        self._loaded: Head | None = None
        self._entries: list[LogEntry] = []
        self._ahead = Ahead(self._read)

    @property
    def end(self) -> Position:
        """The last position archived; GENESIS for an empty archive."""
        return GENESIS if self._end is None else self._end.last

    def refresh(self) -> None:
        """Look which segments there are. Raises LogHole, SegmentDamaged, OSError."""
        names = self._store.names()
        if names == self._names:
            return
        firsts = check_names(names)
        self._end = self._head(names[-1]) if names else None
        self._names, self._firsts = names, firsts

    def read(self, after: Position, count: int) -> list[LogEntry]:
        """Up to `count` entries behind `after`, which must be GENESIS or an entry's position.

        Raises LogHole where the archive has no such entry.
        """
        if after >= self.end:
            return []
        index = max(0, bisect_right(self._firsts, after) - 1)
        entries = self._load(index)
        start = bisect_right(entries, after, key=_position)
        is_read_on = start > 0 or after == GENESIS
        if after != GENESIS and (not start or entries[start - 1].position != after):
            raise LogHole(f"the archive {self._store} doesn't hold {after}: is it of another log?")
        if start == len(entries):
            entries, start, index = self._load(index + 1), 0, index + 1
        if is_read_on and index + 1 < len(self._names):
            # It is read one piece after another: what comes next is likely to be wanted, too.
            self._ahead.begin(self._names[index + 1])
        return entries[start : start + count]

    def known_chain(self, position: Position) -> tuple[Position, bytes]:
        """The last place up to `position` where a segment ends or another begins, and the log's
        chain there. Raises SegmentDamaged, OSError."""
        if self._end is not None and self._end.last <= position:
            return self._end.last, self._end.after.chain
        index = bisect_right(self._firsts, position) - 1
        if index < 0:
            return GENESIS, START
        before = self._head(self._names[index]).before
        return before.position, before.chain

    def _load(self, index: int) -> list[LogEntry]:
        name = self._names[index]
        loaded = self._loaded
        if loaded is None or loaded.number != index + 1:
            head, entries = self._ahead.take(name)
            if loaded is not None and loaded.number == index and head.before != loaded.after:
                raise SegmentDamaged(name, f"doesn't follow on segment {loaded.number}")
            self._loaded, self._entries = head, entries
        return self._entries

    def _read(self, name: str) -> tuple[Head, list[LogEntry]]:
        return read_segment(name, self._store.read(name))

    def _head(self, name: str) -> Head:
        return read_head(name, self._store.read(name, HEAD_BYTES))


def check_names(names: list[str]) -> list[Position]:
    """The first positions of segments, if their names tell of all from the first on.

    Raises SegmentDamaged for a name that isn't one, LogHole where one is missing.
    """
    firsts = []
    for expected, name in enumerate(names, 1):
        try:
            number, first = parse_name(name)
        except ValueError as error:
            raise SegmentDamaged(name, str(error)) from None
        if number != expected:
            missing = (
                f"segment {expected}"
                if number == expected + 1
                else (f"segments {expected} to {number - 1}")
            )
            raise LogHole(f"{missing} of the archive, before {name}, isn't there")
        firsts.append(first)
    return firsts
