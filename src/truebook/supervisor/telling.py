"""What `truebook up` tells of the whole: /health and /metrics of all its processes at one address.

Promise: healthy means that every process of the exchange serves and says that it is well; a bot
that can't trade is named, and makes nothing unhealthy. What the processes tell comes from the bus;
while that is away, the supervisor still tells who runs and how often it was started again.
"""

from collections.abc import Callable, Iterator, Sequence
from http.server import ThreadingHTTPServer

from truebook.clock import SYSTEM_CLOCK
from truebook.commandlog.interface import BusUnavailable
from truebook.config import ConfigError, MetricsSection
from truebook.supervisor.children import Child
from truebook.supervisor.status import BOTS
from truebook.telemetry.report import Report
from truebook.telemetry.reports import REPORT_S_MAX, ReportBook
from truebook.telemetry.telling import Teller
from truebook.telemetry.web import Health, Told, serve_web, summary

SERVERS = ("log", "bus")
"""Children that tell nothing of themselves."""


class Whole:
    """What is told of the children of one supervisor."""

    def __init__(self, children: Callable[[], Sequence[Child]]) -> None:
        self.teller = Teller("supervisor")
        self.teller.add(self._tell)
        self._children = children
        self._bus_url = ""
        self._web: ThreadingHTTPServer | None = None

    def serve(self, metrics: MetricsSection) -> None:
        """Answer over HTTP from now on, if that is wanted. Raises ConfigError."""
        if not metrics.port:
            return
        try:
            self._web = serve_web(metrics.host, metrics.port, Told(self.health, self.reports))
        except OSError as error:
            where = f"{metrics.host}:{metrics.port}"
            reason = f"can't listen on {where}: {error.strerror}"
            raise ConfigError(f"metrics.port: {reason}") from None

    def start(self, bus_url: str) -> None:
        """Tell it to the bus from now on."""
        self._bus_url = bus_url
        self.teller.start(bus_url)

    def close(self) -> None:
        """Tell no more."""
        self.teller.close()
        if self._web is not None:
            self._web.shutdown()
            self._web.server_close()

    def reports(self) -> list[Report]:
        """Of all processes on the bus; only our own while the bus is away."""
        return self._read()[0]

    def health(self) -> Health:
        """Whether the whole is well, and who is how."""
        reports, trouble = self._read()
        reasons = [*([trouble] if trouble else []), *self._absent(reports)]
        for report in reports:
            if report.role not in BOTS:
                reasons += [f"{report.name}: {reason}" for reason in report.reasons]
        told = {
            "healthy": not reasons,
            "reasons": reasons,
            "processes": [summary(report) for report in reports],
        }
        return Health(not reasons, True, told)

    def _read(self) -> tuple[list[Report], str]:
        """Reports, and why some may be missing."""
        own = [self.teller.report()]
        if not self._bus_url:
            return own, ""
        book = ReportBook(self._bus_url)
        try:
            told = [report for report in book.read() if report.pid != own[0].pid]
            return [*told, *own], ""
        except BusUnavailable as error:
            return own, f"the bus can't be asked how the processes are: {error}"
        finally:
            book.close()

    def _absent(self, reports: Sequence[Report]) -> Iterator[str]:
        """Who doesn't do its work, or gives no sign."""
        heard = {report.pid for report in reports}
        for child in list(self._children()):
            age_s = (SYSTEM_CLOCK.now_ms() - child.started_ms) / 1000
            if child.role in BOTS:
                continue
            if not child.is_serving:
                yield f"{child.name} does not serve"
            elif child.role not in SERVERS and child.pid not in heard and age_s > REPORT_S_MAX:
                yield f"{child.name} gives no sign"

    def _tell(self, report: Report) -> None:
        children = list(self._children())
        report.tallies["serving"] = {child.name: float(child.is_serving) for child in children}
        report.tallies["restarts"] = {child.name: float(child.restarts) for child in children}
