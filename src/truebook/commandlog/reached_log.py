"""A log whose entries say when they were reached: what everybody reads who applies them.

Promise: an entry is given with the time that every other reader gives it with, or the reader is
stopped: by Overtaken if it was given entries before it became a fact that they were reached later
(it must start again), by RecoveriesWrong if the list on the log server isn't what stands in the
log. Why: the list is read before the first entry; a recovery that is written later stands in the
log itself, and whoever passes it compares it with the list, and the list with it.

Costs a reader that keeps up one comparison an entry.
"""

from itertools import zip_longest

from truebook.commandlog.interface import (
    GENESIS,
    LogEntry,
    LogReader,
    LogUnavailable,
    Overtaken,
    Position,
    RecoveriesWrong,
    Recovery,
    RecoveryBook,
)
from truebook.commandlog.recoveries import Recoveries, may_be_recovery, recovery_in


class ReachedLog:
    """interface.LogReader that fills in `reached_ms`; reading raises Overtaken, RecoveriesWrong."""

    def __init__(self, log: LogReader, book: RecoveryBook) -> None:
        self.book = book
        self.known = Recoveries()
        """The recoveries, as read last."""
        self._log = log
        self._is_read = False

    def read(self, after: Position, count: int, block_ms: int) -> list[LogEntry]:
        """Up to `count` entries behind `after`; waits up to `block_ms` (0: not) for the first."""
        return self._told(after, self._log.read(after, count, block_ms))

    def follow(self, after: Position, count: int) -> list[LogEntry]:
        """The entries behind `after`, up to `count`, that have come by now."""
        entries = self._log.follow(after, count)
        try:
            return self._told(after, entries)
        except LogUnavailable:
            # They are asked for again, since nothing was given.
            return []

    def chain_at(self, position: Position) -> bytes | None:
        """The log's."""
        return self._log.chain_at(position)

    def hold(self, position: Position | None) -> None:
        """What is behind that position is to stay at hand."""
        self._log.hold(position)

    def fileno(self) -> int:
        """The log's."""
        return self._log.fileno()

    def last_position(self) -> Position:
        """The position of the newest entry; the recoveries that are written by now are known then.
        For whoever has applied nothing yet."""
        last = self._log.last_position()
        self.refresh(GENESIS)
        return last

    def close(self) -> None:
        """Give both connections back."""
        self._log.close()
        self.book.close()

    def refresh(self, applied: Position) -> None:
        """Read the list again, having applied what was given up to a position. Raises
        LogUnavailable; Overtaken if some of that was reached later than it said."""
        known = Recoveries(*self.book.read())
        if known.all[: len(self.known.all)] != self.known.all:
            raise RecoveriesWrong("the log server's list of recoveries isn't the one it was")
        news = known.all[len(self.known.all) :] if self._is_read else ()
        self.known, self._is_read = known, True
        for recovery in news:
            if recovery.after < applied:
                raise Overtaken(
                    f"what stands behind {recovery.after} was reached at {recovery.at}, as an"
                    " engine has written that came late: it must be read again"
                )

    def _told(self, after: Position, entries: list[LogEntry]) -> list[LogEntry]:
        if not entries:
            return entries
        if not self._is_read:
            self.refresh(after)
        last = entries[-1].position
        if self._passes_none(after, entries):
            return entries
        passed = [found for entry in entries if (found := recovery_in(entry)) is not None]
        if passed != self.known.between(after, last):
            self.refresh(after)
            self._compare(passed, self.known.between(after, last))
        return self.known.told(entries)

    def _passes_none(self, after: Position, entries: list[LogEntry]) -> bool:
        """Whether these entries have nothing to do with a recovery, as nearly always: none is one,
        and all that are known stand before them."""
        known = self.known.all
        if known and known[-1].at > after:
            return False
        return not any(map(may_be_recovery, entries))

    def _compare(self, passed: list[Recovery], listed: list[Recovery]) -> None:
        """The recoveries that stand in the log are those that the list has there."""
        if passed == listed:
            return
        in_log, in_list = next(two for two in zip_longest(passed, listed) if two[0] != two[1])
        is_in_log = in_list is None or (in_log is not None and in_log.at <= in_list.at)
        odd, where = (in_log, "the log") if is_in_log else (in_list, "the log server's list")
        raise RecoveriesWrong(
            f"only {where} has the recovery at {odd.at}, of what stands behind {odd.after}"
        )
