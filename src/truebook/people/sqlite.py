"""The people database as one SQLite file.

Promise: several processes of one machine may use the file at once; a committed change is seen by
all of them with their next transaction. Versions are counted by triggers, so that even a change
made by hand is noticed. The file is its owner's alone.
"""

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from truebook.clock import SYSTEM_CLOCK
from truebook.limits import BACK_OFF_FORGOTTEN_S, SALTS_TRIED_MAX
from truebook.people.backoff import wait_ms
from truebook.people.database import (
    Charge,
    KeyRow,
    PeopleDatabase,
    Salt,
    SessionRow,
    Versions,
    is_salt,
)

FILE_NAME = "people.sqlite"
BUSY_S = 5.0
BEGIN_AGAIN_S = 0.01

_SCHEMA = """
CREATE TABLE IF NOT EXISTS salts(
    account INTEGER NOT NULL, salt BLOB NOT NULL, operations INTEGER NOT NULL,
    memory_kib INTEGER NOT NULL, created_ms INTEGER NOT NULL, PRIMARY KEY(account, salt));
CREATE TABLE IF NOT EXISTS sessions(
    token_hash BLOB PRIMARY KEY, account INTEGER NOT NULL, statement BLOB NOT NULL,
    signature BLOB NOT NULL, created_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL,
    address TEXT NOT NULL, agent TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS sessions_of ON sessions(account, created_ms);
CREATE TABLE IF NOT EXISTS keys(
    public_key BLOB PRIMARY KEY, label TEXT NOT NULL, addresses TEXT NOT NULL,
    created_ms INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS attempts(
    subject TEXT PRIMARY KEY, failures INTEGER NOT NULL, last_ms INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS attempts_by_time ON attempts(last_ms);
CREATE TABLE IF NOT EXISTS versions(subject TEXT PRIMARY KEY, number INTEGER NOT NULL);
INSERT OR IGNORE INTO versions VALUES ('sessions', 0), ('keys', 0);
"""

_TRIGGER = """
CREATE TRIGGER IF NOT EXISTS {table}_{action} AFTER {action} ON {table} BEGIN
    UPDATE versions SET number = number + 1 WHERE subject = '{table}'; END;
"""

_TRIGGERS = "".join(
    _TRIGGER.format(table=table, action=action)
    for table, actions in {
        "sessions": ("UPDATE", "DELETE"),
        "keys": ("INSERT", "UPDATE", "DELETE"),
    }.items()
    for action in actions
)


def open_in(folder: Path) -> Callable[[], PeopleDatabase]:
    """How the file in a data folder is opened, when it is needed."""
    return lambda: SqlitePeople(folder / FILE_NAME)


