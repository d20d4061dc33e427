"""The pulse of a process: a sign that its loop still goes round.

Promise: a loop that stands still is found out by another thread within PULSE_S_MAX, whatever it is
stuck in, unless it holds the interpreter; then nothing of this process answers, which whoever asks
for its health takes for the same.
"""

import asyncio

from truebook.clock import SYSTEM_CLOCK, Clock
from truebook.figures import Latency

PULSE_S_MAX = 3.0
"""A batch of the engine, a step of the store or a fork takes a fraction of a second."""
BEAT_S = 0.5


class Pulse:
    """One for a process; `beat` is called by its loop."""

    __slots__ = ("_beat_s", "_clock", "late")

    def __init__(self, clock: Clock = SYSTEM_CLOCK) -> None:
        self._clock = clock
        self._beat_s = clock.elapsed_s()
        self.late = Latency()
        """How much later than wanted an event loop came round."""

    def beat(self) -> None:
        """The loop has come round."""
        self._beat_s = self._clock.elapsed_s()

    @property
    def age_s(self) -> float:
        """How long ago the last beat was."""
        return self._clock.elapsed_s() - self._beat_s

    async def keep(self) -> None:
        """Beat with an event loop, for ever."""
        while True:
            wanted_s = self._clock.elapsed_s() + BEAT_S
            await asyncio.sleep(BEAT_S)
            self.beat()
            self.late.add(max(0.0, self._clock.elapsed_s() - wanted_s))
