"""Where snapshots are kept: a folder for each engine, in a folder for all of an installation.

    snapshots/engine-1/1795246042096-0.snapshot

Promise: a file under its name is whole: it is written under a temporary name, fsync'd, renamed, and
the folder is fsync'd. Only the engine of that name writes or removes files there; others may read.
"""

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from truebook.commandlog.interface import Position

SUFFIX = ".snapshot"
_TEMPORARY = ".new"


class Kept(NamedTuple):
    """A snapshot's file."""

    position: Position
    path: Path


class SnapshotFolder:
    """The snapshots of one engine."""

    def __init__(self, path: Path, keep: int) -> None:
        """`keep`: how many of the latest are kept."""
        self.path = path
        self._keep = keep

    def clear(self) -> None:
        """Make the folder, and remove what a writer left that was killed."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        for left in self.path.glob(f"*{_TEMPORARY}"):
            left.unlink(missing_ok=True)

    def path_of(self, position: Position) -> Path:
        """Where the snapshot at a position is, if there is one."""
        return self.path / f"{position}{SUFFIX}"

    def write(self, position: Position, pieces: Sequence[bytes | memoryview]) -> None:
        """Keep a snapshot, and of the older ones as many as are to be kept. Raises OSError."""
        temporary = self.path / f"{position}.{os.getpid()}{_TEMPORARY}"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "wb", buffering=0) as file:
            for piece in pieces:
                _write_all(file.fileno(), piece)
            os.fsync(file.fileno())
        temporary.rename(self.path_of(position))
        self._sync()
        for kept in kept_in(self.path)[self._keep :]:
            with contextlib.suppress(FileNotFoundError):
                kept.path.unlink()

    def _sync(self) -> None:
        folder = os.open(self.path, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def kept_in(folder: Path) -> list[Kept]:
    """The snapshots in an engine's folder, the latest first; none where there is no folder."""
    found = []
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        for name in os.listdir(folder):
            if name.endswith(SUFFIX):
                with contextlib.suppress(ValueError):
                    position = Position.parse(name.removesuffix(SUFFIX))
                    found.append(Kept(position, folder / name))
    return sorted(found, reverse=True)


def kept_by_all(root: Path, first: str = "") -> list[Kept]:
    """The snapshots of all engines of an installation: those of the engine `first` before the
    others', and the latest first."""
    with contextlib.suppress(FileNotFoundError):
        own = kept_in(root / first) if first else []
        others = [
            kept for name in os.listdir(root) if name != first for kept in kept_in(root / name)
        ]
        return own + sorted(others, reverse=True)
    return []


def _write_all(descriptor: int, data: bytes | memoryview) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]
