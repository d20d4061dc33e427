"""A PostgreSQL server of our own: in a folder that is gone in the end, on a port of its own.

Needs the server's programs (Debian's package `postgresql`); where they are missing, `missing()`
says so and tests are skipped. Nothing that it writes is flushed to a disk: it is there for minutes.

All workers of one test run share one server (`shared`). It is kept by a process of its own, which
holds it as long as anybody holds a lock on its folder: the kernel gives a lock back however its
holder ends, so the server is stopped and its folder removed even after a `kill -9`.
"""

import contextlib
import fcntl
import itertools
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

OWNER = "truebook"
"""The server's superuser; nobody is asked for a password."""
START_S_MAX = 60.0
OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "unix_socket_permissions": "0777",
    "log_min_messages": "fatal",
}

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

    def __init__(self, folder: Path) -> None:
        """`folder` must not be there, or be the one of an earlier Cluster that has ended."""
        self.folder = folder
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Make the folder where there is none, start the server and wait until it answers."""
        self._make()
        if not self.port:
            with socket.create_server(("127.0.0.1", 0)) as found:
                self.port = found.getsockname()[1]
        options = OPTIONS | {"port": str(self.port), "unix_socket_directories": str(self.folder)}
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
def private_cluster() -> Iterator[Cluster]:
    """A server for one test alone, which may stop and kill it."""
    with tempfile.TemporaryDirectory(prefix="truebook-postgres-") as folder:
        os.chmod(folder, 0o755)
        cluster = Cluster(Path(folder) / "cluster")
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.stop()


@contextlib.contextmanager
def shared_cluster() -> Iterator[Cluster]:
    """The server that all workers of a test run share. Nobody stops it but its keeper."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    folder = Path(tempfile.gettempdir()) / f"truebook-postgres-{os.geteuid()}-{run}"
    with _used(folder), open(folder / "starting", "w") as starting:
        fcntl.flock(starting, fcntl.LOCK_EX)
        cluster = Cluster(folder / "cluster")
        port = cluster.folder / "port"
        if not port.exists():
            keeper = subprocess.Popen(
                [sys.executable, __file__, str(folder)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                start_new_session=True,
            )
            assert keeper.stdout is not None
            with keeper.stdout as said:
                assert said.readline() == b"ready\n", "PostgreSQL did not start"
            keeper.returncode = 0  # it outlives us: nobody waits for it
        cluster.port = int(port.read_text())
        fcntl.flock(starting, fcntl.LOCK_UN)
        yield cluster


@contextlib.contextmanager
def _used(folder: Path) -> Iterator[None]:
    """Make the folder, unless it is there, and hold it."""
    while True:
        folder.mkdir(mode=0o755, exist_ok=True)
        with contextlib.suppress(FileNotFoundError), open(folder / "used", "w") as used:
            fcntl.flock(used, fcntl.LOCK_SH)
            # Its keeper may have removed it while we waited.
            if os.fstat(used.fileno()).st_ino == os.stat(folder / "used").st_ino:
                yield
                return


def _keep(folder: Path) -> None:
    """Start the server of a folder, and end it once nobody uses the folder any more."""
    cluster = Cluster(folder / "cluster")
    try:
        cluster.start()
        print("ready", flush=True)
        with open(folder / "used") as used:
            fcntl.flock(used, fcntl.LOCK_EX)
    finally:
        cluster.remove()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """The test run's server; skipped where there can be none."""
    if reason := missing():
        pytest.skip(reason)
    with shared_cluster() as cluster:
        yield cluster


if __name__ == "__main__":
    _keep(Path(sys.argv[1]))
