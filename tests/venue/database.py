"""A database beside a LocalExchange: its events are in it before anybody can ask."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from venue.local import LocalExchange

from truebook.store.fold import fold
from truebook.store.sqlite.history import SqliteHistory
from truebook.store.sqlite.writer import SqliteWriter


@contextlib.contextmanager
def history_of(exchange: LocalExchange) -> Iterator[SqliteHistory]:
    """The history of an exchange, in a file that is gone in the end."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "database.sqlite"
        writer, history = SqliteWriter(path), SqliteHistory(path)
        tail, directory = writer.open()
        stored = 0

        def follow() -> None:
            nonlocal tail, stored
            rows = fold(exchange.events[stored:], tail, directory)
            writer.write(rows)
            tail, stored = rows.tail, len(exchange.events)

        follow()
        exchange.follow = follow
        try:
            yield history
        finally:
            exchange.follow = lambda: None
            history.close()
            writer.close()
