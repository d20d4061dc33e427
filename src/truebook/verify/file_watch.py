"""Keeping an eye on the files that a state is made again from: snapshots, and the archive.

Promise: each is read and checked by itself, one every EVERY_S, and then again in turn: so one that
somebody has damaged is named before it is needed. A damaged file is told once. Whether the segments
are those of this log, one behind the other, is for `truebook log verify` to tell.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from msgspec import Struct

from truebook.clock import Clock
from truebook.commandlog.archive.segment import SegmentDamaged, parse_name, read_segment
from truebook.commandlog.archive.store import ArchiveStore
from truebook.commandlog.interface import GENESIS, Position
from truebook.snapshots.file import SnapshotDamaged
from truebook.snapshots.folder import Kept
from truebook.snapshots.restoring import read

EVERY_S = 10.0
"""Some files a minute: of the largest, with a million orders, a tenth of a second each."""


class FileDamaged(Struct, rename="camel", frozen=True):
    """A file that isn't what was written."""

    position: Position
    """Of a snapshot; of a segment's first entry."""
    what: str
    """Names the file, and what is wrong with it."""


class FileWatch:
    """One installation's files."""

    def __init__(
        self, snapshots: Callable[[], Sequence[Kept]], archive: ArchiveStore, clock: Clock
    ) -> None:
        self._snapshots = snapshots
        self._archive = archive
        self._clock = clock
        self._next_s = 0.0
        self._round: Iterator[FileDamaged | None] = iter(())
        self._told: set[str] = set()

    def step(self) -> FileDamaged | None:
        """Look at the next file, if it is time; what is newly wrong."""
        now = self._clock.elapsed_s()
        if now < self._next_s:
            return None
        self._next_s = now + EVERY_S
        try:
            found = next(self._round)
        except StopIteration:
            self._round = self.check(*self._listed())
            return None
        if found is None or found.what in self._told:
            return None
        self._told.add(found.what)
        return found

    def snapshots(self) -> list[FileDamaged]:
        """All snapshots that are damaged now."""
        return [found for found in self.check(self._snapshots(), ()) if found is not None]

    def check(
        self, snapshots: Sequence[Kept], segments: Sequence[str]
    ) -> Iterator[FileDamaged | None]:
        """Look at one file after the other; None: it is whole, or has been removed meanwhile."""
        for kept in snapshots:
            yield self._found(kept.position, partial(read, kept))
        for name in segments:
            yield self._found(_first_of(name), partial(self._read, name))

    def _listed(self) -> tuple[Sequence[Kept], Sequence[str]]:
        return self._snapshots(), self._archive.names()

    def _read(self, name: str) -> None:
        read_segment(name, self._archive.read(name))

    def _found(self, position: Position, check: Callable[[], object]) -> FileDamaged | None:
        try:
            check()
        except FileNotFoundError:
            return None
        except (SnapshotDamaged, SegmentDamaged, OSError) as error:
            return FileDamaged(position, str(error))
        return None


def _first_of(name: str) -> Position:
    try:
        return parse_name(name)[1]
    except ValueError:
        return GENESIS
