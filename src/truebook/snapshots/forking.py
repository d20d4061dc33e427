"""Work in a fork: a copy of this process, as it is now, that does one thing and ends.

Promise: the copy sees memory as it was at the fork, whatever goes on here; it can't answer, read or
hold open anything of ours, since it closes all it has inherited, and it ends by `os._exit`, so that
nothing is flushed or tidied twice. Here nothing waits for it: `poll` looks, `fileno` wakes.

Why a fork: the pages are shared until one of the two writes to them. So a state of any size is held
still for the time that copying its page tables takes.
"""

import contextlib
import gc
import os
import resource
import signal
from collections.abc import Callable

NICENESS = 5
"""The copy makes way a little; far less, and pages would stay shared, and be copied, for longer."""
_TOLD_BYTES_MAX = 4096


class ForkFailed(Exception):
    """The copy ended without a result; says why."""


class Fork:
    """A copy of this process at work."""

    def __init__(self, work: Callable[[], str]) -> None:
        """Fork; the copy calls `work` and what it returns is the result. Raises OSError."""
        self._ear, mouth = os.pipe()
        os.set_blocking(self._ear, False)
        self.pid = os.fork()
        if self.pid == 0:
            _be_the_copy(mouth, work)
        os.close(mouth)
        self._heard = b""

    def fileno(self) -> int:
        """Becomes readable when there is something to `poll`."""
        return self._ear

    def poll(self) -> str | None:
        """The result, or None while there is none. Raises ForkFailed."""
        try:
            while data := os.read(self._ear, _TOLD_BYTES_MAX):
                self._heard += data
        except BlockingIOError:
            return None
        os.close(self._ear)
        self._ear = -1
        _, status = os.waitpid(self.pid, 0)
        told = self._heard.decode(errors="replace")
        if status:
            code = os.waitstatus_to_exitcode(status)
            raise ForkFailed(told or (f"signal {-code}" if code < 0 else f"status {code}"))
        return told

    def end(self) -> None:
        """End the copy, whatever it is at."""
        if self._ear >= 0:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            os.close(self._ear)
            self._ear = -1
            os.waitpid(self.pid, 0)


def _be_the_copy(mouth: int, work: Callable[[], str]) -> None:
    """Do the work and end; never returns."""
    status = 1
    try:
        gc.disable()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        _close_all_but(mouth)
        os.nice(NICENESS)
        told = work()
        os.write(mouth, told.encode()[:_TOLD_BYTES_MAX])
        status = 0
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.write(mouth, f"{type(error).__name__}: {error}".encode()[:_TOLD_BYTES_MAX])
    finally:
        os._exit(status)


def _close_all_but(mouth: int) -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in range(3):
        os.dup2(nothing, standard)
    end, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    os.closerange(3, mouth)
    os.closerange(mouth + 1, end if end > mouth else 1 << 16)
