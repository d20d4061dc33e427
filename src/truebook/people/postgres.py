"""The people database as a schema of a PostgreSQL database.

Promise: that of sqlite.py, for processes on any number of hosts: a committed change is seen by all
of them with their next transaction, and what is read decides what is written under one lock.
Versions are counted by triggers, so that even a change made by hand is noticed.

It is connected when it is first used, and again after an error: a server that was restarted is
noticed at the beginning of a transaction, which is then begun once more.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg

from truebook.limits import BACK_OFF_FORGOTTEN_S, SALTS_TRIED_MAX
from truebook.people.backoff import wait_ms
from truebook.people.database import Charge, KeyRow, Salt, SessionRow, Versions, is_salt
from truebook.people.errors import PeopleUnavailable
from truebook.postgres.connecting import AWAY, Raw, check_url, connect, reason_of
from truebook.postgres.migrating import migrate

SCHEMA = "people"
LOCK = 0x7472_7565_626F_6F6D
"""The key of the advisory lock under which something is changed."""
SETTINGS = {
    "statement_timeout": "5s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "10s",
}

_SESSION = "token_hash, account, statement, signature, created_ms, expires_ms, address, agent"
_KEY = "public_key, label, addresses, created_ms"

_TABLES = (
    """
CREATE TABLE people.salts (
  number BIGINT GENERATED ALWAYS AS IDENTITY, account BIGINT NOT NULL, salt BYTEA NOT NULL,
  operations BIGINT NOT NULL, memory_kib BIGINT NOT NULL, created_ms BIGINT NOT NULL,
  PRIMARY KEY (account, salt))
""",
    """
CREATE TABLE people.sessions (
  number BIGINT GENERATED ALWAYS AS IDENTITY, token_hash BYTEA PRIMARY KEY, account BIGINT NOT NULL,
  statement BYTEA NOT NULL, signature BYTEA NOT NULL, created_ms BIGINT NOT NULL,
  expires_ms BIGINT NOT NULL, address TEXT NOT NULL, agent TEXT NOT NULL)
""",
    "CREATE INDEX sessions_of ON people.sessions (account, created_ms)",
    """
CREATE TABLE people.keys (
  public_key BYTEA PRIMARY KEY, label TEXT NOT NULL, addresses TEXT NOT NULL,
  created_ms BIGINT NOT NULL)
""",
    """
CREATE TABLE people.attempts (
  subject TEXT PRIMARY KEY, failures BIGINT NOT NULL, last_ms BIGINT NOT NULL)
""",
    "CREATE INDEX attempts_by_time ON people.attempts (last_ms)",
    "CREATE TABLE people.versions (subject TEXT PRIMARY KEY, number BIGINT NOT NULL)",
    "INSERT INTO people.versions VALUES ('sessions', 0), ('keys', 0)",
    """
CREATE FUNCTION people.count_change() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  UPDATE people.versions SET number = number + 1 WHERE subject = TG_TABLE_NAME;
  RETURN NULL;
END $$
""",
    """
CREATE TRIGGER sessions_change AFTER UPDATE OR DELETE ON people.sessions
FOR EACH ROW EXECUTE FUNCTION people.count_change()
""",
    """
