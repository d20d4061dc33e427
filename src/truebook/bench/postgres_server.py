"""A PostgreSQL server of our own, for benches and tests: in a folder and on a port of its own.

Needs the server's programs (Debian's package `postgresql`); where they are missing, `missing()`
says so. It listens on loopback alone, and nobody is asked for a password: it is there for minutes.
"""

import contextlib
import itertools
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import psycopg

OWNER = "truebook"
"""The server's superuser; nobody is asked for a password."""
START_S_MAX = 60.0
OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
    "unix_socket_permissions": "0777",
    "log_min_messages": "fatal",
}
FOR_MINUTES = {
    "shared_buffers": "64MB",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
}
"""Nothing is flushed to a disk: what is written survives a crash of the server, not of the
machine."""

_numbers = itertools.count(1)


def programs() -> Path | None:
    """The folder of `initdb` and `postgres`, the newest version's; None: there is none."""
    debian = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3])
    )
    found = debian[-1] if debian else shutil.which("initdb")
    return Path(found).resolve().parent if found else None


def missing() -> str:
    """Why there can be no server here; empty: there can."""
    if sys.platform == "win32":
        return "PostgreSQL's programs are looked for on Linux and macOS only"
    return "" if programs() else "there is no PostgreSQL: apt install postgresql"


class Cluster:
    """One server: a data folder, and the process on it while it runs."""

    def __init__(self, folder: Path, options: Mapping[str, str] = FOR_MINUTES) -> None:
        """`folder` must not be there, or be the one of an earlier Cluster that has ended."""
        self.folder = folder
        self._options = OPTIONS | dict(options)
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Make the folder where there is none, start the server and wait until it answers."""
        self._make()
        if not self.port:
            with socket.create_server(("127.0.0.1", 0)) as found:
                self.port = found.getsockname()[1]
        own = {"port": str(self.port), "unix_socket_directories": str(self.folder)}
        options = self._options | own
        words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        self._process = self._begun("postgres", "-D", str(self.folder / "data"), *words)
        (self.folder / "port").write_text(str(self.port))
        deadline_s = time.monotonic() + START_S_MAX
        while True:
            try:
                psycopg.connect(self.url("postgres"), connect_timeout=5).close()
                return
            except psycopg.OperationalError:
                if self._process.poll() is not None or time.monotonic() > deadline_s:
                    raise
                time.sleep(0.02)

    def stop(self) -> None:
        """Stop it as an administrator in a hurry does: connections are cut, work is finished."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """End it in the middle of everything, as a crash does; the next start recovers."""
        self._end(signal.SIGQUIT)

    def remove(self) -> None:
        """Stop it, and remove the folder."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def pid(self) -> int:
        """Of the running server."""
        assert self._process is not None, "not started"
        return self._process.pid

    def url(self, database: str, user: str = OWNER) -> str:
        """The address of a database, as `database.url` has it."""
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def create(self, database: str = "", template: str = "template0") -> str:
        """Make a database; its URL. Without a name: one of its own."""
        name = database or f"database_{os.getpid()}_{next(_numbers)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(
                f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy'.encode()
            )
        return self.url(name)

    def drop(self, url: str) -> None:
        """Remove a database, whoever is connected to it."""
        name = url.rpartition("/")[2]
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())

    def _make(self) -> None:
        if (self.folder / "data").exists():
            return
        self.folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
        how = ("-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions")
        making = self._begun("initdb", "-D", str(self.folder / "data"), "-U", OWNER, *how)
        output, _ = making.communicate()
        assert making.returncode == 0, output.decode(errors="replace")

    def _begun(self, program: str, *words: str) -> "subprocess.Popen[bytes]":
        folder = programs()
        assert folder is not None, missing()
        # PostgreSQL refuses to run as root.
        user = "postgres" if os.geteuid() == 0 else None
        output = subprocess.PIPE if program == "initdb" else subprocess.DEVNULL
        return subprocess.Popen(
            [str(folder / program), *words],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            user=user,
            group=user,
            extra_groups=[] if user else None,
        )

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait()
            self._process = None


@contextlib.contextmanager
def private_cluster(options: Mapping[str, str] = FOR_MINUTES) -> Iterator[Cluster]:
    """A server for one purpose, whose owner may stop and kill it; gone in the end."""
    with tempfile.TemporaryDirectory(prefix="truebook-postgres-") as folder:
        os.chmod(folder, 0o755)
        cluster = Cluster(Path(folder) / "cluster", options)
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.stop()
