"""Opening the database for readers, whatever database the URL names."""

import contextlib
from collections.abc import AsyncGenerator

from truebook.history import History
from truebook.store.interface import StateOf
from truebook.store.sqlite.history import SqliteHistory
from truebook.store.sqlite.place import path_of
from truebook.store.sqlite.state import read_state


@contextlib.asynccontextmanager
async def open_history(database_url: str) -> AsyncGenerator[History]:
    """The history in a database, until the context is left. The database may be missing or broken:
    then questions raise HistoryUnavailable until it is there. Raises ConfigError."""
    history = SqliteHistory(path_of(database_url))
    try:
        yield history
    finally:
        history.close()


def state_of(database_url: str) -> StateOf:
    """The exchange's state in a database. Raises ConfigError, StateUnreadable."""
    return read_state(path_of(database_url))
