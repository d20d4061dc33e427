"""One process under supervision: started, watched, started again, stopped.

Promises: a child that died is started again as restarts.py says, each time with a line that tells
its exit status; it ends when the supervisor ends (lifeline.py); what it prints goes to its log
file; nothing is left of it once `stop` has returned.

A server that isn't ours can't watch a lifeline. A shell starts it, and leaves behind a watcher in
the server's own process group, which kills the server when the lifeline closes. The watcher keeps
the group, and so the server's number, from being given to another process.
"""

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from truebook.childlog import LINE_BYTES_MAX, ChildLog
from truebook.clock import Clock
from truebook.lifeline import SERVING, VARIABLE
from truebook.restarts import Restarts

PROBE_S = 0.02
OUTPUT_S = 0.5
DEATHS_BEFORE_SERVING_MAX = 6
"""So often may a child die before it has ever served; then it can't be started at all."""

_GUARDED = (
    "exec 3<&0 </dev/null;"
    " (exec >/dev/null 2>&1; while read -r line <&3; do :; done; kill -9 $$) &"
    ' exec "$@" 3<&-'
)


class Plan(NamedTuple):
    """What to start."""

    role: str
    name: str
    """The role, with a number where there are several."""
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    descriptors: tuple[int, ...] = ()
    """Handed down open."""
    probe: Callable[[], Awaitable[bool]] | None = None
    """Whether it serves, of a server that can't say so itself."""


class ChildError(Exception):
    """A child can't be started."""


class Child:
    """A process that is kept running."""

    def __init__(self, plan: Plan, log: Path, clock: Clock, tell: Callable[[str], None]) -> None:
        self.plan = plan
        self.pid = 0
        self.started_ms = 0
        self.phase = "starting"
        """What it last said it was doing."""
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Ends with ChildError if it can't be started at all."""
        self.on_change: Callable[[], None] = lambda: None
        self._clock = clock
        self._tell = tell
        self._restarts = Restarts(clock)
        self._log = ChildLog(log)
        self._serving = asyncio.Event()
        self._has_served = False
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def is_serving(self) -> bool:
        """Whether it does its work now."""
        return self._serving.is_set()

    @property
    def restarts(self) -> int:
        """How often it was started again."""
        return self._restarts.count

    def start(self) -> None:
        """Start it and keep it running from now on."""
        self._task = asyncio.create_task(self._keep_running(), name=self.plan.name)

    async def serving(self) -> None:
        """Wait until it does its work. Raises ChildError if it can't be started."""
        waiting = asyncio.create_task(self._serving.wait())
        self.failed.add_done_callback(lambda _: waiting.cancel())
        try:
            await waiting
        except asyncio.CancelledError:
            if self.failed.done():
                self.failed.result()
            raise

    async def stop(self, patience_s: float) -> None:
        """End it: politely, after `patience_s` by force."""
        self._stopping.set()
        task = self._task
        if task is None:
            return
        self._signal(signal.SIGTERM)
        done, _ = await asyncio.wait({task}, timeout=patience_s)
        if not done:
            self._tell(f"{self.plan.name} doesn't end after {patience_s:g} s: killed")
            self._signal(signal.SIGKILL)
            await asyncio.wait({task})
        self._log.close()

    def _signal(self, number: int) -> None:
        if self.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    async def _keep_running(self) -> None:
        try:
            while not self._stopping.is_set():
                status = await self._live()
                if not self._stopping.is_set():
                    await self._after_death(status)
        except ChildError as error:
            self.failed.set_exception(error)

    async def _after_death(self, status: int) -> None:
        pause_s = self._restarts.died()
        how = _how_it_ended(status)
        if not self._has_served and self._restarts.count >= DEATHS_BEFORE_SERVING_MAX:
            raise ChildError(f"{self.plan.name} can't be started: {how}\n{self._last_words()}")
        self._tell(f"{self.plan.name} {how}; starting it again in {pause_s:g} s")
        if status not in (-signal.SIGKILL, -signal.SIGTERM, 0) and self._log.tail:
            self._tell(self._last_words())
        self.on_change()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), pause_s)

    async def _live(self) -> int:
        """One life, from start to exit status."""
        ours, theirs = socket.socketpair()
        self.phase = "starting"
        self._log.tail.clear()
        try:
            process = await self._spawn(theirs)
        except ChildError:
            ours.close()
            raise
        finally:
            theirs.close()
        self.pid = process.pid
        self.started_ms = self._clock.now_ms()
        self._restarts.started()
        self.on_change()
        assert process.stdout is not None
        listening = asyncio.create_task(self._listen(ours))
        output = asyncio.create_task(self._keep_output(process.stdout))
        if self._stopping.is_set():
            self._signal(signal.SIGTERM)
        status = await process.wait()
        self.pid = 0
        self._serving.clear()
        listening.cancel()
        await asyncio.wait({listening})
        ours.close()
        # What it started itself may keep its output open for longer than it lived.
        await asyncio.wait({output}, timeout=OUTPUT_S)
        output.cancel()
        return status

    async def _spawn(self, lifeline: socket.socket) -> asyncio.subprocess.Process:
        plan = self.plan
        guarded = plan.probe is not None
        environment = dict(plan.environment)
        if not guarded:
            environment[VARIABLE] = str(lifeline.fileno())
        guard = ("/bin/sh", "-c", _GUARDED, "truebook") if guarded else ()
        try:
            return await asyncio.create_subprocess_exec(
                *guard,
                *plan.arguments,
                env=environment,
                stdin=lifeline.fileno() if guarded else asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                pass_fds=(*plan.descriptors, *(() if guarded else (lifeline.fileno(),))),
                start_new_session=True,
                limit=LINE_BYTES_MAX,
            )
        except OSError as error:
            raise ChildError(f"{plan.name}: {error}") from None

    async def _listen(self, lifeline: socket.socket) -> None:
        """Hear what the child says; probe the one that says nothing."""
        if self.plan.probe is not None:
            while not await self.plan.probe():  # noqa: ASYNC110 - nobody tells us otherwise
                await asyncio.sleep(PROBE_S)
            self._now_serving()
            return
        lifeline.setblocking(False)
        loop, heard = asyncio.get_running_loop(), b""
        with contextlib.suppress(ConnectionError):
            while piece := await loop.sock_recv(lifeline, 4096):
                *lines, heard = (heard + piece).split(b"\n")
                for line in lines:
                    self._hear(line.decode(errors="replace"))

    def _hear(self, line: str) -> None:
        self.phase = line
        if line == SERVING:
            self._now_serving()

    def _now_serving(self) -> None:
        self.phase = SERVING
        self._has_served = True
        self._restarts.serving()
        self._serving.set()
        self.on_change()

    async def _keep_output(self, output: asyncio.StreamReader) -> None:
        while True:
            try:
                line = await output.readuntil(b"\n")
            except asyncio.IncompleteReadError as error:
                if error.partial:
                    self._log.write(error.partial)
                return
            except asyncio.LimitOverrunError as error:
                line = await output.read(error.consumed)
            self._log.write(line)

    def _last_words(self) -> str:
        return "\n".join(f"    {line}" for line in self._log.tail)


def _how_it_ended(status: int) -> str:
    if status < 0:
        name = signal.Signals(-status).name if -status in set(signal.Signals) else "signal"
        return f"was killed by {name} ({-status})"
    return f"ended with status {status}"
