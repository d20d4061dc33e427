"""A database beside a LocalExchange: its events are in it before anybody can ask."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from venue.local import LocalExchange

from truebook.store.fold import fold
from truebook.store.sqlite.history import SqliteHistory
from truebook.store.sqlite.writer import SqliteWriter


class _Stored:
    """A database that has all events of an exchange."""

    def __init__(self, exchange: LocalExchange, path: Path) -> None:
        self._exchange = exchange
        self._writer, self.history = SqliteWriter(path), SqliteHistory(path)
        self._tail, self._directory = self._writer.open()
        self._stored = 0

    def follow(self) -> None:
        rows = fold(self._exchange.events[self._stored :], self._tail, self._directory)
        self._writer.write(rows)
        self._tail, self._stored = rows.tail, len(self._exchange.events)

    def close(self) -> None:
        self.history.close()
        self._writer.close()


class LocalHistory:
    """history.History of a LocalExchange; made when it is first asked, which few tests do."""

    def __init__(self, exchange: LocalExchange, path: Path) -> None:
        self._exchange = exchange
        self._path = path
        self._begun: _Stored | None = None

    def __getattr__(self, name: str) -> Any:
        if self._begun is None:
            self._begun = _Stored(self._exchange, self._path)
            self._begun.follow()
            self._exchange.follow = self._begun.follow
        return getattr(self._begun.history, name)

    def close(self) -> None:
        self._exchange.follow = lambda: None
        if self._begun is not None:
            self._begun.close()


@contextlib.contextmanager
def history_of(exchange: LocalExchange) -> Iterator[LocalHistory]:
    """The history of an exchange, in a file that is gone in the end."""
    with tempfile.TemporaryDirectory() as folder:
        history = LocalHistory(exchange, Path(folder) / "database.sqlite")
        try:
            yield history
        finally:
            history.close()
