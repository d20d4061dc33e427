"""What every role has in common as a process: its lifeline, its log lines, and what it tells.

Promise: under `truebook up` a role tells how it is to the bus alone, since the supervisor tells of
all over HTTP; alone it serves /health and /metrics itself, where `metrics.port` says so, from
before it has reached log and bus: while it waits for them it says that it is starting. SIGTERM ends
it with success from its first line on, before the role has anything to finish.
"""

import atexit
import signal
import sys
from types import FrameType

from truebook.cli.loglines import log_lines
from truebook.config import Config, ConfigError
from truebook.installation import attached
from truebook.lifeline import Lifeline
from truebook.telemetry.telling import Teller
from truebook.telemetry.web import of_process, serve_web


class Standing:
    """A role's process; made where it begins."""

    def __init__(self, role: str, config: Config, name: str = "") -> None:
        """Raises ConfigError where its metrics can't be served."""
        self.lifeline = Lifeline.from_environment()
        signal.signal(signal.SIGTERM, _end)
        self.teller = Teller(role, name)
        log_lines(sys.stdout, config.logging, self.teller.name)
        self._config = config
        metrics = config.metrics
        if metrics.port and not self.lifeline.is_tied:
            try:
                serve_web(metrics.host, metrics.port, of_process(self.teller.report))
            except OSError as error:
                where = f"{metrics.host}:{metrics.port}"
                reason = f"can't listen on {where}: {error.strerror}"
                raise ConfigError(f"metrics.port: {reason}") from None

    def attached(self) -> Config:
        """The configuration with the addresses of log and bus, which is told how this process is
        from now on. Raises UserError if nothing runs."""
        config = attached(self._config)
        self.teller.start(config.bus.url)
        atexit.register(self.close)
        return config

    def close(self) -> None:
        """This process ends: nobody is to miss it on the bus. Done by itself, but by a process that
        ends without clearing up."""
        self.teller.close()

    def serving(self) -> None:
        """This process now does its work."""
        self.teller.serving()
        self.lifeline.serving()


def _end(number: int, frame: FrameType | None) -> None:
    """Until the role says what its end is."""
    sys.exit(0)
