"""Files that only grow, one JSON object a line.

Promise: what was added stays, whatever happens to the lines behind it; a line that was cut, by a
full disk or a loss of power, costs itself alone.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import msgspec

T = TypeVar("T")


def add_line(path: Path, told: msgspec.Struct) -> None:
    """Add an object, for good; the folder is made when it is first needed. May raise OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.open("ab+") as file:
        if file.tell():
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                file.write(b"\n")
        file.write(msgspec.json.encode(told) + b"\n")
        file.flush()
        os.fsync(file.fileno())


def lines_of(path: Path, kind: type[T]) -> list[T]:
    """The objects that can be read, the oldest first; none if there is no such file."""
    found = []
    with suppress(FileNotFoundError):
        for line in path.read_bytes().splitlines():
            with suppress(msgspec.MsgspecError):
                found.append(msgspec.json.decode(line, type=kind))
    return found
