"""Which processes an installation consists of, and how each is started.

Promise: every role runs as `python -m truebook ROLE` would on a host of its own, from the same
configuration: the file that the supervisor wrote into the data folder. Where there is a nursery
(supervisor/nursery.py) it is forked there, which is the same and takes a tenth of the time.
"""

import os
import sys
from collections.abc import Callable, Mapping

from truebook.clock import Clock
from truebook.commandlog.server import Server, start_bus_server, start_log_server
from truebook.config import Config, environment_without
from truebook.datafolder import DataFolder
from truebook.supervisor.childlog import ChildLog
from truebook.supervisor.children import Child
from truebook.supervisor.nursery import Nurseries
from truebook.supervisor.processes import Process, RoleProcess, ServerProcess
from truebook.telemetry.telling import NAME_VARIABLE

STARTERS: Mapping[str, Callable[..., Server]] = {
    "log": start_log_server,
    "bus": start_bus_server,
}

PROGRAM = (sys.executable, "-m", "truebook")


class Roster:
    """Makes the children of one data folder; they are started by who asked for them."""

    def __init__(
        self,
        folder: DataFolder,
        clock: Clock,
        tell: Callable[[str], None],
        nurseries: Nurseries,
    ) -> None:
        self._folder = folder
        self._clock = clock
        self._tell = tell
        self._nurseries = nurseries
        self._logs: list[ChildLog] = []
        self._proof_log: ChildLog | None = None

    def server(self, role: str) -> Child:
        """The private server `log` or `bus`."""

        async def start() -> Process:
            return await ServerProcess.start(STARTERS[role], self._folder.path / role)

        return Child(role, role, start, self._clock, self._tell)

    def engines(self, config: Config) -> list[Child]:
        """The engines."""
        numbers = range(1, config.engine.processes + 1)
        return [self._role("engine", n, ("--number", str(n))) for n in numbers]

    def apis(self, config: Config, listener: int) -> list[Child]:
        """The gateways, which all accept from one listening socket: while one is started again the
        others serve, and with a single one callers wait instead of being turned away."""
        options = ("--socket", str(listener))
        numbers = range(1, config.api.processes + 1)
        return [self._role("api", n, options, descriptor=listener) for n in numbers]

    def readers(self, ws_listener: int) -> list[Child]:
        """Who makes something of the log or of the event stream. Trading goes on without them."""
        ws_options = ("--socket", str(ws_listener))
        return [
            self._role("feed", is_vital=False),
            self._role("store", is_vital=False),
            self._role("archive", is_vital=False),
            self._role("ws", None, ws_options, descriptor=ws_listener, is_vital=False),
        ]

    def witness(self, config: Config) -> list[Child]:
        """Who compares the engines, where there are several."""
        return [self._role("witness", is_vital=False)] if config.engine.processes > 1 else []

    def bots(self) -> list[Child]:
        """The market maker and the noise taker."""
        return [self._role(role, is_vital=False) for role in ("maker", "taker")]

    async def proof(self) -> Process:
        """The making of one proof of liabilities, which ends by itself. Raises NotStarted."""
        if self._proof_log is None:
            self._proof_log = self._log("proof")
        return await self._process(("proof", "make"), self._proof_log)

    def close(self) -> None:
        """End the nurseries, and close the log files."""
        self._nurseries.close()
        for log in self._logs:
            log.close()

    def _role(
        self,
        role: str,
        number: int | None = None,
        options: tuple[str, ...] = (),
        *,
        descriptor: int | None = None,
        is_vital: bool = True,
    ) -> Child:
        name = role if number is None else f"{role}-{number}"
        log = self._log(name)
        descriptors = () if descriptor is None else (descriptor,)

        async def start() -> Process:
            return await self._process((role,), log, options, descriptors, name)

        return Child(role, name, start, self._clock, self._tell, is_vital=is_vital)

    def _log(self, name: str) -> ChildLog:
        log = ChildLog(self._folder.logs / f"{name}.log")
        self._logs.append(log)
        return log

    async def _process(
        self,
        command: tuple[str, ...],
        log: ChildLog,
        options: tuple[str, ...] = (),
        descriptors: tuple[int, ...] = (),
        name: str = "",
    ) -> Process:
        places = ("--data", str(self._folder.path), "--config", str(self._folder.config))
        words = (*command, *places, *options)
        environment = environment_without(os.environ) | {NAME_VARIABLE: name}
        nursery = self._nurseries.of(command[0])
        return await RoleProcess.start(PROGRAM, words, environment, log, descriptors, nursery)
