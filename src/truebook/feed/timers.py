"""The timers that run, as the event stream tells them: when the next one is over.

Promise: `is_over` is true as long as a timer should have run out that hasn't. What was set before
the feed began is known by its earliest end only, which an engine tells; when that has come, it must
be asked again (`must_ask`).

A timer that is set anew leaves what it was in the heap, to be dropped when it comes up, or with all
others like it once they are the most of the heap.
"""

import heapq

_STALE_FREE = 64


class Timers:
    """The running timers of all accounts."""

    def __init__(self) -> None:
        self.must_ask = True
        """Whether timers may run that aren't known here."""
        self._heap: list[tuple[int, tuple[int, int]]] = []
        self._expires_ms: dict[tuple[int, int], int] = {}
        self._before_ms = 0

    def set(self, account: int, timer: int, expires_ms: int) -> None:
        """A timer was set, switched off or ran out (0)."""
        key = account, timer
        if expires_ms:
            self._expires_ms[key] = expires_ms
            heapq.heappush(self._heap, (expires_ms, key))
            if len(self._heap) > 2 * len(self._expires_ms) + _STALE_FREE:
                self._heap = [(time_ms, key) for key, time_ms in self._expires_ms.items()]
                heapq.heapify(self._heap)
        else:
            self._expires_ms.pop(key, None)

    def load(self, next_ms: int) -> None:
        """The earliest end of all timers, 0 if none runs, as an engine tells it."""
        self._before_ms = next_ms
        self.must_ask = False

    def lose(self) -> None:
        """Events have been missed."""
        self.must_ask = True

    def is_over(self, now_ms: int) -> bool:
        """Whether time must be let pass for a timer to run out."""
        if 0 < self._before_ms <= now_ms:
            self.must_ask = True
            return True
        heap = self._heap
        while heap and self._expires_ms.get(heap[0][1]) != heap[0][0]:
            heapq.heappop(heap)
        return bool(heap) and heap[0][0] <= now_ms
