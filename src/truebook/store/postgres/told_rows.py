"""Reading rows of the tables that only grow, to compare them with what the log says.

Promise: nothing is written, and whatever is wrong with the server is an OSError.
"""

from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, contextmanager

import psycopg

from truebook.commandlog.interface import GENESIS, Position
from truebook.postgres.connecting import Raw, check_url, connect, reason_of
from truebook.store.postgres.schema import SCHEMA
from truebook.store.sql.told_rows import ROWS, Row, pieces

SETTINGS = {"statement_timeout": "60s", "default_transaction_read_only": "on"}
_QUERIES = {table: query.replace("?", "%s").encode() for table, query in ROWS.items()}


class ToldRows:
    """Of one database."""

    def __init__(self, url: str) -> None:
        """Raises ConfigError."""
        check_url(url)
        self._url = url

    def position(self) -> Position:
        """Up to where the database has everything; GENESIS if there is none yet."""
        if self._ask(b"SELECT to_regclass('truebook.progress')") == [(None,)]:
            return GENESIS
        found = self._ask(b"SELECT position FROM progress")
        return Position.parse(found[0][0]) if found else GENESIS

    def rows(self, table: str, spans: Iterable[tuple[int, int, int]]) -> Iterator[list[Row]]:
        """Those of the spans (owner, first and last number), in their order, some at a time."""
        with self._asking() as raw:
            for piece in pieces(spans):
                yield raw.execute(_QUERIES[table], piece).fetchall()

    def _ask(self, query: bytes) -> list[Row]:
        with self._asking() as raw:
            return raw.execute(query).fetchall()

    @contextmanager
    def _asking(self) -> Generator[Raw]:
        try:
            with closing(connect(self._url, "witness", SETTINGS, SCHEMA)) as raw:
                yield raw
        except psycopg.Error as error:
            raise OSError(f"the database can't be read: {reason_of(error)}") from None
