"""The clocks of machines: each may be wrong in its own way, and only `elapsed_s` can be relied on.

Promise: `clock.Clock`. `now_ms` jumps, stands or goes back when the faults say so; `elapsed_s` is
the time of the simulation.
"""

BEGIN_S = 1_800_000_000.0
"""When every simulation begins, in seconds since 1970."""


class SimulatedClock:
    """The clock of one machine."""

    def __init__(self, loop, name):
        self.name = name
        self.offset_s = 0.0
        self._loop = loop
        self._frozen_ms = None

    def now_ms(self):
        if self._frozen_ms is not None:
            return self._frozen_ms
        return round((BEGIN_S + self._loop.time() + self.offset_s) * 1000)

    def elapsed_s(self):
        return self._loop.time()

    def freeze(self):
        """Stand still."""
        self._frozen_ms = self.now_ms()

    def set_right(self):
        """Go on, at the right time."""
        self.offset_s, self._frozen_ms = 0.0, None
