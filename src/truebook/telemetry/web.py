"""`/health` and `/metrics` over HTTP, on a port of its own, for those who run the exchange.

    GET /health    200 or 503, with who is how, and why
    GET /alive     200 while the process's loop goes round, whatever keeps it from its work
    GET /metrics   for Prometheus

Promise: it is answered by a thread of its own, so that a process that stands still says 503 instead
of nothing. It tells nothing that a trader should not know either but by how much there is of it;
still it belongs on loopback or a private network: nobody is asked who they are.
"""

import socket
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any, NamedTuple

import msgspec

from truebook.telemetry.report import Report

REQUEST_S_MAX = 5.0
"""For a request to arrive and its answer to be taken."""


class Health(NamedTuple):
    """What /health says."""

    is_healthy: bool
    is_alive: bool
    told: dict[str, Any]


class Told(NamedTuple):
    """What a server tells: of one process, or of a whole installation."""

    health: Callable[[], Health]
    reports: Callable[[], list[Report]]


def of_process(report: Callable[[], Report]) -> Told:
    """What is told of one process."""

    def health() -> Health:
        found = report()
        return Health(found.is_healthy, found.is_alive, summary(found))

    return Told(health, lambda: [report()])


def summary(report: Report) -> dict[str, Any]:
    """A report without its figures."""
    return {
        "name": report.name,
        "role": report.role,
        "host": report.host,
        "pid": report.pid,
        "version": report.version,
        "started": report.started_ms,
        "healthy": report.is_healthy,
        "reasons": report.reasons,
        "position": report.position,
        "lagMs": round(report.lag_ms, 1),
    }


def serve_web(host: str, port: int, told: Told) -> ThreadingHTTPServer:
    """Serve from now on, in threads of its own; `shutdown` ends it. Raises OSError."""

    class Handler(_Handler):
        of = told

    server = _Server(host, port, Handler)
    threading.Thread(target=server.serve_forever, daemon=True, name="metrics").start()
    return server


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, host: str, port: int, handler: type[BaseHTTPRequestHandler]) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), handler)

    def server_bind(self) -> None:
        """Without asking the name server who we are, as http.server would."""
        TCPServer.server_bind(self)


class _Handler(BaseHTTPRequestHandler):
    of: Told
    timeout = REQUEST_S_MAX
    server_version = "truebook"
    sys_version = ""

    def do_GET(self) -> None:
        """Answer."""
        path = self.path.partition("?")[0]
        if path in ("/health", "/alive"):
            health = self.of.health()
            is_well = health.is_healthy if path == "/health" else health.is_alive
            status = HTTPStatus.OK if is_well else HTTPStatus.SERVICE_UNAVAILABLE
            self._answer(status, "application/json", msgspec.json.encode(health.told))
        elif path == "/metrics":
            # Imported here: it takes memory and time that a process which nobody scrapes can save.
            from truebook.telemetry.exposition import CONTENT_TYPE, exposition

            self._answer(HTTPStatus.OK, CONTENT_TYPE, exposition(self.of.reports()))
        else:
            self._answer(HTTPStatus.NOT_FOUND, "text/plain", b"/health, /alive or /metrics\n")

    def _answer(self, status: HTTPStatus, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Not said: every few seconds somebody asks."""
