"""Where segments are kept: a folder, and an interface for what else can keep them.

Promise: once `write` has returned the segment is on disk under its name, whole; before that there
is nothing under its name. Why: it is written under a temporary name, fsync'd, renamed, and the
folder is fsync'd. Nothing is ever overwritten or removed, but temporary files.
"""

import contextlib
import fcntl
import os
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

SUFFIX = ".segment"
_TEMPORARY = ".new"
_LOCK = "lock"


class ArchiveInUse(Exception):
    """Another process adds to this archive."""


class ArchiveStore(Protocol):
    """Keeps segments by name. Reading and writing may raise OSError."""

    def __str__(self) -> str:
        """What to call it in messages."""

    def names(self) -> list[str]:
        """The names of all segments, in order; none where there is no archive yet."""

    def read(self, name: str, count: int = -1) -> bytes:
        """A segment's bytes, or its first `count`."""

    def lock(self) -> None:
        """Become the only one that writes, until `close`. Raises ArchiveInUse."""

    def write(self, name: str, data: bytes) -> None:
        """Keep a segment that isn't there yet. FileExistsError if it is."""

    def close(self) -> None:
        """Let another one write."""


class FolderArchive:
    """An archive in a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: int | None = None

    def __str__(self) -> str:
        return str(self.path)

    def names(self) -> list[str]:
        """The names of all segments, in order."""
        try:
            return sorted(name for name in os.listdir(self.path) if name.endswith(SUFFIX))
        except FileNotFoundError:
            return []

    def read(self, name: str, count: int = -1) -> bytes:
        """A segment's bytes, or its first `count`."""
        with (self.path / name).open("rb") as file:
            return file.read(count)

    def lock(self) -> None:
        """Become the only one that writes; makes the folder, and clears what a writer left that was
        killed."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self.path / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise ArchiveInUse(f"another process adds to the archive in {self.path}") from None
        self._lock = descriptor
        for left in self.path.glob(f"*{_TEMPORARY}"):
            left.unlink()
        # A writer may have been killed between renaming and this.
        self._sync_folder()

    def write(self, name: str, data: bytes) -> None:
        """Keep a segment."""
        assert self._lock is not None
        path = self.path / name
        if path.exists():
            raise FileExistsError(f"{path} is there already")
        temporary = self.path / (name + _TEMPORARY)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(path)
        self._sync_folder()

    def close(self) -> None:
        """Let another one write."""
        if self._lock is not None:
            with contextlib.suppress(OSError):
                os.close(self._lock)
            self._lock = None

    def _sync_folder(self) -> None:
        folder = os.open(self.path, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def open_archive(url: str) -> ArchiveStore:
    """The archive at a URL, file:///… ; ValueError for another one."""
    parts = urlsplit(url)
    path = Path(unquote(parts.path))
    if parts.scheme != "file" or parts.netloc not in ("", "localhost") or not path.is_absolute():
        raise ValueError(f"{url!r} is no archive: file:// and an absolute path are needed")
    return FolderArchive(path)
