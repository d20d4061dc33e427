"""Opening the database for readers, whatever database the URL names."""

import contextlib
from collections.abc import AsyncGenerator

from truebook.config import ConfigError
from truebook.history import History
from truebook.store.sqlite.history import SqliteHistory
from truebook.store.sqlite.place import SCHEME, path_of


@contextlib.asynccontextmanager
async def open_history(database_url: str) -> AsyncGenerator[History]:
    """The history in a database, until the context is left. The database may be missing or broken:
    then questions raise HistoryUnavailable until it is there. Raises ConfigError."""
    if not database_url.startswith(SCHEME):
        raise ConfigError(f"database.url: only {SCHEME}path is built yet")
    try:
        path = path_of(database_url)
    except ValueError as error:
        raise ConfigError(f"database.url: {error}") from None
    history = SqliteHistory(path)
    try:
        yield history
    finally:
        history.close()
