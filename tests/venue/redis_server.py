"""A Redis or Valkey server of our own, as somebody would run one by docs/servers.md: over TCP on a
free port, with users, passwords and TLS, started, killed and started again on its folder."""

import contextlib
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rules.source_tree import ROOT
from venue.hosts import Host

from truebook.commandlog.address import parse
from truebook.commandlog.blocking import BlockingConnection
from truebook.commandlog.resp import ConnectionLost, Refused

START_S_MAX = 30.0
ADMINISTRATOR = "administrator"
PASSWORD = "p@ss/w,ord"
"""Of every user: one that has to be encoded in a URL."""


def documented(title: str) -> str:
    """The block of that title in docs/servers.md."""
    text = (ROOT / "docs" / "servers.md").read_text()
    found = re.search(rf"^{re.escape(title)}:\n+```\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert found is not None, f"docs/servers.md has no block {title}"
    return found[1]


def missing() -> str:
    """Why there can be no server here; empty: there can."""
    return "" if shutil.which("redis-server") else "no redis-server: apt install redis-server"


def free_port(host: str = "127.0.0.1") -> int:
    """A port that nobody has at the moment."""
    with socket.create_server((host, 0)) as found:
        return int(found.getsockname()[1])


class RedisServer:
    """One server: a folder, and the process on it while it runs."""

    def __init__(
        self,
        folder: Path,
        kind: str,
        *,
        program: str = "redis-server",
        host: Host | None = None,
        certificate: Path | None = None,
        has_users: bool = True,
        can_wait: bool = False,
    ) -> None:
        """`kind`: `log` or `bus`; `can_wait`: users may use WAITAOF, which not every program has;
        `host`: where it runs, this machine by default."""
        self.folder = folder
        self.host = "127.0.0.1" if host is None else host.address
        self.port = free_port()
        self._program = program
        self._before = () if host is None else host.before
        self._certificate = certificate
        self._has_users = has_users
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        lines = [documented(f"{kind}.conf"), f"dir {folder}", f"bind {self.host}"]
        if has_users:
            users = documented(f"{kind}.acl").replace(">PASSWORD", f">{PASSWORD}")
            if can_wait:
                lines.append("repl-diskless-sync-delay 0")
                users = users.replace("+config|get", "+config|get +waitaof")
            lines += [f"masteruser {ADMINISTRATOR}", f'masterauth "{PASSWORD}"']
            everything = f"user {ADMINISTRATOR} on >{PASSWORD} ~* &* +@all\n"
            (folder / "users.acl").write_text(users + everything)
            lines.append(f"aclfile {folder}/users.acl")
        else:
            lines.append("protected-mode no")
        if certificate is not None:
            lines += [f"tls-port {self.port}", "port 0", "tls-auth-clients no"]
            lines += [f"tls-{name}-file {certificate}" for name in ("cert", "key", "ca-cert")]
        else:
            lines.append(f"port {self.port}")
        (folder / "server.conf").write_text("\n".join(lines) + "\n")

    @property
    def pid(self) -> int:
        """Of the running server."""
        assert self._process is not None, "not started"
        return self._process.pid

    def url(self, user: str = ADMINISTRATOR) -> str:
        """The address, as a user."""
        scheme = "redis" if self._certificate is None else "rediss"
        who = f"{user}:{quote(PASSWORD, safe='')}@" if self._has_users else ""
        trust = "" if self._certificate is None else f"?ssl_ca_certs={self._certificate}"
        return f"{scheme}://{who}{self.host}:{self.port}/0{trust}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        with open(self.folder / "server.log", "ab") as log:
            self._process = subprocess.Popen(
                [*self._before, self._program, str(self.folder / "server.conf")],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline_s = time.monotonic() + START_S_MAX
        while not self._answers():
            assert self._process.poll() is None, (self.folder / "server.log").read_text()[-2000:]
            assert time.monotonic() < deadline_s, "the server doesn't answer"
            time.sleep(0.02)

    def follow(self, primary: "RedisServer") -> None:
        """Be a replica from now on, with what the primary has; wait until it is."""
        self.ask("REPLICAOF", primary.host, primary.port)
        deadline_s = time.monotonic() + START_S_MAX
        connection = BlockingConnection(parse(primary.url()))
        connection.open()
        try:
            while True:
                connection.request("SET", "followed", 1, seconds=10)
                if connection.request("WAITAOF", 1, 1, 500, seconds=10)[1]:
                    return
                assert time.monotonic() < deadline_s, "the replica doesn't get up to date"
        finally:
            connection.close()

    def promote(self) -> None:
        """Be the primary from now on."""
        self.ask("REPLICAOF", "NO", "ONE")

    def ask(self, *command: str | bytes | int) -> Any:
        """The reply to an administrator's command."""
        connection = BlockingConnection(parse(self.url()))
        connection.open()
        try:
            return connection.request(*command, seconds=10)
        finally:
            connection.close()

    def send(self, number: signal.Signals) -> None:
        """Pause it, or have it go on."""
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        """kill -9."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Have it end in an orderly way; harmless if it has ended."""
        self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.send_signal(number)
            self._process.wait(20)
            self._process = None

    def _answers(self) -> bool:
        try:
            return bool(self.ask("PING") == b"PONG")
        except (ConnectionLost, Refused):
            return False


@contextlib.contextmanager
def redis_server(
    folder: Path, kind: str, *, host: Host | None = None, certificate: Path | None = None
) -> Iterator[RedisServer]:
    """A server that runs, and is gone in the end."""
    server = RedisServer(folder, kind, host=host, certificate=certificate)
    try:
        server.start()
        yield server
    finally:
        server.stop()
