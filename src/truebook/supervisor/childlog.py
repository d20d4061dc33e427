"""What a child prints, kept in a file that can't fill the disk.

Promise: at most `BYTES_MAX` in the file and as much in the one before it; and the last lines of the
child's present life at hand, to be shown if it crashes.
"""

import contextlib
from collections import deque
from pathlib import Path

BYTES_MAX = 4 * 1024 * 1024
TAIL_LINES = 15
LINE_BYTES_MAX = 16 * 1024
"""A longer line is cut into several: no child makes the supervisor keep more in memory."""


class ChildLog:
    """The log file of one child; `ROLE.log`, and `ROLE.log.1` for what was before."""

    def __init__(self, path: Path, bytes_max: int = BYTES_MAX) -> None:
        self._path = path
        self._bytes_max = bytes_max
        self._file = path.open("ab", buffering=0)
        self.tail: deque[str] = deque(maxlen=TAIL_LINES)

    def write(self, line: bytes) -> None:
        """Add a line; one for which there is no room on the disk is dropped."""
        line = line.rstrip(b"\n")
        self.tail.append(line.decode(errors="replace"))
        with contextlib.suppress(OSError):
            if self._file.tell() + len(line) >= self._bytes_max:
                self._turn()
            self._file.write(line + b"\n")

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _turn(self) -> None:
        self._file.close()
        self._path.replace(self._path.with_name(self._path.name + ".1"))
        self._file = self._path.open("wb", buffering=0)
