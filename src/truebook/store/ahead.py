"""Writing a batch while the next one is made: for a store that is behind.

Promise: batches are written one at a time and in their order. What went wrong with one is raised by
whoever asks next, and nothing that was to follow it has been written; then `close` and `open`.

Why it pays: a server works for itself, and a driver that waits for it holds up nobody. So a store
that catches up folds events in the time that the database needs for those before.
"""

from concurrent.futures import Future, ThreadPoolExecutor

from truebook.store.interface import Stored, Writer
from truebook.store.rows import Rows


class Ahead:
    """A writer, and at most one batch that is under way to it."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._thread: ThreadPoolExecutor | None = None
        self._under_way: Future[None] | None = None

    def open(self) -> Stored:
        """As Writer.open."""
        return self._writer.open()

    def begin(self, rows: Rows) -> None:
        """Begin to write a batch once those before are there. Raises StoreUnavailable over them."""
        write = self._writer.prepare(rows)
        self.settle()
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, "writing")
        self._under_way = self._thread.submit(write)

    def write(self, rows: Rows) -> None:
        """Write a batch, after those before, in this thread. Raises StoreUnavailable."""
        self.settle()
        self._writer.write(rows)

    def settle(self) -> None:
        """Wait until all that was begun is in the database. Raises StoreUnavailable."""
        under_way, self._under_way = self._under_way, None
        if under_way is not None:
            under_way.result()

    def close(self) -> None:
        """Give the connection back, after what is under way, whatever becomes of that."""
        self._under_way = None
        if self._thread is not None:
            self._thread.shutdown(wait=True)
            self._thread = None
        self._writer.close()
