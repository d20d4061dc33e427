"""Reading connections: a few threads, each with its own, every question bounded in time.

Promise: a question sees one moment of the database, and never waits for the writer nor holds it up.
The server ends what takes longer than READ_MS_MAX; a server that doesn't answer at all is given up
a second later, and its connection is cut. A server that is away, or has tables of another version,
is HistoryUnavailable for the questions meanwhile, and nothing more.
"""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import psycopg
from psycopg import errors

from truebook.history import HistoryUnavailable
from truebook.limits import HISTORY_QUESTIONS_MAX, HISTORY_READ_MS_MAX
from truebook.postgres.connecting import (
    AWAY,
    Connection,
    Raw,
    connect,
    reason_of,
    sever,
)
from truebook.postgres.migrating import version_of
from truebook.store.postgres.schema import SCHEMA, SCHEMA_VERSION
from truebook.store.sql.connection import Connection as Moment

READERS = 4
"""Threads, and connections: one long question doesn't hold up the short ones."""
ANSWER_MS_MAX = HISTORY_READ_MS_MAX + 1000
AGAIN_S = 0.5
"""How long nobody tries to connect after it has failed: each try may take seconds."""
SETTINGS = {"jit": "off", "random_page_cost": "1.1"}
"""To compile a question takes longer than any of them needs. Rows that were written together are
read together, so to follow an index costs less than to read and sort: a month of candles was
sorted on the disk."""
BEGIN = b"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

T = TypeVar("T")


class _Asking:
    """A question under way: the connection it is asked with, and whether somebody still waits.
    One thread sets the first and then looks at the second, the other the other way round."""

    def __init__(self) -> None:
        self.raw: Raw | None = None
        self.is_given_up = False


class Reader:
    """Asks one database; `close` it."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._pool = ThreadPoolExecutor(READERS, "history")
        self._own = threading.local()
        self._open: set[Raw] = set()
        self._asked = 0
        self._away_until_s = 0.0
        self._away = ""

    async def ask(self, question: Callable[[Moment], T]) -> T:
        """What a function finds in one read transaction. Raises HistoryUnavailable."""
        if self._asked >= HISTORY_QUESTIONS_MAX:
            raise HistoryUnavailable("too many questions wait for the database")
        self._asked += 1
        asking = _Asking()
        loop = asyncio.get_running_loop()
        answer = loop.run_in_executor(self._pool, self._answer, question, asking)
        answer.add_done_callback(self._answered)
        if not (await asyncio.wait({answer}, timeout=ANSWER_MS_MAX / 1000))[0]:
            asking.is_given_up = True
            if asking.raw is not None:
                sever(asking.raw)
            raise HistoryUnavailable("the database can't be read: it doesn't answer")
        return answer.result()

    def close(self) -> None:
        """Give the connections back; nobody waits for what they are at."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        for raw in list(self._open):
            sever(raw)
        self._pool.shutdown(wait=True)
        for raw in list(self._open):
            raw.close()

    def _answered(self, answer: "asyncio.Future[T]") -> None:
        self._asked -= 1
        if not answer.cancelled():
            answer.exception()  # whoever asked may have given up

    def _answer(self, question: Callable[[Moment], T], asking: _Asking) -> T:
        try:
            raw = self._begun(asking)
            try:
                if asking.is_given_up:
                    raise HistoryUnavailable("nobody waits for it any more")
                return question(Connection(raw))
            finally:
                asking.raw = None
                if not raw.closed:
                    raw.rollback()
        except AWAY as error:
            self._forget()
            is_slow = isinstance(error, errors.QueryCanceled)
            reason = "it takes too long" if is_slow else reason_of(error)
            raise HistoryUnavailable(f"the database can't be read: {reason}") from None

    def _begun(self, asking: _Asking) -> Raw:
        """This thread's connection, at one moment; made anew if the server was restarted."""
        known: Raw | None = getattr(self._own, "raw", None)
        if known is not None:
            asking.raw = known
            try:
                known.execute(BEGIN)
                return known
            except psycopg.OperationalError:
                self._forget()
        raw = asking.raw = self._connected()
        raw.execute(BEGIN)
        return raw

    def _connected(self) -> Raw:
        if time.monotonic() < self._away_until_s:
            raise HistoryUnavailable(self._away)
        try:
            settings = {"statement_timeout": f"{HISTORY_READ_MS_MAX}ms", **SETTINGS}
            raw = connect(self._url, "history", settings, SCHEMA)
        except AWAY as error:
            self._away = f"the database can't be read: {reason_of(error)}"
            self._away_until_s = time.monotonic() + AGAIN_S
            raise
        self._open.add(raw)
        self._own.raw = raw
        version = version_of(raw, SCHEMA)
        if version != SCHEMA_VERSION:
            self._forget()
            raise HistoryUnavailable(
                f"the database has version {version}, this program reads {SCHEMA_VERSION}"
                if version
                else "the database is being made"
            )
        return raw

    def _forget(self) -> None:
        """Close this thread's connection, if it has one."""
        raw: Raw | None = getattr(self._own, "raw", None)
        if raw is not None:
            self._own.raw = None
            self._open.discard(raw)
            raw.close()
