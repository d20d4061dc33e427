"""Roles with as few rights as their work needs, as groups that logins are made members of.

Promise: who writes the store can add trades, fills, transfers and notes and change none of them;
who reads can change nothing; who keeps passwords and sessions (the gateways) sees nothing more for
it. Only `truebook_correction`, which no process uses, may change and delete everything.

Tables belong to whoever made them, who may do everything: not the user that the store runs as.
"""

from truebook.postgres.connecting import Raw

WRITER = "truebook_writer"
READER = "truebook_reader"
PEOPLE = "truebook_people"
CORRECTION = "truebook_correction"
ROLES = (WRITER, READER, PEOPLE, CORRECTION)

ADDED = ("trades", "fills", "amendments", "transfers", "notes", "noted")
"""What has happened: rows are added and never changed."""
CHANGED = (
    *("order_rows", "balances", "candles", "withdrawals", "assets", "markets", "accounts"),
    *("keys", "attesters", "gateways", "rules", "progress"),
)
REMOVED = ("tiers", "timers")
"""What is set and can be unset."""

_CREATE = """
DO $$ BEGIN CREATE ROLE {role} NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$
"""
_STORE = "truebook"
_PEOPLE = "people"


def create_roles(raw: Raw) -> None:
    """Make the roles, unless they are there. Raises psycopg.Error."""
    for role in ROLES:
        raw.execute(_CREATE.format(role=role).encode())


def grant(raw: Raw) -> None:
    """Give the roles their rights on tables that are there, and take every other. Raises
    psycopg.Error."""
    for statement in _statements():
        raw.execute(statement.encode())


def are_granted(raw: Raw) -> bool:
    """Whether the roles have rights on this database's store. Raises psycopg.Error."""
    query = b"SELECT FROM pg_roles WHERE rolname = %s AND has_schema_privilege(oid, %s, 'USAGE')"
    return raw.execute(query, (READER, _STORE)).fetchone() is not None


def grant_again(raw: Raw) -> None:
    """The same after tables have changed, where the roles have rights in this database."""
    if are_granted(raw):
        grant(raw)


def _statements() -> list[str]:
    everybody = ", ".join(ROLES)
    statements = []
    for schema in (_STORE, _PEOPLE):
        statements += [
            f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM PUBLIC, {everybody}",
            f"REVOKE ALL ON SCHEMA {schema} FROM PUBLIC, {everybody}",
        ]
    statements += [
        f"GRANT USAGE ON SCHEMA {_STORE} TO {WRITER}, {READER}, {CORRECTION}",
        f"GRANT SELECT ON ALL TABLES IN SCHEMA {_STORE} TO {WRITER}, {READER}, {CORRECTION}",
        f"GRANT INSERT ON {_named(*ADDED, *CHANGED, *REMOVED)} TO {WRITER}",
        f"GRANT UPDATE ON {_named(*CHANGED, *REMOVED)} TO {WRITER}",
        f"GRANT DELETE ON {_named(*REMOVED)} TO {WRITER}",
        f"GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {_STORE} TO {CORRECTION}",
        f"GRANT USAGE ON SCHEMA {_PEOPLE} TO {PEOPLE}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {_PEOPLE} TO {PEOPLE}",
    ]
    return statements


def _named(*tables: str) -> str:
    return ", ".join(f"{_STORE}.{table}" for table in tables)
