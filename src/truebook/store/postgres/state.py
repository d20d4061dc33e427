"""The exchange's state out of a PostgreSQL database."""

import psycopg

from truebook.postgres.connecting import Connection, connect, reason_of, shown
from truebook.postgres.migrating import version_of
from truebook.store.interface import StateOf, StateUnreadable
from truebook.store.postgres.reader import BEGIN
from truebook.store.postgres.schema import SCHEMA, SCHEMA_VERSION
from truebook.store.sql.state import read_tables


def read_state(url: str) -> StateOf:
    """The state at the position where the database stands. Raises StateUnreadable, ConfigError."""
    try:
        raw = connect(url, "replay", {}, SCHEMA)
        try:
            raw.execute(BEGIN)
            if version_of(raw, SCHEMA) == 0:
                raise StateUnreadable("the database is empty")
            return read_tables(Connection(raw), SCHEMA_VERSION)
        finally:
            raw.close()
    except (psycopg.Error, ValueError, OverflowError, TypeError) as error:
        reason = f"the database {shown(url)} can't be read: {reason_of(error)}"
        raise StateUnreadable(reason) from None
