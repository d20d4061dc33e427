"""Work that makes way: steps run where they take only the time that nobody else wants.

Promise: a step is run once, to its end, and its result or exception is the caller's. On Linux it is
run in a thread of the policy SCHED_IDLE, which gets a processor when no other process wants it;
once the caller says that its work is more than LAG_MS_MAX behind, steps are run directly, with the
priority of any process, for the next RAISED_S seconds. Elsewhere they are always run directly.

Why a thread: an ordinary process can't leave SCHED_IDLE again, but the policy belongs to a thread.
Reading and writing stay in the caller's event loop at normal priority; they cost little.

While other processes want all processors a step gets about 1/300 of one, and whoever waits for the
interpreter in this process waits with it. So steps are to be small: 5 ms of work take 1.5 s then.
"""

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from truebook.clock import SYSTEM_CLOCK, Clock
from truebook.limits import LAG_MS_MAX

RAISED_S = 1.0
"""How long steps run at normal priority once the bound was passed, so that it isn't passed again
at once."""

T = TypeVar("T")


class IdleWork:
    """Runs the steps of one piece of work, one after the other; `close` it."""

    def __init__(self, clock: Clock = SYSTEM_CLOCK) -> None:
        self._clock = clock
        self._raised_until_s = 0.0
        self._thread: ThreadPoolExecutor | None = None
        if sys.platform == "linux":
            self._thread = ThreadPoolExecutor(1, "idle", initializer=_make_way)

    @property
    def is_raised(self) -> bool:
        """Whether steps run at normal priority at the moment."""
        return self._thread is None or self._clock.elapsed_s() < self._raised_until_s

    async def run(self, step: Callable[[], T], lag_ms: float = 0.0) -> T:
        """Run a step and wait for its result. `lag_ms`: how far the work is behind."""
        if lag_ms > LAG_MS_MAX:
            self._raised_until_s = self._clock.elapsed_s() + RAISED_S
        if self._thread is None or self.is_raised:
            return step()
        return await asyncio.get_running_loop().run_in_executor(self._thread, step)

    def close(self) -> None:
        """End the thread, after the step that it is at."""
        if self._thread is not None:
            self._thread.shutdown(wait=True)


def _make_way() -> None:
    """Give the calling thread the policy SCHED_IDLE, where that is allowed."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
