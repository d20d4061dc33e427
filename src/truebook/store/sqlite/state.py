"""The exchange's state out of a SQLite database."""

import sqlite3
from pathlib import Path

from truebook.store.interface import StateOf, StateUnreadable
from truebook.store.sql.state import read_tables
from truebook.store.sqlite.place import FILE_ERRORS
from truebook.store.sqlite.schema import SCHEMA_VERSION


def read_state(path: Path) -> StateOf:
    """The state at the position where the database stands. Raises StateUnreadable."""
    if not path.exists():
        raise StateUnreadable(f"there is no database {path}")
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        try:
            connection.execute("BEGIN")
            return read_tables(connection, SCHEMA_VERSION)
        finally:
            connection.close()
    except (*FILE_ERRORS, ValueError, OverflowError, TypeError) as error:
        raise StateUnreadable(f"the database {path} can't be read: {error}") from None
