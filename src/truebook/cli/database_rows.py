"""The database as the witness reads it."""

from collections.abc import Iterator, Sequence

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

    def rows(table: RowTable, spans: Sequence[Span]) -> Iterator[Rows]:
        asked = ((span.owner, span.first, span.last) for span in spans)
        return (np.array(found, table.dtype) for found in told.rows(table.name, asked))

    def state() -> tuple[Position, Tables]:
        try:
            return state_of(url)
        except StateUnreadable as error:
            raise OSError(str(error)) from None

    return Database(told.position, rows, state)
