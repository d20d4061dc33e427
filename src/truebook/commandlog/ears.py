"""Waiting for any of several connections.

Promise: `wait` returns as soon as one of the descriptors has something to read, or is broken, and
tells which. Why not `select`: the list is nearly always the one of the last time, and then this is
one call of the system with nothing to prepare.
"""

import select
from collections.abc import Sequence


class Ears:
    """Those of one loop."""

    def __init__(self) -> None:
        self._poll = select.poll()
        self._numbers: Sequence[int] = ()

    def wait(self, numbers: Sequence[int], seconds: float) -> list[int]:
        """Wait until one of the descriptors is readable, but not longer; which are. Those below 0
        are passed over."""
        if numbers != self._numbers:
            self._listen(numbers)
        # Rounded up: who comes back too early has nothing to do, and waits again.
        return [number for number, _ in self._poll.poll(-int(-seconds * 1000 // 1))]

    def _listen(self, numbers: Sequence[int]) -> None:
        self._numbers = numbers
        self._poll = select.poll()
        for number in numbers:
            if number >= 0:
                self._poll.register(number, select.POLLIN)
