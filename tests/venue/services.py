"""The whole system, role by role, on servers that somebody else runs: what docs/servers.md tells.

Each role is a process of its own with a user of its own on log and bus. It is looked at like
Installed: `url`, `ws_url`, `open_account`.
"""

import base64
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from venue.credentials import Credentials
from venue.hosts import Host
from venue.installed import SOURCES, UNLIMITED
from venue.redis_server import ADMINISTRATOR, RedisServer, free_port, redis_server
from venue.relay import Relay

from truebook.commandlog.durability import UNCHECKED
from truebook.commandlog.reached_log import ReachedLog
from truebook.commandlog.whole_log import open_whole_log
from truebook.lifeline import SERVING, VARIABLE

SERVING_S_MAX = 240.0
"""The first engine on a machine is compiled."""
STOP_S_MAX = 30.0
"""Far more than is needed: so that a slow machine is not taken for a role that hangs."""
STOP_ORDER = ("ws", "api", "feed", "store", "witness", "archive", "engine")


class LogServer(Protocol):
    """A log's server, or several."""

    def url(self, user: str) -> str:
        """How a user reaches it."""


class Role:
    """One process of the exchange."""

    def __init__(
        self, role: str, name: str, command: list[str], environment: dict[str, str], log: Path
    ) -> None:
        self._made_of = role, name, command, environment, log
        self.role = role
        self.name = name
        self.log = log
        self._serving = threading.Event()
        ours, theirs = socket.socketpair()
        self._lifeline = ours
        with theirs, open(log, "ab") as output:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**environment, VARIABLE: str(theirs.fileno())},
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        self._listener = threading.Thread(target=self._listen)
        self._listener.start()

    def again(self) -> "Role":
        """Another life of the same."""
        return Role(*self._made_of)

    def wait_serving(self) -> None:
        """Wait until it says that it does its work."""
        assert self._serving.wait(SERVING_S_MAX), self.said()
        assert self.process.poll() is None, self.said()

    def said(self) -> str:
        """What it printed."""
        return self.log.read_text()

    def stop(self) -> int:
        """SIGTERM; its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.wait()

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.wait()

    def wait(self) -> int:
        """Its exit status; it must end by itself, soon."""
        try:
            return self.process.wait(STOP_S_MAX)
        finally:
            self.process.kill()  # harmless to what has ended
            self.process.wait()
            self._listener.join()
            self._lifeline.close()

    def _listen(self) -> None:
        heard = b""
        with contextlib.suppress(ConnectionError):
            while piece := self._lifeline.recv(4096):
                heard += piece
                if f"{SERVING}\n".encode() in heard:
                    self._serving.set()
        self._serving.set()


class Services:
    """Roles on a log, a bus and a database."""

    def __init__(
        self,
        data: Path,
        log: LogServer,
        bus: RedisServer,
        database_url: str = "",
        environment: Mapping[str, str] = UNLIMITED,
        hosts: Mapping[str, Host] | None = None,
    ) -> None:
        """`hosts`: where a role runs; each host has a data folder of its own."""
        self._hosts = hosts or {}
        self.data = data
        self.log = log
        self.bus = bus
        self.roles: list[Role] = []
        self.restarted: list[str] = []
        """Who has ended by itself and was started again."""
        self._environment = {**environment, "TRUEBOOK_DATABASE_URL": database_url}
        self._apis, self._wss = Relay(), Relay()
        (data / "logs").mkdir(parents=True)

    @property
    def url(self) -> str:
        """Of the API: connections go to one process after the other."""
        return f"http://127.0.0.1:{self._apis.port}"

    @property
    def ws_url(self) -> str:
        """Of the websocket servers, in turn as well."""
        return f"ws://127.0.0.1:{self._wss.port}"

    def start(self, engines: int = 2, apis: int = 2, websockets: int = 2) -> None:
        """Start all of it, as one would by hand, and wait until it serves."""
        assert self.run("found", "--json") == {"founded": True}
        numbers = range(1, engines + 1)
        made = [self.begin("engine", n, "--number", str(n)) for n in numbers]
        for relay, role, count in ((self._apis, "api", apis), (self._wss, "ws", websockets)):
            for number in range(1, count + 1):
                port, host = free_port(), self._hosts.get(role)
                address = "127.0.0.1" if host is None else host.address
                made.append(self.begin(role, number, "--host", address, "--port", str(port)))
                relay.add(address, port)
        made += [self.begin(role) for role in ("feed", "store", "archive", "witness")]
        for role in made:
            role.wait_serving()
        if not self._hosts:
            trusted = self.try_run("trust", *map(str, numbers))
            assert trusted.returncode == 0, trusted.stderr

    def begin(self, role: str, number: int = 0, *options: str) -> Role:
        """Start a role alone."""
        name = f"{role}-{number}" if number else role
        host = self._hosts.get(role)
        data = self.data if host is None else self.data / host.namespace
        before = () if host is None else host.before
        command = [*before, sys.executable, "-m", "truebook", role, *options, "--data", str(data)]
        log = self.data / "logs" / f"{name}.log"
        self.roles.append(Role(role, name, command, self.environment(role), log))
        return self.roles[-1]

    def restart_ended(self) -> None:
        """Start again what has ended by itself, as whoever supervises roles does."""
        for number, role in enumerate(self.roles):
            if role.process.poll() is not None:
                role.wait()
                self.roles[number] = role.again()
                self.restarted.append(role.name)

    def replace(self, role: Role) -> None:
        """Stop a process, which ends by itself, and start another one in its place."""
        assert role.stop() == 0, role.said()
        self.roles[self.roles.index(role)] = after = role.again()
        after.wait_serving()

    def environment(self, user: str) -> dict[str, str]:
        """What a role is told, as a user of the servers."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith("TRUEBOOK_")}
        cache = {k: os.environ[k] for k in ("TRUEBOOK_CACHE",) if k in os.environ}
        return {
            **kept,
            **cache,
            "PYTHONPATH": str(SOURCES),
            "TRUEBOOK_LOG_URL": self.log.url(user),
            "TRUEBOOK_BUS_URL": self.bus.url(user),
            "TRUEBOOK_ARCHIVE_URL": (self.data / "archive").as_uri(),
            **self._environment,
        }

    def run(self, *arguments: str) -> Any:
        """What a command with --json prints; it must succeed."""
        done = self.try_run(*arguments)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def try_run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """A command on this exchange, to its end."""
        command = [sys.executable, "-m", "truebook", *arguments, "--data", str(self.data)]
        environment = self.environment("operator")
        return subprocess.run(command, env=environment, capture_output=True, text=True)

    def open_account(self, name: str, credit: dict[str, str]) -> Credentials:
        """A new account."""
        credits = [part for item in credit.items() for part in ("--credit", "=".join(item))]
        made = self.run("account", "create", name, *credits, "--json")
        return Credentials(made["accountId"], base64.b64decode(made["apiSecret"]))

    def open_log(self) -> ReachedLog:
        """All of the log, wherever it stands; close it."""
        archive = (self.data / "archive").as_uri()
        return open_whole_log(self.log.url(ADMINISTRATOR), archive, durability=UNCHECKED)

    def named(self, role: str) -> list[Role]:
        """The processes of a role that were started last."""
        return [one for one in self.roles if one.role == role]

    def close(self) -> None:
        """Stop what runs, against the flow; every role must end by itself. Whatever comes between,
        nothing is left that would keep the tests from ending."""
        statuses: dict[str, int | None] = {}
        try:
            for stage in STOP_ORDER:
                for role in self.named(stage):
                    if role.process.poll() is None:
                        try:
                            statuses[role.name] = role.stop()
                        except subprocess.TimeoutExpired:
                            statuses[role.name] = None  # killed, so that the others can be stopped
        finally:
            for role in self.roles:
                role.kill()
            self._apis.close()
            self._wss.close()
        assert set(statuses.values()) <= {0}, statuses


@contextlib.contextmanager
def serving(system: Services, **processes: int) -> Iterator[Services]:
    """The system with so many `engines`, `apis` and `websockets`, and gone in the end."""
    try:
        system.start(**processes)
        yield system
    finally:
        system.close()


@contextlib.contextmanager
def services(
    folder: Path, certificate: Path | None = None, database_url: str = ""
) -> Iterator[Services]:
    """The whole system on Redis servers of its own."""
    with (
        redis_server(folder / "redis-log", "log", certificate=certificate) as log,
        redis_server(folder / "redis-bus", "bus") as bus,
        serving(Services(folder / "data", log, bus, database_url)) as system,
    ):
        yield system
