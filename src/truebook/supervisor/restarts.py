"""When a process that died is started again.

Promise: at once, in 0.1 s, unless it dies quickly every time: from the fourth quick death in a row
on the wait doubles, up to 5 s. A death is quick if the process served for less than 2 s; one that
never came to serve, if it lived for less than that. So a long start (compiling, replaying) counts
neither for a process that then dies at once, nor against one that was killed in the middle of it.
"""

from truebook.clock import Clock

WAIT_S = 0.1
WAIT_S_MAX = 5.0
QUICK_S = 2.0
QUICK_DEATHS_FREE = 3


class Restarts:
    """The deaths of one process, and how long to wait after each."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since_s = clock.elapsed_s()
        self.count = 0
        self.quick_deaths = 0

    def started(self) -> None:
        """The process was started."""
        self._since_s = self._clock.elapsed_s()

    def serving(self) -> None:
        """The process has finished starting and does its work."""
        self._since_s = self._clock.elapsed_s()

    def died(self) -> float:
        """The process is gone; the seconds to wait before it is started again."""
        quick = self._clock.elapsed_s() - self._since_s < QUICK_S
        self.quick_deaths = self.quick_deaths + 1 if quick else 0
        self.count += 1
        doublings = max(0, self.quick_deaths - QUICK_DEATHS_FREE)
        return float(min(WAIT_S * 2 ** min(doublings, 10), WAIT_S_MAX))
