"""The folder of one installation: who owns it, where things are in it, and what runs on it.

    lock             held by whoever runs servers on this folder: `truebook up`, or a private replay
    run/config.json  the configuration that all processes of the running `up` share
    run/state.json   which processes run, for `ps` and `status`
    logs/ROLE.log    what the processes print, bounded
    log/             the log server's files: the exchange itself
    database.sqlite  what people query: made from the log, and can be made again
    bots/ROLE.json   the keys of the demo accounts
    keys/ENGINE.key  with which engines sign what they attest
    proofs/          proofs of liabilities
    witness/         what engines agreed on, and every verdict

Promises: two owners at a time are impossible, since the lock is the kernel's and ends with the last
process that holds it, killed or not, the log server included. The state file is always whole:
a reader sees the old one or the new one.
"""

import fcntl
import os
import time
from pathlib import Path

import msgspec
from msgspec import Struct

from truebook.config import ConfigError, UserError

LOCK_POLL_S = 0.05
PATIENCE_S = 3.0
"""How long a new owner waits for the processes of one that was killed."""


class FolderInUse(UserError):
    """Somebody else runs on the data folder."""


class Process(Struct, rename="camel"):
    """One child of the supervisor."""

    role: str
    pid: int
    """0 while it waits to be started again."""
    started: int
    """Milliseconds since 1970."""
    serving: bool = False
    restarts: int = 0


class State(Struct, rename="camel"):
    """What `truebook up` tells about itself."""

    supervisor: int
    started: int
    log_url: str
    bus_url: str
    url: str = ""
    """Of the API, once orders are accepted."""
    ws_url: str = ""
    """Of the websocket server, from the same moment on."""
    processes: list[Process] = []


class DataFolder:
    """Paths, lock and state file of one folder."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.run = self.path / "run"
        self.logs = self.path / "logs"
        self.bots = self.path / "bots"
        self.keys = self.path / "keys"
        self.witness = self.path / "witness"
        self.config = self.run / "config.json"
        self.state = self.run / "state.json"
        self._lock: int | None = None

    def create(self) -> None:
        """Make the folder and what is in it; ConfigError if that is impossible."""
        try:
            for path in (self.path, self.run, self.logs):
                path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"data: can't make {error.filename}: {error.strerror}") from None
        if not os.access(self.path, os.W_OK | os.X_OK):
            raise ConfigError(f"data: {self.path} is not writable")

    def lock(self, patience_s: float = PATIENCE_S) -> int:
        """Become the owner; the lock's descriptor, for a server that must hold it as well.

        Raises FolderInUse at once if the recorded owner runs, after `patience_s` if not: the
        processes that an owner left behind when it was killed are about to end.
        """
        assert self._lock is None
        descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        deadline = time.monotonic() + patience_s
        while not _try_lock(descriptor):
            owner = int(os.read(descriptor, 20) or b"0")
            os.lseek(descriptor, 0, os.SEEK_SET)
            if is_running(owner) or time.monotonic() > deadline:
                os.close(descriptor)
                raise FolderInUse(f"{self.path} is in use by process {owner or 'unknown'}")
            time.sleep(LOCK_POLL_S)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        self._lock = descriptor
        return descriptor

    def unlock(self) -> None:
        """Stop being the owner, as soon as no server holds the lock either."""
        if self._lock is not None:
            os.ftruncate(self._lock, 0)
            os.close(self._lock)
            self._lock = None

    def write_state(self, state: State) -> None:
        """Replace the state file."""
        temporary = self.state.with_name(self.state.name + ".new")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "wb") as file:
            file.write(msgspec.json.encode(state))
        temporary.replace(self.state)

    def remove_state(self) -> None:
        """Say that nothing runs here any more."""
        self.state.unlink(missing_ok=True)
        self.config.unlink(missing_ok=True)

    def was_left_behind(self) -> bool:
        """Whether the last owner ended without a word; its processes may still be ending."""
        return self.state.exists()

    def read_state(self) -> State | None:
        """What runs on this folder; None if nothing does."""
        try:
            state = msgspec.json.decode(self.state.read_bytes(), type=State)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.MsgspecError) as error:
            raise ConfigError(f"{self.state}: {error}") from None
        return state if is_running(state.supervisor) and self._is_locked() else None

    def _is_locked(self) -> bool:
        """Whether anybody owns the folder: a number of a dead process may live again elsewhere."""
        if self._lock is not None:
            return True
        try:
            descriptor = os.open(self.path / "lock", os.O_RDWR)
        except OSError:
            return False
        try:
            return not _try_lock(descriptor, fcntl.LOCK_SH)
        finally:
            os.close(descriptor)


def is_running(pid: int) -> bool:
    """Whether a process has this number."""
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _try_lock(descriptor: int, kind: int = fcntl.LOCK_EX) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
