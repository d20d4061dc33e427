"""history.History over PostgreSQL."""

from truebook.postgres.connecting import check_url
from truebook.store.postgres.reader import Reader
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
