"""Opening the database for writing, whatever database the URL names."""

from truebook.postgres.urls import is_postgres
from truebook.store.interface import Writer
from truebook.store.place import check_place
from truebook.store.sqlite.place import path_of
from truebook.store.sqlite.writer import SqliteWriter


def writer_of(database_url: str) -> Writer:
    """The writer of a database; nothing is opened yet. Raises ConfigError."""
    check_place(database_url)
    if is_postgres(database_url):
        from truebook.store.postgres.writer import PostgresWriter

        return PostgresWriter(database_url)
    return SqliteWriter(path_of(database_url))
