"""The two kinds of processes that a supervisor starts: our own roles, and the Valkey servers.

Promise: either ends with the supervisor. A role watches its lifeline and says on it when it serves;
a server is watched by what commandlog/server.py leaves beside it, and is asked whether it serves.
What a role prints goes to its log file, line by line.
"""

import asyncio
import contextlib
import os
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from truebook.commandlog.server import SERVER_LOG, Server, ServerFailed
from truebook.lifeline import SERVING, VARIABLE
from truebook.supervisor.childlog import LINE_BYTES_MAX, TAIL_LINES, ChildLog
from truebook.supervisor.nursery import Nursery, NurseryGone
from truebook.supervisor.nursing import OUTPUT

POLL_S = 0.05
OUTPUT_S = 0.5
"""How long a dead process's output is waited for: what it started itself may hold it open."""


class NotStarted(Exception):
    """A process can't be started, and trying again would not help."""


class Process(Protocol):
    """One life of a process."""

    pid: int

    async def listen(self, hear: Callable[[str], None]) -> None:
        """Call `hear` with what the process says it is doing, SERVING once it serves."""

    async def wait(self) -> int:
        """The exit status, as subprocess gives it."""

    def last_words(self) -> Sequence[str]:
        """The last lines that it printed."""


Start = Callable[[], Awaitable[Process]]


class RoleProcess:
    """A role of ours: `python -m truebook ROLE`, or a fork that is the same."""

    def __init__(
        self,
        pid: int,
        ended: Awaitable[int],
        lifeline: socket.socket,
        output: "_Output",
    ) -> None:
        self.pid = pid
        self._ended = ended
        self._lifeline = lifeline
        self._output = output

    @classmethod
    async def start(
        cls,
        program: Sequence[str],
        words: Sequence[str],
        environment: Mapping[str, str],
        log: ChildLog,
        descriptors: Sequence[int] = (),
        nursery: Nursery | None = None,
    ) -> "RoleProcess":
        """Start `program words`, or have the nursery fork what it would be, with `descriptors`
        handed down open. Raises NotStarted."""
        log.tail.clear()
        ours, theirs = socket.socketpair()
        output = await _Output.open(log)
        environment = {**environment, VARIABLE: str(theirs.fileno())}
        handed = (theirs.fileno(), *descriptors)
        try:
            pid, ended = await _started(program, words, environment, output.theirs, handed, nursery)
        except OSError as error:
            ours.close()
            output.close()
            raise NotStarted(f"{program[0]}: {error.strerror}") from None
        finally:
            theirs.close()
            os.close(output.theirs)
        ours.setblocking(False)
        return cls(pid, ended, ours, output)

    async def listen(self, hear: Callable[[str], None]) -> None:
        """Pass on the lines that come on the lifeline, until it is closed."""
        loop, heard = asyncio.get_running_loop(), b""
        with contextlib.suppress(ConnectionError):
            while piece := await loop.sock_recv(self._lifeline, 4096):
                *lines, heard = (heard + piece).split(b"\n")
                for line in lines:
                    hear(line.decode(errors="replace"))

    async def wait(self) -> int:
        """The exit status; all that the process printed is in its log by then."""
        status = await self._ended
        self._lifeline.close()
        await self._output.finish()
        return status

    def last_words(self) -> Sequence[str]:
        """The last lines of this life."""
        return self._output.log.tail


async def _started(
    program: Sequence[str],
    words: Sequence[str],
    environment: Mapping[str, str],
    output: int,
    descriptors: Sequence[int],
    nursery: Nursery | None,
) -> tuple[int, Awaitable[int]]:
    """The number of a new process, and what to await for its exit status."""
    if nursery is not None:
        with contextlib.suppress(NurseryGone):
            same = {number: number for number in descriptors}
            return await nursery.start(words, environment, {OUTPUT: output, **same})
    process = await asyncio.create_subprocess_exec(
        *program,
        *words,
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        pass_fds=descriptors,
        # Ctrl-C is for the supervisor, which then ends everything in the right order.
        start_new_session=True,
    )
    return process.pid, process.wait()


class _Output:
    """A pipe from which a child's lines go to its log."""

    def __init__(self, theirs: int, log: ChildLog) -> None:
        self.theirs = theirs
        """Where the child writes; to be closed here once it has it."""
        self.log = log
        self._transport: asyncio.ReadTransport | None = None
        self._keeping: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, log: ChildLog) -> "_Output":
        """Make the pipe, and keep what comes."""
        ours, theirs = os.pipe()
        output = cls(theirs, log)
        lines = asyncio.StreamReader(LINE_BYTES_MAX)
        output._transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(lines), os.fdopen(ours, "rb", 0)
        )
        output._keeping = asyncio.create_task(_keep(lines, log))
        return output

    async def finish(self) -> None:
        """Take what a process that ended has left."""
        assert self._keeping is not None
        await asyncio.wait({self._keeping}, timeout=OUTPUT_S)
        self.close()

    def close(self) -> None:
        """Hear no more."""
        assert self._keeping is not None
        assert self._transport is not None
        self._keeping.cancel()
        self._transport.close()


async def _keep(lines: asyncio.StreamReader, log: ChildLog) -> None:
    while True:
        try:
            line = await lines.readuntil(b"\n")
        except asyncio.IncompleteReadError as error:
            if error.partial:
                log.write(error.partial)
            return
        except asyncio.LimitOverrunError as error:
            line = await lines.read(error.consumed)
        log.write(line)


class ServerProcess:
    """A Valkey server. Its own log file says more than it prints."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.pid = server.pid
        self._server = server
        self._log = folder / SERVER_LOG

    @classmethod
    async def start(cls, start: Callable[[Path], Server], folder: Path) -> "ServerProcess":
        """Start a server on the data folder's `folder`. Raises NotStarted."""
        try:
            return cls(await asyncio.to_thread(start, folder.parent), folder)
        except (ServerFailed, OSError) as error:
            raise NotStarted(str(error)) from None

    async def listen(self, hear: Callable[[str], None]) -> None:
        """Ask until it answers."""
        while not await asyncio.to_thread(self._server.is_ready):  # noqa: ASYNC110
            await asyncio.sleep(POLL_S)
        hear(SERVING)

    async def wait(self) -> int:
        """The exit status."""
        await _ended(self.pid)
        while (status := self._server.poll()) is None:  # noqa: ASYNC110
            await asyncio.sleep(POLL_S)
        return status

    def last_words(self) -> Sequence[str]:
        """The end of the server's log."""
        with contextlib.suppress(OSError), self._log.open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - 4096))
            return file.read().decode(errors="replace").splitlines()[-TAIL_LINES:]
        return ()


async def _ended(pid: int) -> None:
    """Return when a child has ended, where the system can tell; elsewhere at once. Looking again
    and again would be most of what an idle supervisor does."""
    if not hasattr(os, "pidfd_open"):
        return
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    descriptor = os.pidfd_open(pid)
    loop.add_reader(descriptor, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)
