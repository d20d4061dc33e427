"""history.History over SQLite."""

from pathlib import Path

from truebook.store.sql.history import SqlHistory
from truebook.store.sqlite.reader import Reader

_OF_CLIENT_ID = """
EXISTS (SELECT 1 FROM notes n WHERE n.id = note
  AND iif(json_valid(n.text), CAST(n.text ->> '$.clientId' AS TEXT), NULL) = ?)
"""


class SqliteHistory(SqlHistory):
    """The database of one file, for readers."""

    def __init__(self, path: Path) -> None:
        super().__init__(Reader(path), _OF_CLIENT_ID)
