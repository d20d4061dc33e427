"""history.History over PostgreSQL."""

from collections.abc import Iterable

from truebook.postgres.connecting import Connection as PostgresConnection
from truebook.postgres.connecting import check_url
from truebook.store.postgres.reader import Reader
from truebook.store.sql.connection import Connection
from truebook.store.sql.history import SqlHistory

_OF_CLIENT_ID = """
EXISTS (SELECT 1 FROM notes n WHERE n.id = note AND client_id_of(n.text) = ?)
"""


class PostgresHistory(SqlHistory):
    """One database, for readers; nothing is connected before somebody asks."""

    def __init__(self, url: str) -> None:
        """Raises ConfigError."""
        check_url(url)
        super().__init__(Reader(url), _OF_CLIENT_ID)

    def _each(
        self, connection: Connection, query: str, values: tuple[int, ...]
    ) -> Iterable[tuple[int, ...]]:
        """The rows, read while the server still makes the next ones."""
        assert isinstance(connection, PostgresConnection)
        return connection.stream(query, values)
