"""Going through the log from genesis, to tell of a part of it in words."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from truebook.commandlog.interface import GENESIS, LogEntry, LogReader, Position
from truebook.directory import Directory
from truebook.limits import READ_ENTRIES_MAX
from truebook.verify.log_settings import LogSettings
from truebook.verify.sequences import Judged, Sequences


class Read(NamedTuple):
    """An entry, what becomes of it, and the settings as they are before it."""

    entry: LogEntry
    judged: Judged
    directory: Directory


def read_range(
    log: LogReader,
    first: Position,
    last: Position | None = None,
    progress: Callable[[float], None] = lambda share: None,
) -> Iterator[Read]:
    """The entries from `first` to `last`, both included (None: the present end), read from genesis
    on, since only that tells which settings hold."""
    end = log.last_position()
    end = end if last is None else min(end, last)
    sequences, settings = Sequences(), LogSettings()
    position, begin_ms = GENESIS, 0
    while position < end:
        entries = log.read(position, READ_ENTRIES_MAX, 0)
        if not entries:
            return
        for entry in entries:
            if entry.position > end:
                return
            judged = sequences.judge(entry.data)
            if entry.position >= first:
                yield Read(entry, judged, settings.directory)
            settings.follow(entry, judged.status)
            position = entry.position
        begin_ms = begin_ms or entries[0].position.high
        progress((position.high - begin_ms + 1) / (end.high - begin_ms + 1))
