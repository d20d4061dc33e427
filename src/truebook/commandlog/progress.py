"""How far an engine got with the log, in a file: so that one bad entry can't stop it for ever.

Promise: an entry at which the engine's process died three times is not tried again by the same
build: the engine halts in front of it and answers questions. No other entry is skipped, ever.

Before a batch is applied, its first and last position are written here; afterwards, that it is
done. A process killed in between leaves the batch marked, and it doesn't matter whether the power
fails: nothing is forced to disk. The next process applies the entries of that batch one at a time,
which tells at which one it dies, and counts.

The file is mapped into memory, which the system keeps when a process is killed: marking a batch
costs no call of the system, of which the first one after a rest takes twenty times as long. The
mark is one byte, set behind the positions and before them taken back, so it is never half true.
"""

import hashlib
import mmap
import os
from collections.abc import Sequence
from pathlib import Path
from struct import Struct
from typing import NamedTuple

from truebook.commandlog.interface import GENESIS, LogEntry, Position

STOPS_MAX = 3

# The build; what is being applied (first, last); the suspects (first, last); how often the process
# died at the suspect, counted once it is a single one; whether something is being applied.
_LAYOUT = Struct("<16s2Q2Q2Q2QQB")
_APPLYING = Struct("<2Q2Q")
_APPLYING_OFFSET = 16
_MARK_OFFSET = _LAYOUT.size - 1


class _Range(NamedTuple):
    first: Position
    last: Position


_NOTHING = _Range(GENESIS, GENESIS)


class Progress:
    """The file of one engine."""

    def __init__(self, path: Path, build: str) -> None:
        """Read what the process before this one left; `build` names what may pass where another
        build could not."""
        self._build = hashlib.blake2b(build.encode(), digest_size=16).digest()
        self._suspects = _NOTHING
        self._stops = 0
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            self._load(os.pread(file, _LAYOUT.size + 1, 0))
            os.ftruncate(file, _LAYOUT.size)
            # Written out, so that there is room for it on the disk, before it is mapped.
            os.pwrite(file, self._packed(), 0)
            self._file = mmap.mmap(file, _LAYOUT.size)
        finally:
            os.close(file)

    def together(self, entries: Sequence[LogEntry]) -> int:
        """How many of the entries, from the first on, may be applied at once; 0: none, halt."""
        first, last = self._suspects
        if self._suspects == _NOTHING or entries[-1].position < first:
            return len(entries)
        if entries[0].position < first:
            return sum(entry.position < first for entry in entries)
        if entries[0].position == first == last and self._stops >= STOPS_MAX:
            return 0
        return 1

    def begin(self, first: Position, last: Position) -> None:
        """These entries will now be applied."""
        _APPLYING.pack_into(self._file, _APPLYING_OFFSET, *first, *last)
        self._file[_MARK_OFFSET] = 1

    def done(self, last: Position) -> None:
        """They have been, up to this one."""
        self._file[_MARK_OFFSET] = 0
        if self._suspects != _NOTHING and last >= self._suspects.last:
            self._suspects, self._stops = _NOTHING, 0
            self._file[:] = self._packed()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _load(self, data: bytes) -> None:
        if len(data) != _LAYOUT.size:
            return
        build, *numbers, stops, is_applying = _LAYOUT.unpack(data)
        if build != self._build:
            return
        points = [Position(*numbers[i : i + 2]) for i in range(0, 8, 2)]
        died_at, suspects = _Range(*points[:2]), _Range(*points[2:])
        self._suspects, self._stops = suspects, stops
        if not is_applying:
            return
        if died_at != suspects:
            self._suspects, self._stops = died_at, 0
        if died_at.first == died_at.last:
            self._stops += 1

    def _packed(self) -> bytes:
        """The file, with nothing being applied."""
        points = (*_NOTHING, *self._suspects)
        numbers = [number for point in points for number in point]
        return _LAYOUT.pack(self._build, *numbers, self._stops, 0)
