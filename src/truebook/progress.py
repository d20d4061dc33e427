"""What `truebook up` and `replay` show people while they wait.

Promise: on a terminal one line that is alive; elsewhere plain lines, one when a step begins and one
every ten seconds while it lasts, so that a log file shows it as well. Results and the `ready` line
are plain text on standard output everywhere; what went wrong is on standard error.
"""

import contextlib
import sys
from typing import TYPE_CHECKING, TextIO

from truebook.clock import SYSTEM_CLOCK, Clock

if TYPE_CHECKING:
    from rich.status import Status

REPORT_S = 10.0
BAR_COLUMNS = 30


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

    def show(self, step: str, share: float | None = None) -> None:
        """Say what is being waited for; call it again and again while it lasts. `share`, 0 … 1,
        tells how much of it is done, if that is known."""
        now_s = self._clock.elapsed_s()
        is_new = step != self._step
        if is_new:
            self._step = step
            self._since_s = self._reported_s = now_s
        if is_new or self._is_live or now_s - self._reported_s >= REPORT_S:
            self._reported_s = now_s
            took = f" {now_s - self._since_s:.0f} s" if now_s > self._since_s else ""
            done = "" if share is None else f" {_bar(share)}"
            self._report(f"{step} …{done}{took}")

    def say(self, text: str) -> None:
        """A line that stays."""
        self.end()
        _print(text, self._stream)

    def complain(self, text: str) -> None:
        """A line that stays, about something that went wrong."""
        self.end()
        _print(text, sys.stderr)

    def end(self) -> None:
        """Nothing is being waited for now."""
        self._step = ""
        if self._status is not None:
            self._status.stop()
            self._status = None

    def _report(self, text: str) -> None:
        if not self._is_live:
            _print(text, self._stream)
            return
        if self._status is None:
            # Imported here: most commands show no progress, and this takes a tenth of a second.
            from rich.console import Console

            self._status = Console(file=self._stream).status("")
            self._status.start()
        self._status.update(text)


def _print(text: str, stream: TextIO) -> None:
    # Whoever read along may have gone: that must not end an exchange.
    with contextlib.suppress(OSError, ValueError):
        print(text, file=stream, flush=True)


def _bar(share: float) -> str:
    full = round(share * BAR_COLUMNS)
    return f"{'━' * full}{'╌' * (BAR_COLUMNS - full)} {share:.0%}"
