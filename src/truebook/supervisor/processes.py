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
    """A role of ours: `python -m truebook ROLE`."""

    def __init__(
        self, process: asyncio.subprocess.Process, lifeline: socket.socket, log: ChildLog
    ) -> None:
        assert process.stdout is not None
        self.pid = process.pid
        self._process = process
        self._lifeline = lifeline
        self._log = log
        self._output = asyncio.create_task(self._keep_output(process.stdout))

    @classmethod
    async def start(
        cls,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        log: ChildLog,
        descriptors: Sequence[int] = (),
    ) -> "RoleProcess":
        """Start it, with `descriptors` handed down open. Raises NotStarted."""
        log.tail.clear()
        ours, theirs = socket.socketpair()
        try:
            process = await asyncio.create_subprocess_exec(
                *arguments,
                env={**environment, VARIABLE: str(theirs.fileno())},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                pass_fds=(*descriptors, theirs.fileno()),
                # Ctrl-C is for the supervisor, which then ends everything in the right order.
                start_new_session=True,
                limit=LINE_BYTES_MAX,
            )
        except OSError as error:
            ours.close()
            raise NotStarted(f"{arguments[0]}: {error.strerror}") from None
        finally:
            theirs.close()
        ours.setblocking(False)
        return cls(process, ours, log)

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
        status = await self._process.wait()
        self._lifeline.close()
        await asyncio.wait({self._output}, timeout=OUTPUT_S)
        self._output.cancel()
        return status

    def last_words(self) -> Sequence[str]:
        """The last lines of this life."""
        return self._log.tail

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
        while (status := self._server.poll()) is None:  # noqa: ASYNC110
            await asyncio.sleep(POLL_S)
        return status

    def last_words(self) -> Sequence[str]:
        """The end of the server's log."""
        with contextlib.suppress(OSError), self._log.open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - 4096))
            return file.read().decode(errors="replace").splitlines()[-TAIL_LINES:]
        return ()
