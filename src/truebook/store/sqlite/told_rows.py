"""Reading rows of the tables that only grow, to compare them with what the log says.

Promise: nothing is written, and whatever is wrong with the file is an OSError.
"""

import sqlite3
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from truebook.commandlog.interface import GENESIS, Position
from truebook.store.sql.told_rows import ROWS, Row, pieces
from truebook.store.sqlite.place import FILE_ERRORS


class ToldRows:
    """Of one file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def position(self) -> Position:
        """Up to where the database has everything; GENESIS if there is none yet."""
        if not self._path.exists():
            return GENESIS
        with self._asking() as connection:
            found = connection.execute("SELECT position FROM progress").fetchone()
        return GENESIS if found is None else Position.parse(found[0])

    def rows(self, table: str, spans: Iterable[tuple[int, int, int]]) -> Iterator[list[Row]]:
        """Those of the spans (owner, first and last number), in their order, some at a time."""
        with self._asking() as connection:
            for piece in pieces(spans):
                yield connection.execute(ROWS[table], piece).fetchall()

    @contextmanager
    def _asking(self) -> Generator[sqlite3.Connection]:
        try:
            url = f"{self._path.absolute().as_uri()}?mode=ro"
            with closing(sqlite3.connect(url, uri=True)) as connection:
                yield connection
        except FILE_ERRORS as error:
            raise OSError(f"the database can't be read: {error}") from None
