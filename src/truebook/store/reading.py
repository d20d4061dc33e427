"""Opening the database for readers, whatever database the URL names."""

import contextlib
from collections.abc import AsyncGenerator

from truebook.history import History
from truebook.store.sqlite.history import SqliteHistory
from truebook.store.sqlite.place import path_of


@contextlib.asynccontextmanager
async def open_history(database_url: str) -> AsyncGenerator[History]:
    """The history in a database, until the context is left. The database may be missing or broken:
    then questions raise HistoryUnavailable until it is there. Raises ConfigError."""
    history = SqliteHistory(path_of(database_url))
    try:
        yield history
    finally:
        history.close()
