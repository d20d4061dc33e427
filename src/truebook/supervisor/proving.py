"""Proofs of liabilities, made by themselves: `truebook proof make` as a process, when it is due.

Promise: nobody waits for it. It reads a snapshot that an engine has written, in a process of its
own that makes way for all others and ends when it is done; one that fails is told once, and tried
again later.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import Awaitable, Callable

from truebook.clock import Clock
from truebook.idle import hurry
from truebook.proof.folder import ProofFolder
from truebook.supervisor.processes import NotStarted, Process

FIRST_S = 5.0
"""The start of an exchange comes first."""
AGAIN_S = 60.0
"""After a failure."""
ENDING_S_MAX = 1.0


class Proving:
    """Of one installation."""

    def __init__(
        self,
        seconds: float,
        folder: ProofFolder,
        start: Callable[[], Awaitable[Process]],
        clock: Clock,
        tell: Callable[[str], None],
    ) -> None:
        """`seconds` between two proofs; `start` starts the making of one."""
        self._seconds = seconds
        self._folder = folder
        self._start = start
        self._clock = clock
        self._tell = tell
        self._trouble = ""

    async def run(self) -> None:
        """Have proofs made, until it is cancelled."""
        pause_s = max(FIRST_S, self._due_s())
        while True:
            await asyncio.sleep(pause_s)
            trouble = await self._make()
            if trouble and trouble != self._trouble:
                self._tell(f"no proof of liabilities could be made: {trouble}")
            self._trouble = trouble
            pause_s = AGAIN_S if trouble else max(FIRST_S, self._due_s())

    def _due_s(self) -> float:
        """How long until the next proof is due."""
        made = self._folder.trees()
        if not made:
            return 0.0
        return self._seconds - (self._clock.now_ms() - made[0].high) / 1000

    async def _make(self) -> str:
        """Make one; why it couldn't be made."""
        try:
            process = await self._start()
        except NotStarted as error:
            return str(error)
        ended = asyncio.ensure_future(process.wait())
        try:
            status = await asyncio.shield(ended)
        finally:
            if not ended.done():
                hurry(process.pid)
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGKILL)
                await asyncio.wait({ended}, timeout=ENDING_S_MAX)
        return "" if status == 0 else " ".join(process.last_words()) or f"status {status}"