class SqlitePeople:
    """database.PeopleDatabase in a file; for one thread."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        # Transactions are begun and ended by `_transaction`, not by the driver.
        self._connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)
        self._begin_log()
        with self._transaction() as run:
            for statement in (_SCHEMA + _TRIGGERS).split(";\n"):
                run(f"{statement};")

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _begin_log(self) -> None:
        """Write-ahead logging. Where several processes begin it at once SQLite doesn't wait."""
        patience_s = SYSTEM_CLOCK.elapsed_s() + BUSY_S
        while True:
            try:
                self._connection.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError:
                if SYSTEM_CLOCK.elapsed_s() > patience_s:
                    raise
                time.sleep(BEGIN_AGAIN_S)

    # salts

    def salts(self, account: int) -> list[Salt]:
        """The newest first; what can't be a salt is left out."""
        rows = self._connection.execute(
            "SELECT salt, operations, memory_kib FROM salts WHERE account = ?"
            " ORDER BY created_ms DESC, rowid DESC LIMIT ?",
            (account, SALTS_TRIED_MAX),
        ).fetchall()
        return [Salt(*row) for row in rows if is_salt(row)]

    def add_salt(self, account: int, salt: Salt, now_ms: int) -> None:
        """Keep a further salt; on disk before the log hears of the key that it makes."""
        with self._transaction(durable=True) as run:
            run("INSERT INTO salts VALUES (?, ?, ?, ?, ?)", (account, *salt, now_ms))

    def drop_salt(self, account: int, salt: bytes) -> None:
        """Forget a salt whose key the log did not take."""
        with self._transaction() as run:
            run("DELETE FROM salts WHERE account = ? AND salt = ?", (account, salt))

    def keep_salt(self, account: int, salt: bytes) -> None:
        """Forget the account's other salts."""
        with self._transaction() as run:
            run("DELETE FROM salts WHERE account = ? AND salt <> ?", (account, salt))

    # sessions

    def add_session(self, row: SessionRow, count_max: int) -> None:
        """Keep a session; the account's expired ones and the oldest beyond `count_max` go."""
        with self._transaction() as run:
            expired = (row.account, row.created_ms)
            run("DELETE FROM sessions WHERE account = ? AND expires_ms <= ?", expired)
            run("INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
            run(
                "DELETE FROM sessions WHERE token_hash IN (SELECT token_hash FROM sessions"
                " WHERE account = ? ORDER BY created_ms DESC, rowid DESC LIMIT -1 OFFSET ?)",
                (row.account, count_max),
            )

    def session(self, token_hash: bytes) -> SessionRow | None:
        """The session with this token."""
        query = "SELECT * FROM sessions WHERE token_hash = ?"
        row = self._connection.execute(query, (token_hash,)).fetchone()
        return None if row is None else SessionRow(*row)

    def sessions(self, account: int) -> list[SessionRow]:
        """The sessions of an account, the newest first."""
        query = "SELECT * FROM sessions WHERE account = ? ORDER BY created_ms DESC, rowid DESC"
        return [SessionRow(*row) for row in self._connection.execute(query, (account,))]

    def end_session(self, token_hash: bytes) -> None:
        """End one."""
        with self._transaction(durable=True) as run:
            run("DELETE FROM sessions WHERE token_hash = ?", (token_hash,))

    def end_sessions(self, account: int) -> None:
        """End all of an account."""
        with self._transaction(durable=True) as run:
            run("DELETE FROM sessions WHERE account = ?", (account,))

    # keys

    def set_key(self, row: KeyRow) -> None:
        """Keep notes on a key."""
        with self._transaction(durable=True) as run:
            run(
                "INSERT INTO keys VALUES (?, ?, ?, ?) ON CONFLICT(public_key) DO UPDATE"
                " SET label = excluded.label, addresses = excluded.addresses",
                row,
            )

    def keys(self, public_keys: list[bytes]) -> list[KeyRow]:
        """The notes on these keys."""
        marks = ",".join("?" * len(public_keys))
        query = f"SELECT * FROM keys WHERE public_key IN ({marks})"
        return [KeyRow(*row) for row in self._connection.execute(query, public_keys)]

    def restricted_keys(self) -> list[KeyRow]:
        """Every key that has an address list."""
        query = "SELECT * FROM keys WHERE addresses <> ''"
        return [KeyRow(*row) for row in self._connection.execute(query)]

    # attempts

    def charge(self, charges: list[Charge], now_ms: int) -> int:
        """0 and counted against all, or milliseconds to wait and against none."""
        with self._transaction() as run:
            oldest = now_ms - BACK_OFF_FORGOTTEN_S * 1000
            run("DELETE FROM attempts WHERE last_ms < ?", (oldest,))
            # A clock that was set back must not keep anybody waiting until it has caught up.
            run("UPDATE attempts SET last_ms = ? WHERE last_ms > ?", (now_ms, now_ms))
            waits = [self._wait_ms(charge, now_ms) for charge in charges]
            if max(waits) > 0:
                return max(waits)
            for charge in charges:
                run(
                    "INSERT INTO attempts VALUES (?, 1, ?) ON CONFLICT(subject) DO UPDATE"
                    " SET failures = failures + 1, last_ms = excluded.last_ms",
                    (charge.subject, now_ms),
                )
        return 0

    def _wait_ms(self, charge: Charge, now_ms: int) -> int:
        query = (
            "SELECT CAST(failures AS INTEGER), CAST(last_ms AS INTEGER) FROM attempts"
            " WHERE subject = ?"
        )
        row = self._connection.execute(query, (charge.subject,)).fetchone()
        if row is None:
            return 0
        failures, last_ms = map(int, row)
        return last_ms + wait_ms(failures - charge.free, charge.wait_s_max) - now_ms

    def refund(self, subjects: list[str]) -> None:
        """Take one counted attempt of each back."""
        with self._transaction() as run:
            for subject in subjects:
                run("UPDATE attempts SET failures = failures - 1 WHERE subject = ?", (subject,))

    def clear(self, subject: str) -> None:
        """Forget the attempts of a subject."""
        with self._transaction() as run:
            run("DELETE FROM attempts WHERE subject = ?", (subject,))

    # the rest

    def versions(self) -> Versions:
        """What has grown since?"""
        rows = dict(self._connection.execute("SELECT subject, number FROM versions"))
        return Versions(rows.get("sessions", 0), rows.get("keys", 0))

    def remove_expired(self, now_ms: int) -> None:
        """Remove sessions that have expired."""
        with self._transaction() as run:
            run("DELETE FROM sessions WHERE expires_ms <= ?", (now_ms,))

    @contextmanager
    def _transaction(self, *, durable: bool = False) -> Iterator[Callable[..., sqlite3.Cursor]]:
        """Everything or nothing; `durable`: on disk when it is left. Else a power failure may undo
        the last ones: somebody has to log in again, or a guess goes uncounted."""
        self._connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        # IMMEDIATE: what is read may decide what is written.
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield self._connection.execute
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")
