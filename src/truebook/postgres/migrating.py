"""Bringing tables to the present version: forward only, by one process at a time.

Promise: all steps that are missing and their numbers are one transaction, under a lock that every
process which opens the database takes; so several may start at once. Whoever may not change tables
finds them as they should be, or is told who has to.
"""

from collections.abc import Sequence

from psycopg import errors

from truebook.postgres.connecting import Raw, TablesUnfit

LOCK = 0x7472_7565_626F_6F6B
"""The key of the advisory lock: "truebook"."""
LOCK_S_MAX = 30
"""Whoever holds it makes tables, which takes longer than any lock of daily work."""
_HAS_TABLES = b"SELECT FROM pg_tables WHERE schemaname = %s AND tablename = 'schema_version'"
"""Not by `to_regclass`: what that has found missing once it may still miss in the next statement,
when another process has just made it."""


def version_of(raw: Raw, schema: str) -> int:
    """The version of the tables in a schema; 0: there are none."""
    if raw.execute(_HAS_TABLES, (schema,)).fetchone() is None:
        return 0
    row = raw.execute(f"SELECT max(version) FROM {schema}.schema_version".encode()).fetchone()
    return int(row[0] or 0) if row else 0


def migrate(raw: Raw, schema: str, migrations: Sequence[Sequence[str]]) -> bool:
    """Bring a schema to the version that has as many steps; whether anything was to be done.
    Raises TablesUnfit over a later version or missing rights; psycopg.Error."""
    wanted = len(migrations)
    if version_of(raw, schema) == wanted:
        return False
    try:
        with raw.transaction():
            raw.execute(f"SET LOCAL lock_timeout = '{LOCK_S_MAX}s'".encode())
            raw.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
            found = version_of(raw, schema)
            if found > wanted:
                raise TablesUnfit(f"it has version {found}, this program writes {wanted}")
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
        raise TablesUnfit(
            f"its tables have to be brought to version {wanted}, which this user may not do:"
            f" `truebook database prepare --url …` as their owner ({error.diag.message_primary})"
        ) from None
    return True
