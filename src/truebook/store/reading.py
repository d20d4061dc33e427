"""Opening the database for readers, whatever database the URL names.

PostgreSQL's driver is loaded only where it is needed: it takes a tenth of a second.
"""

import contextlib
from collections.abc import AsyncGenerator, Iterable, Iterator
from typing import Protocol

from truebook.commandlog.interface import Position
from truebook.history import History
from truebook.postgres.urls import is_postgres
from truebook.store.interface import StateOf
from truebook.store.sql.history import SqlHistory
from truebook.store.sql.told_rows import Row
from truebook.store.sqlite.history import SqliteHistory
from truebook.store.sqlite.place import path_of
from truebook.store.sqlite.state import read_state
from truebook.store.sqlite.told_rows import ToldRows as SqliteToldRows


class ToldRows(Protocol):
    """The tables that only grow, as the witness reads them. Both may raise OSError where it can't
    be."""

    def position(self) -> Position:
        """Up to where the database has everything; GENESIS if there is none yet."""

    def rows(self, table: str, spans: Iterable[tuple[int, int, int]]) -> Iterator[list[Row]]:
        """Of `trades` those of markets, of `fills` those of accounts: of the spans (whose, first
        and last number), in their order, some at a time, as store/sql/told_rows.py lists their
        columns."""


@contextlib.asynccontextmanager
async def open_history(database_url: str) -> AsyncGenerator[History]:
    """The history in a database, until the context is left. The database may be missing or broken:
    then questions raise HistoryUnavailable until it is there. Raises ConfigError."""
    history = history_of(database_url)
    try:
        yield history
    finally:
        history.close()


def history_of(database_url: str) -> SqlHistory:
    """The same, for whoever closes it. Raises ConfigError."""
    if is_postgres(database_url):
        from truebook.store.postgres.history import PostgresHistory

        return PostgresHistory(database_url)
    return SqliteHistory(path_of(database_url))


def state_of(database_url: str) -> StateOf:
    """The exchange's state in a database. Raises ConfigError, StateUnreadable."""
    if is_postgres(database_url):
        from truebook.store.postgres import state

        return state.read_state(database_url)
    return read_state(path_of(database_url))


def told_rows_of(database_url: str) -> ToldRows:
    """The rows of a database. Raises ConfigError."""
    if is_postgres(database_url):
        from truebook.store.postgres import told_rows

        return told_rows.ToldRows(database_url)
    return SqliteToldRows(path_of(database_url))
