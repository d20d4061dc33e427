"""From the log into segments, and then out of the log server's memory.

Promise: nothing is trimmed before it stands, synced, in a segment, and every registered reader has
passed; an archiver that is killed anywhere goes on where the archive ends. Why: there is no state
but the archive itself. The segment at work is made anew from the log, which still has its entries.

What the server keeps: what isn't archived yet, and of what is, as much of the newest as fits half
of its bound. The other half is room for what comes while a segment is made.
"""

import logging
from collections import deque
from typing import NamedTuple

from truebook.clock import SYSTEM_CLOCK, Clock
from truebook.commandlog.archive.reading import check_names
from truebook.commandlog.archive.segment import (
    HEAD_BYTES,
    End,
    SegmentWriter,
    read_head,
    read_segment,
)
from truebook.commandlog.archive.store import ArchiveStore
from truebook.commandlog.covering import Cover
from truebook.commandlog.interface import (
    LogEntry,
    LogHole,
    LogLost,
    LogTrimmed,
    Position,
    StreamReader,
    Trimmer,
)
from truebook.limits import ARCHIVE_READ_ENTRIES_MAX

_logger = logging.getLogger(__name__)
ENTRY_OVERHEAD_BYTES = 64
"""What the server's memory needs for an entry beside its data: measured 40 to 60."""
COVER_S_MAX = 5.0
"""How long a segment waits for what it holds to be on replicas, before all is tried again."""
TRIM_S = 10.0
"""How often trimming is tried again where a reader held it up."""


class Plan(NamedTuple):
    """How much goes into a segment, and how much stays on the log server."""

    log_bytes_max: int = 256 << 20
    """Of the log server's memory."""
    segment_bytes: int = 16 << 20
    """Entries make a segment when they have so many bytes …"""
    segment_s: float = 600.0
    """… or the first of them is so old."""
    vanished_s: float = 3600.0
    """A registered reader that gave no sign for so long holds nothing up any more."""


class _Kept(NamedTuple):
    """A segment whose entries the server may still have."""

    last: Position
    memory_bytes: int


class Archiver:
    """Adds to one archive; the store is locked from `open` on."""

    def __init__(
        self,
        store: ArchiveStore,
        log: StreamReader,
        trimmer: Trimmer,
        plan: Plan,
        clock: Clock = SYSTEM_CLOCK,
        cover: Cover | None = None,
    ) -> None:
        """`cover`: what is kept must be on replicas, too."""
        self._store = store
        self._cover = cover
        self._last: LogEntry | None = None
        self._log = log
        self._trimmer = trimmer
        self._plan = plan
        self._clock = clock
        self._segment_bytes = max(1, min(plan.segment_bytes, plan.log_bytes_max // 4))
        self._end = End()
        self._writer = SegmentWriter(self._end)
        self._begun_s = 0.0
        self._kept: deque[_Kept] = deque()
        self._bound = self._end.position
        """Up to here the server may drop entries."""
        self._trimmed = self._end.position
        self._next_trim_s = 0.0
        self._holder = ""
        self.packed_bytes = 0
        """Written by this process."""

    @property
    def end(self) -> End:
        """Where the archive ends."""
        return self._end

    @property
    def position(self) -> Position:
        """Up to where the log was read; what is behind `end` waits for its segment."""
        return self._writer.position

    @property
    def waiting_bytes(self) -> int:
        """What was read and waits for its segment."""
        return self._writer.content_bytes

    @property
    def trimmed(self) -> Position:
        """The oldest position that the log server keeps for sure."""
        return self._trimmed

    @property
    def holder(self) -> str:
        """The registered reader that holds up the trimming; empty: none."""
        return self._holder

    def open(self) -> None:
        """Find where the archive ends. Raises ArchiveInUse, SegmentDamaged, LogHole, LogLost,
        LogUnavailable, OSError."""
        self._store.lock()
        names = self._store.names()
        check_names(names)
        if names:
            head, _ = read_segment(names[-1], self._store.read(names[-1]))
            self._end = head.after
        try:
            self._log.check_holds(self._end.position)
        except LogTrimmed as error:
            raise LogHole(
                f"entries are missing behind {self._end.position}, where the archive {self._store}"
                f" ends: {error}; is archive.url the right one?"
            ) from None
        except LogLost as error:
            raise LogLost(
                f"the archive {self._store} ends at {self._end.position}, but {error}"
            ) from None
        self._writer = SegmentWriter(self._end)
        self._trimmed = self._trimmer.trimmed()
        self._find_kept(names)

    def step(self) -> bool:
        """Take what has come, make a segment of it if it is time, trim; whether there was much.

        Raises LogUnavailable, OSError; after that it must be made and opened anew.
        """
        entries = self._log.read(self._writer.position, ARCHIVE_READ_ENTRIES_MAX, 0)
        for entry in entries:
            if not self._writer.content_bytes:
                self._begun_s = self._clock.elapsed_s()
            self._writer.add(entry)
            self._last = entry
            if self._writer.content_bytes >= self._segment_bytes:
                self._cut()
        is_old = self._clock.elapsed_s() - self._begun_s >= self._plan.segment_s
        if is_old and self._writer.content_bytes:
            self._cut()
        if self._clock.elapsed_s() >= self._next_trim_s:
            self._trim()
        return len(entries) == ARCHIVE_READ_ENTRIES_MAX

    def close(self) -> None:
        """Give everything back; what isn't in a segment stays in the log."""
        self._log.close()
        if self._cover is not None:
            self._cover.close()
        self._trimmer.close()
        self._store.close()

    def _cut(self) -> None:
        if self._cover is not None and self._last is not None:
            self._cover.wait(self._last, COVER_S_MAX)
        name, data, end = self._writer.finish()
        self._store.write(name, data)
        entries = end.entries - self._end.entries
        memory_bytes = self._writer.content_bytes + entries * ENTRY_OVERHEAD_BYTES
        self._kept.append(_Kept(end.position, memory_bytes))
        self._end = end
        self._writer = SegmentWriter(end)
        self.packed_bytes += len(data)
        self._next_trim_s = 0.0
        _logger.info("segment %s: %d entries, %d bytes", name, entries, len(data))

    def _trim(self) -> None:
        """Let the server drop what exceeds its part of the memory."""
        self._next_trim_s = self._clock.elapsed_s() + TRIM_S
        keep_bytes = self._plan.log_bytes_max // 2
        left = sum(kept.memory_bytes for kept in self._kept)
        while self._kept and left > keep_bytes:
            self._bound, dropped = self._kept.popleft()
            left -= dropped
        if self._bound <= self._trimmed:
            return
        trim = self._trimmer.trim(self._bound, round(self._plan.vanished_s * 1000))
        self._trimmed = trim.bound
        for name in trim.vanished:
            _logger.warning("reader %s of the log has given no sign: it counts no more", name)
        if trim.holder and trim.holder != self._holder:
            _logger.warning("reader %s at %s holds up the trimming", trim.holder, trim.bound)
        self._holder = trim.holder

    def _find_kept(self, names: list[str]) -> None:
        """Which segments' entries the server still has."""
        for name in reversed(names):
            head = read_head(name, self._store.read(name, HEAD_BYTES))
            if head.last <= self._trimmed:
                break
            memory_bytes = head.content_bytes + head.entries * ENTRY_OVERHEAD_BYTES
            self._kept.appendleft(_Kept(head.last, memory_bytes))
