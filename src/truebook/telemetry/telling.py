"""Telling how a process is: once a second to the bus, and to whoever asks over HTTP.

Promise: nothing that the process does waits for this, and nothing here ends it. Why: it is a thread
of its own that reads plain numbers; what fills a report from them is a `Source`, which takes some
microseconds and no lock. A process whose loop stands still is told of as unhealthy by this thread;
one that can't reach the bus is silent there, and still answers over HTTP.

It costs the process what a thread costs that wakes once a second: a tenth of a millisecond of the
interpreter (docs/decisions/0028).
"""

import logging
import os
import socket
import threading
from collections.abc import Callable

import truebook
from truebook.clock import SYSTEM_CLOCK, Clock
from truebook.commandlog.interface import BusUnavailable
from truebook.figures import Latency
from truebook.telemetry import machine
from truebook.telemetry.pulse import PULSE_S_MAX, Pulse
from truebook.telemetry.report import Report, Times
from truebook.telemetry.reports import ReportBook

_logger = logging.getLogger(__name__)
TELL_S = 1.0
NAME_VARIABLE = "TRUEBOOK_NAME"
"""In the environment: what a process is called, where there are several of its role."""

Source = Callable[[Report], None]
"""Fills in what it knows. Called in another thread than the one whose numbers it reads."""


class Teller:
    """What one process tells of itself; `start` it, `serving` once it does its work."""

    def __init__(self, role: str, name: str = "", clock: Clock = SYSTEM_CLOCK) -> None:
        """Without a name it is called what the environment says, else as its role."""
        self.role = role
        self.name = name or os.environ.get(NAME_VARIABLE, "") or role
        self.pulse = Pulse(clock)
        self._clock = clock
        self._host = socket.gethostname()
        self._started_ms = clock.now_ms()
        self._is_serving = False
        self._sources: list[Source] = []
        self._faults: set[str] = set()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, source: Source) -> None:
        """Tell what this source knows, too."""
        self._sources.append(source)

    def serving(self) -> None:
        """It does its work from now on, and has a pulse."""
        self.pulse.beat()
        self._is_serving = True

    def report(self) -> Report:
        """How it is now."""
        report = Report(
            self.name,
            self.role,
            self._host,
            os.getpid(),
            truebook.__version__,
            self._started_ms,
            self._clock.now_ms(),
            self._is_serving,
        )
        report.figures |= {
            "memory_bytes": machine.memory_bytes(),
            "processor_seconds": machine.processor_s(),
            "open_files": machine.open_files(),
            "started_seconds": self._started_ms / 1000,
            "pulse_age_seconds": self.pulse.age_s,
        }
        told(report, "loop_late", self.pulse.late)
        for source in list(self._sources):
            self._ask(source, report)
        if not self._is_serving:
            report.reasons.insert(0, "it is starting")
        elif self.pulse.age_s > PULSE_S_MAX:
            report.is_alive = False
            report.reasons.insert(0, f"its loop has stood still for {self.pulse.age_s:.0f} s")
        report.figures["healthy"] = float(report.is_healthy)
        report.figures["lag_seconds"] = report.lag_ms / 1000
        if report.position:
            report.figures["position_seconds"] = int(report.position.partition("-")[0]) / 1000
        return report

    def start(self, bus_url: str) -> None:
        """Tell it to the bus from now on."""
        self._thread = threading.Thread(
            target=self._run, args=(ReportBook(bus_url),), daemon=True, name="telemetry"
        )
        self._thread.start()

    def close(self) -> None:
        """Withdraw what was told, and end."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(TELL_S)

    def _ask(self, source: Source, report: Report) -> None:
        """A source that fails is a bug of ours: it is said, and the process goes on without."""
        try:
            source(report)
        except Exception as error:
            reason = f"its figures can't be read: {type(error).__name__}: {error}"
            report.reasons.append(reason)
            if reason not in self._faults:
                self._faults.add(reason)
                _logger.exception("figures can't be read")

    def _run(self, book: ReportBook) -> None:
        try:
            while not self._ended.is_set():
                self._tell(book.tell)
                self._ended.wait(TELL_S)
            self._tell(book.withdraw)
        finally:
            book.close()

    def _tell(self, tell: Callable[[Report], None]) -> None:
        try:
            tell(self.report())
        except BusUnavailable as error:
            _logger.debug("the bus can't be told how this process is: %s", error)


def told(report: Report, name: str, latency: Latency) -> None:
    """Put times into a report, if there are any."""
    times = Times.of(latency)
    if times.counts:
        report.times[name] = times
