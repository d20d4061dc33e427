"""Putting a schema with void rows away (store/voiding.py): it is renamed, and a new one is begun.

Promise: one transaction, under the locks of whoever writes rows or changes tables. Roles that had
rights may still read the old rows and no longer change them, and get their rights on the new ones
when the store makes these. Who may not rename the schema is told what its owner has to do.
"""

from collections.abc import Sequence

from psycopg import errors

from truebook.commandlog.halts import Epoch, voided_by
from truebook.commandlog.interface import GENESIS, Position
from truebook.postgres.connecting import AWAY, Raw, TablesUnfit, connect, reason_of, shown
from truebook.postgres.migrating import LOCK, version_of
from truebook.store.interface import StoreUnavailable
from truebook.store.postgres.roles import READER, ROLES, are_granted
from truebook.store.postgres.schema import SCHEMA
from truebook.store.postgres.writer import LOCK as WRITING
from truebook.store.postgres.writer import SETTINGS

_LOCKED = b"SELECT pg_advisory_xact_lock(%s), pg_advisory_xact_lock(%s)"
_IS_THERE = b"SELECT FROM pg_namespace WHERE nspname = %s"


def voided_schema(epoch: Epoch) -> str:
    """Where what was void when an epoch began is kept."""
    return f"{SCHEMA}_voided_{epoch.number}"


def set_aside(url: str, epochs: Sequence[Epoch]) -> str | None:
    """As in store/voiding.py."""
    if not epochs:
        return None
    try:
        raw = connect(url, "voiding", SETTINGS, SCHEMA)
        try:
            name = _renamed(raw, epochs)
        finally:
            raw.close()
    except AWAY as error:
        raise StoreUnavailable(f"{shown(url)} can't be put away: {reason_of(error)}") from None
    return None if name is None else f"the schema {name} of {shown(url)}"


def _renamed(raw: Raw, epochs: Sequence[Epoch]) -> str | None:
    with raw.transaction():
        raw.execute(_LOCKED, (WRITING, LOCK))
        epoch = voided_by(_position(raw), epochs)
        if epoch is None or _is_there(raw, voided_schema(epoch)):
            return None
        name = voided_schema(epoch)
        had_roles = are_granted(raw)
        try:
            raw.execute(f"ALTER SCHEMA {SCHEMA} RENAME TO {name}".encode())
        except errors.InsufficientPrivilege:
            raise TablesUnfit(
                f"this user may not: `ALTER SCHEMA {SCHEMA} RENAME TO {name}`, then `truebook"
                " database prepare`, both as its owner"
            ) from None
        if had_roles:
            _pass_rights(raw, name)
    return name


def _pass_rights(raw: Raw, name: str) -> None:
    """Nobody changes the old rows; whoever makes the new tables finds that there are roles."""
    for statement in (
        f"REVOKE INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {name} FROM {', '.join(ROLES)}",
        f"CREATE SCHEMA {SCHEMA}",
        f"GRANT USAGE ON SCHEMA {SCHEMA} TO {READER}",
    ):
        raw.execute(statement.encode())


def _is_there(raw: Raw, schema: str) -> bool:
    return raw.execute(_IS_THERE, (schema,)).fetchone() is not None


def _position(raw: Raw) -> Position:
    if not version_of(raw, SCHEMA):
        return GENESIS
    row = raw.execute(f"SELECT position FROM {SCHEMA}.progress".encode()).fetchone()
    return Position.parse(row[0]) if row else GENESIS
