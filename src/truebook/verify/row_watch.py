"""Keeping an eye on the trades and fills in the database.

Promise: each interval is compared with the log once the database has it, and again in turn for as
long as the witness lives, in a small share of its time; nothing takes long at once. A difference is
told once, until it is put right.
"""

from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np

from truebook.clock import Clock
from truebook.commandlog.interface import GENESIS, Overtaken, Position
from truebook.verify.differences import told
from truebook.verify.lines import add_line, lines_of
from truebook.verify.row_tables import (
    INTERVAL,
    TABLES,
    Database,
    Interval,
    Rows,
    RowTeller,
    differing,
    is_as_told,
    is_of,
    told_of,
)
from truebook.verify.truth import Truth

EVERY_S = 1.0
"""From one interval that is compared again to the next, at the least."""
REST = 50
"""For each second that a comparison takes, so many without one."""
EVENTS_BYTES_MAX = 4 << 20
"""Of events that wait to be looked through for rows: an interval may have hundreds of times as
many."""


class DatabaseWrong(msgspec.Struct, rename="camel", frozen=True):
    """Rows that aren't what the log says."""

    after: str
    until: str
    what: str

    def __str__(self) -> str:
        return f"the database is wrong between {self.after} and {self.until}: {self.what}"


class RowWatch:
    """Of one database. `step` may raise what reading the log raises, and OSError."""

    def __init__(
        self, make_truth: Callable[[], Truth], database: Database, folder: Path, clock: Clock
    ) -> None:
        self.found: list[DatabaseWrong] = []
        self._make_truth = make_truth
        self._truth = make_truth()
        self._database = database
        self._file = folder / "rows.jsonl"
        self._intervals = {of.until: of for of in lines_of(self._file, Interval)}
        """Those that are known, by where they end."""
        self._next = 0
        self._clock = clock
        self._next_s = 0.0
        self._told: set[str] = set()
        self._begin()

    def _begin(self) -> None:
        """Stand at the beginning of the log."""
        self._begun = GENESIS
        self._ended = GENESIS
        self._entries = 0
        self._taken = 0
        """Entries of the interval at hand."""
        self._events: list[bytes] = []
        self._events_bytes = 0
        self._teller = RowTeller()
        self._rows: list[dict[str, Rows]] = []
        """Those of the interval that were in earlier events than `_events`."""
        self._lasts: dict[str, dict[int, int]] = {table.name: {} for table in TABLES}
        """The number of each owner's last row in the intervals before."""

    def step(self) -> bool:
        """Do a little; whether there is more to do at once."""
        made = [] if self._is_whole else self._forward()
        for position, events in made:
            self._take(position, events)
        if self._is_whole and self._database.position() >= self._ended:
            self._keep(self._close())
            return True
        if not made:
            self._look_again()
        return bool(made)

    def check_now(self) -> list[DatabaseWrong]:
        """Compare everything that the database has, at once."""
        end = self._database.position()
        while self._ended < end and (made := self._truth.forward()):
            for position, events in made:
                if position <= end:
                    self._take(position, events)
                if self._is_whole:
                    self._close()
        if self._taken:
            self._close()
        return self.found

    def close(self) -> None:
        """Give the log back."""
        self._truth.close()

    @property
    def _is_whole(self) -> bool:
        return self._taken >= INTERVAL

    def _forward(self) -> list[tuple[Position, bytes]]:
        """The next entries of the log: positions and events."""
        try:
            return self._truth.forward()
        except Overtaken:
            # What some of them made is another now.
            self._truth.close()
            self._truth = self._make_truth()
            self._begin()
            return []

    def _take(self, position: Position, events: bytes) -> None:
        self._events.append(events)
        self._events_bytes += len(events)
        if self._events_bytes > EVENTS_BYTES_MAX:
            self._look_through()
        self._entries += 1
        self._taken += 1
        self._ended = position

    def _look_through(self) -> None:
        """Keep of the events what their rows are."""
        self._rows.append(self._teller.rows_of(b"".join(self._events)))
        self._events, self._events_bytes = [], 0

    def _gathered(self) -> dict[str, Rows]:
        """All of the interval; they stay until it is closed."""
        self._look_through()
        gathered = _joined(self._rows)
        self._rows = [gathered]
        return gathered

    def _close(self) -> Interval:
        """An interval is complete: compare it. Nothing is done where the database can't be read."""
        rows = self._gathered()
        tables = {
            table.name: told_of(rows[table.name], table, self._lasts[table.name])
            for table in TABLES
        }
        interval = Interval(str(self._begun), str(self._ended), self._entries, tables)
        if not is_as_told(self._database, interval):
            self._tell(interval, rows)
        for name, of in tables.items():
            self._lasts[name] |= {span.owner: span.last for span in of.spans}
        self._begun, self._taken, self._rows = self._ended, 0, []
        return interval

    def _keep(self, interval: Interval) -> None:
        """Remember what the log says now, whatever was remembered."""
        if self._intervals.get(interval.until) != interval:
            self._intervals[interval.until] = interval
            add_line(self._file, interval)

    def _look_again(self) -> None:
        """Compare the next of the known intervals, if it is time."""
        begun_s = self._clock.elapsed_s()
        if not self._intervals or begun_s < self._next_s:
            return
        interval = list(self._intervals.values())[self._next % len(self._intervals)]
        self._next += 1
        if is_as_told(self._database, interval):
            self._told.discard(interval.until)
        elif interval.until not in self._told and self._has(interval):
            rows = self._again(interval)
            if is_of(interval, rows):
                self._tell(interval, rows)
            else:
                # It was remembered of another log, or of this one before somebody came late.
                del self._intervals[interval.until]
        took_s = self._clock.elapsed_s() - begun_s
        self._next_s = begun_s + max(EVERY_S, REST * took_s)

    def _has(self, interval: Interval) -> bool:
        """Whether the database has all of it: one that is made anew comes to it later."""
        return self._database.position() >= Position.parse(interval.until)

    def _again(self, interval: Interval) -> dict[str, Rows]:
        """The rows of an earlier interval, made anew from the log."""
        truth, teller = self._make_truth(), RowTeller()
        after, until = Position.parse(interval.after), Position.parse(interval.until)
        found = [teller.rows_of(b"")]
        try:
            while made := truth.forward():
                # What is told before the interval has the markets that it names.
                teller.rows_of(b"".join(e for position, e in made if position <= after))
                events = b"".join(e for position, e in made if after < position <= until)
                found.append(teller.rows_of(events))
                if made[-1][0] >= until:
                    break
        finally:
            truth.close()
        return _joined(found)

    def _tell(self, interval: Interval, rows: dict[str, Rows]) -> None:
        """Name what differs from these rows; nothing, if it was put right meanwhile."""
        if what := told(differing(self._database, interval, rows)):
            self._told.add(interval.until)
            self.found.append(DatabaseWrong(interval.after, interval.until, what))


def _joined(parts: list[dict[str, Rows]]) -> dict[str, Rows]:
    return {table.name: np.concatenate([part[table.name] for part in parts]) for table in TABLES}
