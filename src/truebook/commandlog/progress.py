"""How far an engine got with the log, in a file: so that one bad entry can't stop it for ever.

Promise: an entry at which the engine's process died three times is not tried again by the same
build: the engine halts in front of it and answers questions. No other entry is skipped, ever.

Before a batch is applied, its first and last position are written here; afterwards, that it is
done. A process killed in between leaves the batch marked, and it doesn't matter whether the power
fails: nothing is forced to disk. The next process applies the entries of that batch one at a time,
which tells at which one it dies, and counts.
"""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from struct import Struct
from typing import NamedTuple

from truebook.commandlog.interface import GENESIS, LogEntry, Position

STOPS_MAX = 3

# The build; what is being applied (first, last; GENESIS: nothing); the suspects (first, last); how
# often the process died at the suspect, counted once it is a single one.
_LAYOUT = Struct("<16s2Q2Q2Q2QQ")


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
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        self._load(os.pread(self._file, _LAYOUT.size, 0))
        self._write(_NOTHING)

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
        self._write(_Range(first, last))

    def done(self, last: Position) -> None:
        """They have been, up to this one."""
        if self._suspects != _NOTHING and last >= self._suspects.last:
            self._suspects, self._stops = _NOTHING, 0
        self._write(_NOTHING)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def _load(self, data: bytes) -> None:
        if len(data) != _LAYOUT.size:
            return
        build, *numbers, stops = _LAYOUT.unpack(data)
        if build != self._build:
            return
        points = [Position(*numbers[i : i + 2]) for i in range(0, 8, 2)]
        died_at, suspects = _Range(*points[:2]), _Range(*points[2:])
        self._suspects, self._stops = suspects, stops
        if died_at == _NOTHING:
            return
        if died_at != suspects:
            self._suspects, self._stops = died_at, 0
        if died_at.first == died_at.last:
            self._stops += 1

    def _write(self, applying: _Range) -> None:
        points = (*applying, *self._suspects)
        numbers = [number for point in points for number in point]
        os.pwrite(self._file, _LAYOUT.pack(self._build, *numbers, self._stops), 0)
