"""When each entry was reached, where that was not at once: the recoveries of a log.

Promise: of every entry all readers say the same, in whatever company and however late they read it.
Why: that an engine came late is itself written into the log, as a RECOVERY, before anything that
follows from it is told to anybody (recovering.py). It says "what stands behind `after` and before
me is reached now", now being its own entry's time. Of several that cover an entry the last counts.

Beside the log its server keeps the list of them, so that a reader knows them before it comes to
what they cover. The log is what is true: the list can be made from it (`recovery_in`), every reader
that passes a recovery compares (reached_log.py), and `truebook log verify` does.
"""

from bisect import bisect_left
from collections.abc import Iterable
from struct import Struct

import numpy as np

from truebook.commandlog.entries import is_whole
from truebook.commandlog.interface import LogEntry, Position, Recovery
from truebook.limits import DEADLINE_MS_DEFAULT
from truebook.messages import COMMAND, COMMAND_BYTES, RECOVERY, CommandKind

assert COMMAND.fields is not None
assert RECOVERY.fields is not None
_AFTER = Struct("<2Q")
_AFTER_OFFSET = COMMAND_BYTES + RECOVERY.fields["after_high"][1]
_RECOVERY_BYTES = 2 * COMMAND_BYTES
_RECOVERY = int(CommandKind.RECOVERY)
_DEADLINE = np.dtype(
    {
        "names": ["kind", "deadline_ms"],
        "formats": ["u1", "<u4"],
        "offsets": [0, COMMAND.fields["deadline_ms"][1]],
        "itemsize": COMMAND_BYTES,
    }
)
_WITH_DEADLINE = np.array(
    [CommandKind.PLACE, CommandKind.PLACE_TRIGGER, CommandKind.AMEND], np.uint8
)


class Recoveries:
    """All recoveries of a log, in its order, as somebody has read them."""

    def __init__(self, token: int = 0, all_of_them: Iterable[Recovery] = ()) -> None:
        """`token`: the log server's; who writes the next recovery must know it."""
        self.token = token
        self.all = tuple(all_of_them)
        self._afters = [recovery.after for recovery in self.all]

    def covering(self, position: Position) -> Recovery | None:
        """The one that says when the entry there was reached; None: it was at once."""
        behind = bisect_left(self._afters, position)
        if not behind or position >= self.all[behind - 1].at:
            return None
        return self.all[behind - 1]

    def told(self, entries: list[LogEntry]) -> list[LogEntry]:
        """The entries, each with the time at which it was reached."""
        if not self.all or entries[0].position >= self.all[-1].at:
            return entries
        return [self._told(entry) for entry in entries]

    def _told(self, entry: LogEntry) -> LogEntry:
        recovery = self.covering(entry.position)
        return entry._replace(reached_ms=0 if recovery is None else recovery.at.high)

    def between(self, first: Position, last: Position) -> list[Recovery]:
        """Those that stand behind `first` and not behind `last`."""
        return [recovery for recovery in self.all if first < recovery.at <= last]


def may_be_recovery(entry: LogEntry) -> bool:
    """Whether an entry is as long as a recovery and begins like one."""
    data = entry.data
    return len(data) == _RECOVERY_BYTES and data[COMMAND_BYTES] == _RECOVERY


def recovery_in(entry: LogEntry) -> Recovery | None:
    """The recovery that an entry is: one command, alone in it; None for every other entry."""
    if not may_be_recovery(entry) or not is_whole(entry.data):
        return None
    return Recovery(Position(*_AFTER.unpack_from(entry.data, _AFTER_OFFSET)), entry.position)


def has_expired(entry: LogEntry, now_ms: int) -> bool:
    """Whether the deadline of one of its commands, not judged as passed yet, has passed now."""
    if len(entry.data) % COMMAND_BYTES:
        return False
    rows = np.frombuffer(entry.data, _DEADLINE)[1:]
    if now_ms - entry.time_ms <= DEADLINE_MS_DEFAULT and not rows["deadline_ms"].any():
        return False  # as nearly always: nobody named a deadline of his own
    if not is_whole(entry.data):
        return False
    deadlines = rows["deadline_ms"][np.isin(rows["kind"], _WITH_DEADLINE)].astype(np.int64)
    deadlines[deadlines == 0] = DEADLINE_MS_DEFAULT
    is_past = deadlines < now_ms - entry.time_ms
    if entry.reached_ms:
        is_past &= deadlines >= entry.reached_ms - entry.time_ms
    return bool(is_past.any())
