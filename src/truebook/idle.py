"""Work that makes way: steps run where they take only the time that nobody else wants.

Promise: a step is run once, to its end, and its result or exception is the caller's. On Linux it is
run in a thread of the policy SCHED_IDLE, which gets a processor when no other process wants it.
Once the work is more than LAG_MS_MAX behind, or one step took longer than that, steps are run
directly, with the priority of any process: for RAISED_S_MIN seconds, and for twice as long each
time that making way was again too much. Elsewhere they are always run directly.

Why a thread: an ordinary process can't leave SCHED_IDLE again, but the policy belongs to a thread.
Reading and writing stay in the caller's event loop at normal priority; they cost little.

Between sessions of processes Linux shares processors out by session (autogroups), and there that
policy counts for nothing: an idle thread of one session takes as much as a busy one of another. So
a process that leads a session lowers the share of its session as well, while it makes way: to a
tenth of another's, so that it is never starved by who has nothing to do with it.

A thread that gets so little can't end either: a process ends with its last thread, which gives all
memory back. So whoever ends such a process lets it `hurry` first. Linux permits that to root, and
to others where RLIMIT_NICE allows priority 0 (`ulimit -e 20`, LimitNICE=+0).

What it can't do: interrupt a step. While others want all processors an idle thread gets about 1/300
of one, and whoever waits for the interpreter in this process waits with it: 2 ms of work take 0.6 s
then. So steps are to be small; and where it happens, it happens ever more rarely.
"""

import asyncio
import contextlib
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from truebook.clock import SYSTEM_CLOCK, Clock
from truebook.limits import LAG_MS_MAX

RAISED_S_MIN = 5.0
RAISED_S_MAX = 320.0

MAKING_WAY_NICE = 10
"""The share of a session that makes way: 110 against 1,024."""

T = TypeVar("T")


class IdleWork:
    """Runs the steps of one piece of work, one after the other; `close` it."""

    def __init__(self, clock: Clock = SYSTEM_CLOCK) -> None:
        self._clock = clock
        self._raised_until_s = clock.elapsed_s()
        self._raised_s = RAISED_S_MIN
        self._is_session_raised = False
        self._thread: ThreadPoolExecutor | None = None
        self._thread_id: int | None = None
        if sys.platform == "linux":
            self._thread = ThreadPoolExecutor(1, "idle", initializer=self._begin)
            weigh_session(MAKING_WAY_NICE)

    @property
    def is_raised(self) -> bool:
        """Whether steps run at normal priority at the moment."""
        return self._thread is None or self._clock.elapsed_s() < self._raised_until_s

    def _begin(self) -> None:
        self._thread_id = threading.get_native_id()
        make_way()

    def _lower(self) -> None:
        """Make way again, after having been raised."""
        if self._is_session_raised and not self.is_raised:
            self._is_session_raised = False
            weigh_session(MAKING_WAY_NICE)

    async def run(self, step: Callable[[], T], lag_ms: float = 0.0) -> T:
        """Run a step and wait for its result. `lag_ms`: how far the work is behind."""
        if lag_ms > LAG_MS_MAX and not self.is_raised:
            self._raise()
        if self._thread is None or self.is_raised:
            return step()
        self._lower()
        began_s = self._clock.elapsed_s()
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, step)
        finally:
            if (self._clock.elapsed_s() - began_s) * 1000 > LAG_MS_MAX:
                self._raise()

    def close(self) -> None:
        """End the thread, after the step that it is at; neither makes way any more."""
        weigh_session(0)
        if self._thread_id is not None:
            _stop_making_way(self._thread_id)
        if self._thread is not None:
            self._thread.shutdown(wait=True)

    def _raise(self) -> None:
        now_s = self._clock.elapsed_s()
        if now_s - self._raised_until_s > RAISED_S_MAX:
            self._raised_s = RAISED_S_MIN  # making way went well for long
        self._raised_until_s = now_s + self._raised_s
        self._raised_s = min(2 * self._raised_s, RAISED_S_MAX)
        self._is_session_raised = True
        weigh_session(0)


def make_way() -> None:
    """Give the calling thread the policy SCHED_IDLE, where that is allowed."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


def _stop_making_way(thread: int) -> None:
    """Give a thread the usual policy again, where that is allowed."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            if os.sched_getscheduler(thread) == os.SCHED_IDLE:
                os.sched_setscheduler(thread, os.SCHED_OTHER, os.sched_param(0))


def hurry(pid: int) -> None:
    """Have a process make way no more, where that is allowed: for whoever waits for its end. One
    that has ended is left alone."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            for thread in os.listdir(f"/proc/{pid}/task"):
                _stop_making_way(int(thread))
        weigh_session(0, pid)


def weigh_session(nice: int, pid: int | None = None) -> None:
    """Set the share of processors that the session of a process, of this one unless another is
    named, gets beside others, where Linux shares by session; one that somebody else leads is left
    alone."""
    pid = os.getpid() if pid is None else pid
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            if os.getsid(pid) == pid:
                Path(f"/proc/{pid}/autogroup").write_text(str(nice))
