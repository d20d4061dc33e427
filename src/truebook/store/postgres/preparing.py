"""Making a database ready before anything runs: tables, roles, TimescaleDB; as its owner.

Promise: doing it again changes nothing but what was missing; nothing is lost by it.
"""

from typing import NamedTuple

import psycopg

from truebook.config import UserError
from truebook.people import postgres as people
from truebook.postgres.connecting import TablesUnfit, connect, reason_of, shown
from truebook.postgres.migrating import LOCK, migrate, version_of
from truebook.store.postgres.roles import ROLES, create_roles, grant
from truebook.store.postgres.schema import MIGRATIONS, SCHEMA
from truebook.store.postgres.timescale import use_timescale


class Prepared(NamedTuple):
    """What a database is ready for."""

    database: str
    version: int
    """Of the store's tables."""
    roles: tuple[str, ...]
    timescale: str
    why: str
    """Why not more of TimescaleDB; empty: there is no more."""


def prepare(url: str, keep_days: int | None) -> Prepared:
    """Make it ready. `keep_days`: for how long TimescaleDB keeps trades and fills, 0: for ever,
    None: as it was. Raises UserError, ConfigError."""
    try:
        raw = connect(url, "prepare", {"lock_timeout": "10s"}, SCHEMA)
        try:
            migrate(raw, SCHEMA, MIGRATIONS)
            migrate(raw, people.SCHEMA, people.MIGRATIONS)
            use, why = use_timescale(raw, keep_days)
            create_roles(raw)
            with raw.transaction():
                raw.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
                grant(raw)
            version = version_of(raw, SCHEMA)
        finally:
            raw.close()
    except (psycopg.Error, TablesUnfit) as error:
        raise UserError(f"{shown(url)} can't be prepared: {reason_of(error)}") from None
    return Prepared(shown(url), version, ROLES, use.value, why)
