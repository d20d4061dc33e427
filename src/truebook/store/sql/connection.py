"""What a question needs of a connection; `sqlite3.Connection` is one as it is.

Values stand for `?`, one after the other. The SQL keeps to what SQLite and PostgreSQL have in
common: CASE and coalesce, no dates, no JSON, no arithmetic on text.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class Found(Protocol):
    """What a statement found."""

    def fetchall(self) -> list[Any]:
        """All rows that are left."""

    def fetchone(self) -> Any:
        """The next row; None: there is none."""

    def __iter__(self) -> Iterator[Any]:
        """Row by row."""


class Connection(Protocol):
    """A database, at one moment."""

    def execute(self, sql: str, values: Sequence[Any] = ..., /) -> Found:
        """Run one statement."""


class Asked(Protocol):
    """Answers questions, each with a connection of its own moment, without blocking anybody."""

    async def ask(self, question: Callable[[Connection], T]) -> T:
        """What the question finds. Raises HistoryUnavailable."""

    def close(self) -> None:
        """Give the connections back."""
