"""One process under supervision: started, watched, started again, stopped.

Promises: a child that died is started again as restarts.py says, each time with a line that tells
its exit status; a vital child that never came to serve is given up in the end, with its last words,
any other is tried again for ever; nothing is left of a child once `stop` has returned, unless it
tells that the system couldn't end it.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Sequence

from truebook.clock import Clock
from truebook.idle import hurry
from truebook.lifeline import SERVING
from truebook.supervisor.processes import NotStarted, Process, Start
from truebook.supervisor.restarts import Restarts

STARTING = "starting"
DEATHS_BEFORE_SERVING_MAX = 6
"""So often may a child die before it has ever served; then it can't be started at all."""

KILLED_S_MAX = 10.0
"""How long a killed process may take to end: one that waits for a disk which is gone never does."""

_EXPECTED = {0, -signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT}
"""How a process ends when somebody ends it: its last words explain nothing then."""


class Child:
    """A process that is kept running. Made and used inside one event loop."""

    def __init__(
        self,
        role: str,
        name: str,
        start: Start,
        clock: Clock,
        tell: Callable[[str], None],
        *,
        is_vital: bool = True,
    ) -> None:
        self.role = role
        self.name = name
        """The role, with a number where there are several."""
        self.pid = 0
        """0 while there is no process."""
        self.started_ms = 0
        self.phase = STARTING
        """What it last said it was doing."""
        self.is_hopeless = False
        """It isn't vital, and so far it couldn't be started."""
        self.on_change: Callable[[], None] = lambda: None
        self.on_bug: Callable[[BaseException], None] = lambda error: None
        """Called when nobody keeps it running any more because of a bug of ours."""
        self._start = start
        self._clock = clock
        self._tell = tell
        self._is_vital = is_vital
        self._restarts = Restarts(clock)
        self._serving = asyncio.Event()
        self._has_served = False
        self._given_up: asyncio.Future[None] = asyncio.get_running_loop().create_future()
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
        self._task = asyncio.create_task(self._keep_running(), name=self.name)
        self._task.add_done_callback(self._check_task)

    def _check_task(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()):
            self.on_bug(error)

    async def serving(self) -> None:
        """Wait until it does its work. Raises NotStarted if it can't be started."""
        waiting = asyncio.create_task(self._serving.wait())
        self._given_up.add_done_callback(lambda _: waiting.cancel())
        try:
            await waiting
        except asyncio.CancelledError:
            if self._given_up.done():
                self._given_up.result()
            raise

    async def stop(self, patience_s: float) -> None:
        """End it: politely, after `patience_s` by force; at most KILLED_S_MAX later."""
        self._stopping.set()
        task = self._task
        if task is None:
            return
        self._signal(signal.SIGTERM)
        done, _ = await asyncio.wait({task}, timeout=patience_s)
        if not done:
            self._tell(f"{self.name} doesn't end within {patience_s:g} s: killed")
            self._signal(signal.SIGKILL)
            done, _ = await asyncio.wait({task}, timeout=KILLED_S_MAX)
        if not done:
            self._tell(
                f"{self.name} (process {self.pid}) was killed and doesn't end: left as it is"
            )
            task.cancel()
            await asyncio.wait({task})
        if self._given_up.done():
            self._given_up.exception()

    def _signal(self, number: int) -> None:
        if self.pid:
            hurry(self.pid)
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    async def _keep_running(self) -> None:
        while not self._stopping.is_set():
            words: Sequence[str] = ()
            try:
                process = await self._start()
            except NotStarted as error:
                how, can_start = f"can't be started: {error}", False
            else:
                status = await self._live(process)
                how, can_start = how_it_ended(status), True
                words = () if status in _EXPECTED else process.last_words()
            if self._stopping.is_set():
                return
            pause_s = self._restarts.died()
            how = "\n    ".join([how, *words])
            if not self._has_served and self._can_not_start(can_start):
                if self._is_vital:
                    self._given_up.set_exception(NotStarted(f"{self.name} {how}"))
                    return
                self.is_hopeless = True
            self._tell(f"{self.name} {how}\n{self.name} is started again in {pause_s:g} s")
            self.on_change()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause_s)

    def _can_not_start(self, can_start: bool) -> bool:
        return not can_start or self._restarts.count >= DEATHS_BEFORE_SERVING_MAX

    async def _live(self, process: Process) -> int:
        """One life, to its exit status."""
        self.pid = process.pid
        self.phase = STARTING
        self.started_ms = self._clock.now_ms()
        self._restarts.started()
        self.on_change()
        if self._stopping.is_set():
            self._signal(signal.SIGTERM)
        listening = asyncio.create_task(process.listen(self._hear))
        try:
            status = await process.wait()
            self.pid = 0
            self._serving.clear()
        finally:
            listening.cancel()
            await asyncio.wait({listening})
        return status

    def _hear(self, text: str) -> None:
        self.phase = text
        if text == SERVING:
            self._has_served = True
            self.is_hopeless = False
            self._restarts.serving()
            self._serving.set()
        self.on_change()


def how_it_ended(status: int) -> str:
    """An exit status in words."""
    if status >= 0:
        return f"ended with status {status}"
    try:
        return f"was killed by {signal.Signals(-status).name} ({-status})"
    except ValueError:
        return f"was killed by signal {-status}"
