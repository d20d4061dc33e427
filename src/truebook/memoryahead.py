"""A thread that has memory ready before an engine comes to need it.

Promise: an engine waits for the system to give it a page only where it uses memory up faster than
the system gives it; and a venue at rest wakes nobody. Why a thread: where a page of two megabytes
takes 10 ms, some order would wait for it (engine/backing.py). Now this waits instead, while another
processor carries out orders.
"""

import threading
from collections.abc import Callable

RECORDS_BETWEEN = 1 << 12
"""Between two looks: a small part of what there is memory ahead for, and so many that waking a
thread costs next to nothing for each."""


class MemoryAhead:
    """Stays ahead of an engine, or of one after the other; `close` it."""

    def __init__(self, stay_ahead: Callable[[], int]) -> None:
        """`stay_ahead`: of the engine that is at work then (engine/interface.py)."""
        self._stay_ahead = stay_ahead
        self._records = 0
        self._is_ending = False
        self._wanted = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="memory")
        self._thread.start()

    def begin(self) -> None:
        """Have ready what the engine may need next."""
        self._records = 0
        self._wanted.set()

    def applied(self, records: int) -> None:
        """The engine has applied so many records more."""
        self._records += records
        if self._records >= RECORDS_BETWEEN:
            self.begin()

    def close(self) -> None:
        """End the thread, after what it is at: at most some tenths of a second."""
        self._is_ending = True
        self._wanted.set()
        self._thread.join()

    def _run(self) -> None:
        while True:
            self._wanted.wait()
            self._wanted.clear()
            if self._is_ending:
                return
            while self._stay_ahead():
                pass
