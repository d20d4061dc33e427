"""What `truebook up` and `replay` show people while they wait.

Promise: on a terminal one line that is alive; elsewhere plain lines, one when a step begins and one
every ten seconds while it lasts, so that a log file shows it as well. Results and the `ready` line
are plain text on standard output everywhere; what went wrong is on standard error.
"""

import sys
from typing import TYPE_CHECKING, TextIO

from truebook.clock import SYSTEM_CLOCK, Clock

if TYPE_CHECKING:
    from rich.status import Status

REPORT_S = 10.0


class Progress:
    """One step after the other; each is shown with the time it has taken so far."""

    def __init__(self, clock: Clock = SYSTEM_CLOCK, stream: TextIO | None = None) -> None:
        self._clock = clock
        self._stream = sys.stdout if stream is None else stream
        self._is_live = self._stream.isatty()
        self._status: Status | None = None
        self._step = ""
        self._since_s = 0.0
        self._reported_s = 0.0

    def show(self, step: str) -> None:
        """Say what is being waited for; call it again and again while it lasts."""
        now_s = self._clock.elapsed_s()
        if step != self._step:
            self._step = step
            self._since_s = self._reported_s = now_s
            self._report(step)
        elsewhere_due = now_s - self._reported_s >= REPORT_S
        if self._is_live or elsewhere_due:
            self._reported_s = now_s
            self._report(f"{step} {now_s - self._since_s:.0f} s")

    def say(self, text: str) -> None:
        """A line that stays."""
        self.end()
        print(text, file=self._stream, flush=True)

    def complain(self, text: str) -> None:
        """A line that stays, about something that went wrong."""
        self.end()
        print(text, file=sys.stderr, flush=True)

    def end(self) -> None:
        """Nothing is being waited for now."""
        self._step = ""
        if self._status is not None:
            self._status.stop()
            self._status = None

    def _report(self, text: str) -> None:
        if not self._is_live:
            print(text, file=self._stream, flush=True)
            return
        if self._status is None:
            # Imported here: most commands show no progress, and this takes a tenth of a second.
            from rich.console import Console

            self._status = Console(file=self._stream).status("")
            self._status.start()
        self._status.update(text)
