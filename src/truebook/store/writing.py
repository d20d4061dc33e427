"""Opening the database for writing, whatever database the URL names."""

from truebook.store.interface import Writer
from truebook.store.sqlite.place import path_of
from truebook.store.sqlite.writer import SqliteWriter


def writer_of(database_url: str) -> Writer:
    """The writer of a database; nothing is opened yet. Raises ConfigError."""
    return SqliteWriter(path_of(database_url))
