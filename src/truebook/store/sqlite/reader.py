"""Reading connections: a few threads, each with its own, every question bounded in time.

Promise: a question sees one moment of the database, and never waits for the writer nor holds it up
for longer than READ_MS_MAX. A file that is missing, damaged, made by another version or replaced by
another one is HistoryUnavailable for the questions meanwhile, and nothing more: the next question
looks again.
"""

import asyncio
import os
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from truebook.history import HistoryUnavailable
from truebook.limits import HISTORY_QUESTIONS_MAX, HISTORY_READ_MS_MAX
from truebook.store.sqlite.place import FILE_ERRORS
from truebook.store.sqlite.schema import SCHEMA_VERSION

READERS = 2
"""Threads: one long question doesn't hold up the short ones."""
STEPS_BETWEEN_LOOKS = 10_000
"""Instructions of SQLite's machine, about a millisecond."""

T = TypeVar("T")


class Reader:
    """Asks one database; `close` it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._pool = ThreadPoolExecutor(READERS, "history")
        self._own = threading.local()
        self._open: set[sqlite3.Connection] = set()
        self._asked = 0

    async def ask(self, question: Callable[[sqlite3.Connection], T]) -> T:
        """What a function finds in one read transaction. Raises HistoryUnavailable."""
        if self._asked >= HISTORY_QUESTIONS_MAX:
            raise HistoryUnavailable("too many questions wait for the database")
        self._asked += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._pool, self._answer, question)
        finally:
            self._asked -= 1

    def close(self) -> None:
        """Give the connections back, after the questions at hand."""
        self._pool.shutdown(wait=True)
        for connection in self._open:
            connection.close()

    def _answer(self, question: Callable[[sqlite3.Connection], T]) -> T:
        try:
            connection = self._connection()
            deadline_s = time.monotonic() + HISTORY_READ_MS_MAX / 1000
            connection.set_progress_handler(
                lambda: time.monotonic() > deadline_s, STEPS_BETWEEN_LOOKS
            )
            connection.execute("BEGIN")
            try:
                return question(connection)
            finally:
                connection.rollback()
        except sqlite3.ProgrammingError:
            raise
        except FILE_ERRORS as error:
            self._forget()
            is_slow = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT
            reason = "it takes too long" if is_slow else str(error)
            raise HistoryUnavailable(f"the database can't be read: {reason}") from None

    def _connection(self) -> sqlite3.Connection:
        """This thread's connection to the file that has the name now."""
        found = os.stat(self._path)
        identity = found.st_dev, found.st_ino
        if getattr(self._own, "identity", None) != identity:
            self._forget()
            self._own.connection = self._connected()
            self._own.identity = identity
        connection: sqlite3.Connection = self._own.connection
        return connection

    def _connected(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"{self._path.absolute().as_uri()}?mode=ro",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
        )
        self._open.add(connection)
        try:
            row = connection.execute("SELECT max(version) FROM schema_version").fetchone()
            if row[0] is None:
                raise HistoryUnavailable("the database is being made")
            if row[0] != SCHEMA_VERSION:
                raise HistoryUnavailable(
                    f"the database has version {row[0]}, this program reads {SCHEMA_VERSION}"
                )
        except BaseException:
            self._open.discard(connection)
            connection.close()
            raise
        return connection

    def _forget(self) -> None:
        """Close this thread's connection, if it has one."""
        if getattr(self._own, "identity", None) is not None:
            self._own.identity = None
            self._open.discard(self._own.connection)
            self._own.connection.close()
