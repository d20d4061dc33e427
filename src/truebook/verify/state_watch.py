"""Keeping an eye on the state that the rows of the database make: balances, open orders, settings.

Promise: what the database has at the position it stands at is compared with what the log says
there, now and then, in a small share of the witness's time. A record that differs is named with
both values; the same state is told once, until the database is right again.
"""

from collections.abc import Callable

from truebook.clock import Clock
from truebook.commandlog.interface import GENESIS, Position
from truebook.engine.canonical.tables import Tables
from truebook.verify.differences import differences, told
from truebook.verify.row_watch import REST, DatabaseWrong
from truebook.verify.truth import NoSuchPosition, Truth

EVERY_S = 60.0

StateOfRows = Callable[[], tuple[Position, Tables]]
"""The position and state that a database has; raises OSError where they can't be read."""


class StateWatch:
    """Of one database. Its methods may raise what reading the log raises, and OSError."""

    def __init__(self, truth: Truth, state: StateOfRows, clock: Clock) -> None:
        self._truth = truth
        self._state = state
        self._clock = clock
        self._next_s = clock.elapsed_s() + EVERY_S
        self._right_at = GENESIS
        self._is_wrong = False

    def step(self) -> DatabaseWrong | None:
        """Compare, if it is time; what is newly wrong."""
        begun_s = self._clock.elapsed_s()
        if begun_s < self._next_s:
            return None
        self._next_s = begun_s + EVERY_S
        was_wrong, found = self._is_wrong, self.check_now()
        took_s = self._clock.elapsed_s() - begun_s
        self._next_s = begun_s + max(EVERY_S, REST * took_s)
        return None if was_wrong else found

    def check_now(self) -> DatabaseWrong | None:
        """Compare all of it at once; None: it is what the log says."""
        position, tables = self._state()
        if position == GENESIS:
            return None
        try:
            self._truth.at(position)
        except NoSuchPosition as error:
            what = f"it stands at {position}: {error}"
        else:
            what = told(differences(tables, self._truth.engine.export()))
        self._is_wrong = bool(what)
        if not what:
            self._right_at = position
            return None
        return DatabaseWrong(str(self._right_at), str(position), f"rows of the state: {what}")
