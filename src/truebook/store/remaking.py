"""What was missed, made again by an engine in a process of its own, and read from its pipe.

Promise: the process ends with this one, however that ends; an engine and its compiler never live
in the store's own process. What comes is checked like the stream itself, by whoever folds it.
"""

import asyncio
import contextlib
import os
from collections.abc import AsyncGenerator, Mapping, Sequence

from truebook.commandlog.event_frames import read_frame
from truebook.commandlog.interface import EventEntry, Position
from truebook.lifeline import VARIABLE

TOGETHER_BYTES = 4 << 20
"""Events that are handed on at once."""


class RemakeFailed(Exception):
    """The process that makes events again ended before it was done."""


class Remaking:
    """Starts `command --after POSITION --to POSITION` where it is needed."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._command = command
        self._environment = environment

    async def entries(self, after: Position, to: Position) -> AsyncGenerator[list[EventEntry]]:
        """The event entries behind a position, up to and with another. Raises RemakeFailed."""
        ear, ours = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command,
                "--after",
                str(after),
                "--to",
                str(to),
                env={**self._environment, VARIABLE: str(ear)},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                pass_fds=(ear,),
            )
        except OSError as error:
            os.close(ours)
            raise RemakeFailed(str(error)) from None
        finally:
            os.close(ear)
        try:
            async for entries in _read(process):
                yield entries
            if status := await process.wait():
                raise RemakeFailed(f"it ended with status {status}")
        finally:
            os.close(ours)
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.communicate()


async def _read(process: asyncio.subprocess.Process) -> AsyncGenerator[list[EventEntry]]:
    assert process.stdout is not None
    entries: list[EventEntry] = []
    size = 0
    while True:
        try:
            entry = await read_frame(process.stdout.readexactly)
        except asyncio.IncompleteReadError as error:
            if error.partial:
                raise RemakeFailed("it ended inside an entry") from None
            break
        entries.append(entry)
        size += len(entry.events)
        if size >= TOGETHER_BYTES:
            yield entries
            entries, size = [], 0
    if entries:
        yield entries