CREATE TRIGGER keys_change AFTER INSERT OR UPDATE OR DELETE ON people.keys
FOR EACH ROW EXECUTE FUNCTION people.count_change()
""",
)
MIGRATIONS = (_TABLES,)

Run = Callable[..., "psycopg.Cursor[tuple[Any, ...]]"]


class PostgresPeople:
    """database.PeopleDatabase on a server; for one thread."""

    def __init__(self, url: str) -> None:
        """Raises ConfigError."""
        check_url(url)
        self._url = url
        self._raw: Raw | None = None

    def close(self) -> None:
        """Give the connection back."""
        if self._raw is not None:
            raw, self._raw = self._raw, None
            raw.close()

    # salts

    def salts(self, account: int) -> list[Salt]:
        """The newest first; what can't be a salt is left out."""
        rows = self._read(
            b"SELECT salt, operations, memory_kib FROM salts WHERE account = %s"
            b" ORDER BY created_ms DESC, number DESC LIMIT %s",
            (account, SALTS_TRIED_MAX),
        )
        return [Salt(*row) for row in rows if is_salt(row)]

    def add_salt(self, account: int, salt: Salt, now_ms: int) -> None:
        """Keep a further salt; on disk before the log hears of the key that it makes."""
        with self._transaction() as run:
            run(
                b"INSERT INTO salts (account, salt, operations, memory_kib, created_ms)"
                b" VALUES (%s, %s, %s, %s, %s)",
                (account, *salt, now_ms),
            )

    def drop_salt(self, account: int, salt: bytes) -> None:
        """Forget a salt whose key the log did not take."""
        with self._transaction() as run:
            run(b"DELETE FROM salts WHERE account = %s AND salt = %s", (account, salt))

    def keep_salt(self, account: int, salt: bytes) -> None:
        """Forget the account's other salts."""
        with self._transaction() as run:
            run(b"DELETE FROM salts WHERE account = %s AND salt <> %s", (account, salt))

    # sessions

    def add_session(self, row: SessionRow, count_max: int) -> None:
        """Keep a session; the account's expired ones and the oldest beyond `count_max` go."""
        row = row._replace(address=_text(row.address), agent=_text(row.agent))
        with self._transaction() as run:
            expired = (row.account, row.created_ms)
            run(b"DELETE FROM sessions WHERE account = %s AND expires_ms <= %s", expired)
            marks = ", ".join(["%s"] * len(row))
            run(f"INSERT INTO sessions ({_SESSION}) VALUES ({marks})".encode(), row)
            run(
                b"DELETE FROM sessions WHERE token_hash IN (SELECT token_hash FROM sessions"
                b" WHERE account = %s ORDER BY created_ms DESC, number DESC OFFSET %s)",
                (row.account, count_max),
            )

    def session(self, token_hash: bytes) -> SessionRow | None:
        """The session with this token."""
        query = f"SELECT {_SESSION} FROM sessions WHERE token_hash = %s"
        rows = self._read(query.encode(), (token_hash,))
        return SessionRow(*rows[0]) if rows else None

    def sessions(self, account: int) -> list[SessionRow]:
        """The sessions of an account, the newest first."""
        query = (
            f"SELECT {_SESSION} FROM sessions WHERE account = %s"
            " ORDER BY created_ms DESC, number DESC"
        )
        return [SessionRow(*row) for row in self._read(query.encode(), (account,))]

    def end_session(self, token_hash: bytes) -> None:
        """End one."""
        with self._transaction() as run:
            run(b"DELETE FROM sessions WHERE token_hash = %s", (token_hash,))

    def end_sessions(self, account: int) -> None:
        """End all of an account."""
        with self._transaction() as run:
            run(b"DELETE FROM sessions WHERE account = %s", (account,))

    # keys

    def set_key(self, row: KeyRow) -> None:
        """Keep notes on a key."""
        with self._transaction() as run:
            run(
                b"INSERT INTO keys VALUES (%s, %s, %s, %s) ON CONFLICT (public_key) DO UPDATE"
                b" SET label = excluded.label, addresses = excluded.addresses",
                row._replace(label=_text(row.label)),
            )

    def keys(self, public_keys: list[bytes]) -> list[KeyRow]:
        """The notes on these keys."""
        query = f"SELECT {_KEY} FROM keys WHERE public_key = ANY(%s::bytea[])"
        return [KeyRow(*row) for row in self._read(query.encode(), (public_keys,))]

    def restricted_keys(self) -> list[KeyRow]:
        """Every key that has an address list."""
        query = f"SELECT {_KEY} FROM keys WHERE addresses <> ''"
        return [KeyRow(*row) for row in self._read(query.encode(), ())]

    # attempts

    def charge(self, charges: list[Charge], now_ms: int) -> int:
        """0 and counted against all, or milliseconds to wait and against none."""
        with self._transaction(durable=False) as run:
            oldest = now_ms - BACK_OFF_FORGOTTEN_S * 1000
            run(b"DELETE FROM attempts WHERE last_ms < %s", (oldest,))
            # A clock that was set back must not keep anybody waiting until it has caught up.
            run(b"UPDATE attempts SET last_ms = %s WHERE last_ms > %s", (now_ms, now_ms))
            waits = [_wait_ms(run, charge, now_ms) for charge in charges]
            if max(waits) > 0:
                return max(waits)
            for charge in charges:
                run(
                    b"INSERT INTO attempts AS a VALUES (%s, 1, %s) ON CONFLICT (subject) DO UPDATE"
                    b" SET failures = a.failures + 1, last_ms = excluded.last_ms",
                    (charge.subject, now_ms),
                )
        return 0

    def refund(self, subjects: list[str]) -> None:
        """Take one counted attempt of each back."""
        with self._transaction(durable=False) as run:
            query = b"UPDATE attempts SET failures = failures - 1 WHERE subject = %s"
            for subject in subjects:
                run(query, (subject,))

    def clear(self, subject: str) -> None:
        """Forget the attempts of a subject."""
        with self._transaction(durable=False) as run:
            run(b"DELETE FROM attempts WHERE subject = %s", (subject,))

    # the rest

    def versions(self) -> Versions:
        """What has grown since?"""
        rows = dict(self._read(b"SELECT subject, number FROM versions", ()))
        return Versions(rows.get("sessions", 0), rows.get("keys", 0))

    def remove_expired(self, now_ms: int) -> None:
        """Remove sessions that have expired."""
        with self._transaction(durable=False) as run:
            run(b"DELETE FROM sessions WHERE expires_ms <= %s", (now_ms,))

    def _read(self, query: bytes, values: Sequence[Any]) -> list[Any]:
        with self._noticing():
            try:
                return self._connection().execute(query, values).fetchall()
            except psycopg.OperationalError:
                # Reading does nothing twice.
                self.close()
                return self._connection().execute(query, values).fetchall()

    @contextmanager
    def _transaction(self, *, durable: bool = True) -> Iterator[Run]:
        """Everything or nothing; `durable`: on disk when it is left. Else a power failure may undo
        the last ones: somebody has to log in again, or a guess goes uncounted."""
        with self._noticing():
            begin = b"SELECT set_config('synchronous_commit', %s, false)"
            try:
                self._connection().execute(begin, ("on" if durable else "off",))
            except psycopg.OperationalError:
                self.close()
                self._connection().execute(begin, ("on" if durable else "off",))
            raw = self._connection()
            with raw.transaction():
                # What is read may decide what is written.
                raw.execute(b"SELECT pg_advisory_xact_lock(%s)", (LOCK,))
                yield raw.execute

    @contextmanager
    def _noticing(self) -> Iterator[None]:
        try:
            yield
        except AWAY as error:
            self.close()
            raise PeopleUnavailable(
                f"The people database can't be reached: {reason_of(error)}"
            ) from None

    def _connection(self) -> Raw:
        if self._raw is None:
            raw = connect(self._url, "people", SETTINGS, SCHEMA)
            try:
                migrate(raw, SCHEMA, MIGRATIONS)
            except BaseException:
                raw.close()
                raise
            self._raw = raw
        return self._raw


def _wait_ms(run: Run, charge: Charge, now_ms: int) -> int:
    query = b"SELECT failures, last_ms FROM attempts WHERE subject = %s"
    row = run(query, (charge.subject,)).fetchone()
    if row is None:
        return 0
    failures, last_ms = row
    return int(last_ms + wait_ms(failures - charge.free, charge.wait_s_max) - now_ms)


def _text(text: str) -> str:
    """PostgreSQL's texts can't hold a NUL."""
    return text.replace("\0", "\ufffd")
