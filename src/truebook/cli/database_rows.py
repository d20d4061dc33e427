"""The database as the witness reads it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from truebook.commandlog.interface import Position
from truebook.config import Config
from truebook.engine.canonical.tables import Tables
from truebook.installation import database_url
from truebook.store.interface import StateUnreadable
from truebook.store.reading import state_of, told_rows_of
from truebook.verify.row_tables import Database, Rows, RowTable, Span


def database_of(config: Config) -> Database:
    """Where rows and state are read. Raises ConfigError."""
    url = database_url(config)
    told = told_rows_of(url)

    def position() -> Position:
        with _reading():
            return told.position()

    def rows(table: RowTable, spans: Sequence[Span]) -> Iterator[Rows]:
        asked = ((span.owner, span.first, span.last) for span in spans)
        with _reading():
            for found in told.rows(table.name, asked):
                yield np.array(found, table.dtype)

    def state() -> tuple[Position, Tables]:
        try:
            return state_of(url)
        except StateUnreadable as error:
            raise OSError(str(error)) from None

    return Database(position, rows, state)


@contextmanager
def _reading() -> Iterator[None]:
    """What somebody has put there that can't be in such a column is an OSError, too."""
    try:
        yield
    except (ValueError, OverflowError, TypeError) as error:
        raise OSError(f"the database can't be read: {error}") from None
