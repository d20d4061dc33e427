"""What a database is to the projection: the writer's side. The reader's side is history.History.

Promise of a writer: `write` is all or nothing, and the position is part of it. So whatever ends a
process or a disk, the database stands exactly at the position it tells, and going on from there
does nothing twice. That the last writes may be lost when the power fails does no harm for the same
reason.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from truebook.commandlog.interface import Position, Tail
from truebook.directory import Directory
from truebook.engine.canonical.tables import Tables
from truebook.store.rows import Rows


class Stored(NamedTuple):
    """What a database knows."""

    tail: Tail
    """The position up to which everything is in it, and the event hash there."""
    directory: Directory
    """Its assets and markets."""


class StateOf(NamedTuple):
    """The exchange's state, as the rows of a database say."""

    position: Position
    tables: Tables


class StateUnreadable(Exception):
    """A database has no state that can be read; says why."""


class StoreUnavailable(Exception):
    """The database can't be reached, is locked or full: nothing was written, try again."""


class Writer(Protocol):
    """One database, one writer at a time."""

    def open(self) -> Stored:
        """Connect, bring the tables to the present version, and tell what is there. Raises
        StoreUnavailable."""

    def prepare(self, rows: Rows) -> Callable[[], None]:
        """Make what is to be sent, while another batch may be under way; what is returned writes
        it, as `write` does, once those before are there."""

    def write(self, rows: Rows) -> None:
        """Write a batch. Raises StoreUnavailable; then `close` and `open` again."""

    def close(self) -> None:
        """Give the connection back."""
