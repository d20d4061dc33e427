"""Whether the exchange can carry out commands at the moment; if not, nothing is appended.

Promise: while the engine is more than a second behind the log, halted, the disk of the log nearly
full or its server's memory (which grows while the archive can't be written), `check` refuses, and
what it refuses is certainly not written. It accepts again by itself when that is over.

Why it is right: a question that names the end of the log is answered once the engine has got there.
So an engine that doesn't answer for a second is a second behind what stood in the log then, whoever
wrote it; one that is halted says so at once.

Each look wakes log, bus and engine. So while nobody wants anything carried out it looks less often,
and the first who does makes it look at once.
"""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

import structlog

from truebook.api.errors import NotAccepting
from truebook.asking import Asker, Halted, TimedOut
from truebook.clock import SYSTEM_CLOCK, Clock
from truebook.commandlog.interface import LogUnavailable, Position
from truebook.limits import ENGINE_LAG_MS_MAX

logger = structlog.get_logger()

LOOK_S = 0.25
LOOK_AT_REST_S = 1.0
"""While nobody wants anything carried out."""
LOOK_AGAIN_S = 0.05
"""While the engine is behind or halted, or the whole venue is."""
ANSWER_MS_MAX = 100
"""What an engine that has got there long ago may take to say so."""
LOOK_AT_MEMORY_S = 1.0
_MIB = 1 << 20


class Space(NamedTuple):
    """What shall be left for the log."""

    folder: Path | None = None
    """Where it is kept, if that is known."""
    disk_free_mib: int = 0
    """0: the disk isn't looked at."""
    memory: Callable[[], Awaitable[int]] | None = None
    """What its server holds in memory, in bytes; raises LogUnavailable."""
    memory_bytes_max: int = 0


ANY_SPACE = Space()


class Pressure:
    """What keeps a gateway from appending; made by `Pressure.start`."""

    def __init__(
        self,
        asker: Asker,
        end: Callable[[], Awaitable[Position]],
        space: Space,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._asker = asker
        self._end = end
        self._space = space
        self._clock = clock
        self._of_engine = ""
        self._of_disk = ""
        self._of_memory = ""
        self._next_memory_s = 0.0
        self._of_venue = ""
        self._watching: asyncio.Task[None] | None = None
        self._was_asked = False
        """Whether somebody wanted something carried out since the last look."""
        self._resting: asyncio.Future[None] | None = None
        """Ends the rest of who looks."""

    @classmethod
    async def start(
        cls,
        asker: Asker,
        end: Callable[[], Awaitable[Position]],
        space: Space = ANY_SPACE,
    ) -> "Pressure":
        """Look once, and from then on in the background; `end` tells where the log ends."""
        pressure = cls(asker, end, space)
        await pressure._look()
        pressure._watching = asyncio.create_task(pressure._watch())
        return pressure

    @property
    def reason(self) -> str:
        """Why nothing is accepted; empty while it is."""
        return self._of_disk or self._of_memory or self._of_venue or self._of_engine

    @property
    def log_folder(self) -> Path | None:
        """Where the log's files are, if that is known and they are on this machine."""
        return self._space.folder

    def check(self) -> None:
        """Raise NotAccepting, unless commands can be carried out."""
        self._was_asked = True
        if self._resting is not None:
            self._resting.set_result(None)
            self._resting = None
        if self.reason:
            raise NotAccepting(self.reason)

    def close(self) -> None:
        """Look no more."""
        if self._watching is not None:
            self._watching.cancel()

    async def _watch(self) -> None:
        while True:
            await self._pause()
            self._was_asked = False
            before = self.reason
            await self._look()
            if self.reason != before:
                logger.warning("commands", accepted=not self.reason, reason=self.reason)

    async def _pause(self) -> None:
        if self._of_engine or self._of_venue:
            await asyncio.sleep(LOOK_AGAIN_S)
            return
        await asyncio.sleep(LOOK_S)
        if not self._was_asked:
            resting = self._resting = asyncio.get_running_loop().create_future()
            await asyncio.wait([resting], timeout=LOOK_AT_REST_S - LOOK_S)
            self._resting = None

    async def _look(self) -> None:
        self._of_disk = self._look_at_disk()
        try:
            await self._look_at_memory()
            end = await self._end()
            try:
                await self._ask(end, ENGINE_LAG_MS_MAX)
            except Halted:
                raise
            except TimedOut:
                # Perhaps it was this process that stood still, with the answer waiting for it.
                await self._ask(end, ANSWER_MS_MAX)
            self._of_engine = ""
        except Halted as halted:
            self._of_engine = f"the engine is halted at {halted.halted_at}"
        except TimedOut:
            self._of_engine = f"the engine is more than {ENGINE_LAG_MS_MAX / 1000:g} s behind"
        except LogUnavailable:
            pass  # whoever appends is told so

    async def _ask(self, end: Position, timeout_ms: int) -> None:
        """Return once the engine has got there; raises TimedOut, Halted."""
        answer = await self._asker.ask("probe", after=end, timeout_ms=timeout_ms)
        self._of_venue = answer.halted

    def _look_at_disk(self) -> str:
        folder, wanted_mib, _, _ = self._space
        if folder is None or not wanted_mib:
            return ""
        try:
            free_mib = shutil.disk_usage(folder).free // _MIB
        except OSError:
            return ""  # nobody knows; the log server says when it can't write
        return "" if free_mib >= wanted_mib else "the disk of the log is nearly full"

    async def _look_at_memory(self) -> None:
        if self._space.memory is None or self._clock.elapsed_s() < self._next_memory_s:
            return
        self._next_memory_s = self._clock.elapsed_s() + LOOK_AT_MEMORY_S
        is_full = await self._space.memory() > self._space.memory_bytes_max
        self._of_memory = "the log server's memory is full: nothing is archived" * is_full
