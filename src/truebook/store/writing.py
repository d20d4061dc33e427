"""Opening the database for writing, whatever database the URL names."""

from truebook.config import ConfigError
from truebook.store.interface import Writer
from truebook.store.sqlite.place import SCHEME, path_of
from truebook.store.sqlite.writer import SqliteWriter


def writer_of(database_url: str) -> Writer:
    """The writer of a database; nothing is opened yet. Raises ConfigError."""
    if not database_url.startswith(SCHEME):
        raise ConfigError(f"database.url: only {SCHEME}path is built yet")
    try:
        return SqliteWriter(path_of(database_url))
    except ValueError as error:
        raise ConfigError(f"database.url: {error}") from None
