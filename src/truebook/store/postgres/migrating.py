"""Bringing tables to the present version: forward only, by one process at a time.

Promise: all steps that are missing and their numbers are one transaction, under a lock that every
process which opens the database takes; so several may start at once. Whoever may not change tables
finds them as they should be, or is told who has to.
"""

from collections.abc import Sequence

from psycopg import errors

from truebook.store.interface import StoreUnavailable
from truebook.store.postgres.connecting import Raw

LOCK = 0x7472_7565_626F_6F6B
"""The key of the advisory lock: "truebook"."""


def version_of(raw: Raw, schema: str) -> int:
    """The version of the tables in a schema; 0: there are none."""
    found = raw.execute("SELECT to_regclass(%s)", (f"{schema}.schema_version",)).fetchone()
    if found is None or found[0] is None:
        return 0
    row = raw.execute(f"SELECT max(version) FROM {schema}.schema_version".encode()).fetchone()
    return int(row[0] or 0) if row else 0


def migrate(raw: Raw, schema: str, migrations: Sequence[Sequence[str]]) -> bool:
    """Bring a schema to the version that has as many steps; whether anything was to be done.
    Raises StoreUnavailable over a later version or missing rights; psycopg.Error."""
    wanted = len(migrations)
    if version_of(raw, schema) == wanted:
        return False
    try:
        with raw.transaction():
            raw.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
            found = version_of(raw, schema)
            if found > wanted:
                raise StoreUnavailable(f"it has version {found}, this program writes {wanted}")
            if found == 0:
                raw.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}".encode())
                table = f"CREATE TABLE {schema}.schema_version (version INTEGER PRIMARY KEY)"
                raw.execute(table.encode())
            for number, statements in enumerate(migrations[found:], found + 1):
                for statement in statements:
                    raw.execute(statement.encode())
                row = f"INSERT INTO {schema}.schema_version VALUES ({number})"
                raw.execute(row.encode())
    except errors.InsufficientPrivilege as error:
        raise StoreUnavailable(
            f"its tables have to be brought to version {wanted}, which this user may not do:"
            f" `truebook database prepare --url …` as their owner ({error.diag.message_primary})"
        ) from None
    return True
