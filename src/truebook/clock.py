"""The one place that reads time.

Promise: whoever needs the time is given a `Clock`, so a test or a simulation can give another one.
The engine is never given any: its time comes from the log.
"""

import time
from typing import Protocol


class Clock(Protocol):
    """Two times: one that people and signatures mean, one that only goes forward."""

    def now_ms(self) -> int:
        """Milliseconds since 1970, as this machine believes; may jump, also backwards."""

    def elapsed_s(self) -> float:
        """Seconds since some moment; never goes backwards. Only differences mean anything."""


class SystemClock:
    """The clock of this machine."""

    elapsed_s = staticmethod(time.monotonic)
    """Seconds since the machine started, or thereabouts."""

    def now_ms(self) -> int:
        """Milliseconds since 1970."""
        return time.time_ns() // 1_000_000


class ManualClock:
    """A clock that stands still until it is told otherwise."""

    def __init__(self, now_ms: int = 0) -> None:
        self._now_ms = now_ms
        self._elapsed_s = 0.0

    def now_ms(self) -> int:
        """Milliseconds since 1970, as far as this clock was moved."""
        return self._now_ms

    def elapsed_s(self) -> float:
        """Seconds that this clock was moved forward."""
        return self._elapsed_s

    def advance(self, seconds: float) -> None:
        """Let time pass on both clocks."""
        assert seconds >= 0
        self._elapsed_s += seconds
        self._now_ms += round(seconds * 1000)

    def jump(self, seconds: float) -> None:
        """Set the wall clock forward or back, as an operator or a time server may."""
        self._now_ms += round(seconds * 1000)


SYSTEM_CLOCK = SystemClock()
