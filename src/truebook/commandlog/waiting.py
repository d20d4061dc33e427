"""Saying that one waits for a server: at once, then now and then, and when it is there again."""

import logging

from truebook.clock import SYSTEM_CLOCK, Clock

SAY_S = 5.0
"""How often it is said: one who looks is told why soon, and the log file isn't filled with it."""


class Waiting:
    """What somebody tells who needs something of a server."""

    def __init__(self, what: str, logger: logging.Logger, clock: Clock = SYSTEM_CLOCK) -> None:
        self._what = what
        self._logger = logger
        self._clock = clock
        self._say_at = 0.0
        self._is_waiting = False

    def failed(self, error: object) -> None:
        """It can't be had yet, or any more; it is tried again."""
        now = self._clock.elapsed_s()
        if not self._is_waiting or now >= self._say_at:
            self._logger.warning("waiting for %s: %s", self._what, error)
            self._say_at = now + SAY_S
        self._is_waiting = True

    def succeeded(self) -> None:
        """It is there."""
        if self._is_waiting:
            self._logger.warning("%s is there", self._what)
        self._is_waiting = False
