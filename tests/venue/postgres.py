"""The PostgreSQL server of a test run, and how a test has one of its own.

All workers of one test run share one server (`shared_cluster`, the fixture `postgres`). It is kept
by a process of its own, which holds it as long as anybody holds a lock on its folder: the kernel
gives a lock back however its holder ends, so the server is stopped and its folder removed even
after a `kill -9`. A test that stops or kills a server has its own (`private_cluster`).
"""

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from truebook.bench.postgres_server import Cluster, missing, private_cluster

__all__ = ["Cluster", "missing", "postgres", "private_cluster", "shared_cluster"]


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
