"""Where children are forked instead of being started from nothing: the supervisor's side.

A role spends half a second of processor time on its imports before it does anything, and a whole
exchange four seconds. A nursery imports them once; its children begin where it stands, and share
its memory as long as they don't change it.

Promise: a child is told of as subprocess would: its number when it runs, its exit status when it
has ended. If the nursery itself ends, each of its children counts as killed (closing their
lifelines ends them), and whoever wants one started is told NurseryGone.
"""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from truebook.supervisor.nursing import REQUEST_BYTES_MAX, Request, Started, Told, nurse


class NurseryGone(Exception):
    """The nursery has ended, or can't take this request."""


class Born(NamedTuple):
    """A child that runs."""

    pid: int
    ended: asyncio.Future[int]
    """Its exit status."""


class Nursery:
    """One nursery; but for `plant`, to be used inside one event loop."""

    def __init__(self, control: socket.socket, pid: int) -> None:
        self._control = control
        self._pid = pid
        self._asked: deque[asyncio.Future[Born]] = deque()
        self._alive: dict[int, asyncio.Future[int]] = {}
        self._is_heard = False

    @classmethod
    def plant(
        cls,
        load: Callable[[], None],
        run: Callable[[list[str]], None],
        *,
        beside: "Nursery | None" = None,
    ) -> "Nursery | None":
        """Fork a nursery off this process, which must have one thread and no event loop yet.

        `load` imports, in the nursery, what children need, as far as it can be had: it is called
        again before each child. `run` is what a child does with its arguments; `beside` is a
        nursery that this process has already. None: this system can't, as forks without exec are
        not safe everywhere.
        """
        if not sys.platform.startswith("linux"):
            return None
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            ours.close()
            if beside is not None:
                beside._control.close()
            os.setsid()
            run(nurse(theirs, load))
            os._exit(0)
        theirs.close()
        ours.setblocking(False)
        return cls(ours, pid)

    async def start(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        descriptors: Mapping[int, int],
    ) -> Born:
        """Start a child; `descriptors` are ours by the number they are to have, output first.

        Raises NurseryGone.
        """
        loop = asyncio.get_running_loop()
        if not self._is_heard:
            loop.add_reader(self._control.fileno(), self._hear)
            self._is_heard = True
        request = Request([*arguments], {**environment}, [*descriptors])
        try:
            message = msgspec.json.encode(request)
            socket.send_fds(self._control, [message], [*descriptors.values()])
        except (OSError, UnicodeEncodeError) as error:
            raise NurseryGone(str(error)) from None
        answer: asyncio.Future[Born] = loop.create_future()
        self._asked.append(answer)
        return await asyncio.shield(answer)

    def close(self) -> None:
        """End it; its children must have ended."""
        self._leave()
        self._control.close()
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self._pid, 0)

    def _leave(self) -> None:
        if self._is_heard and self._control.fileno() >= 0:
            asyncio.get_running_loop().remove_reader(self._control.fileno())

    def _hear(self) -> None:
        try:
            message = self._control.recv(REQUEST_BYTES_MAX)
        except BlockingIOError:
            return
        except OSError:
            message = b""
        if not message:
            self._gone()
            return
        told: Told = msgspec.json.decode(message, type=Told)
        if isinstance(told, Started):
            ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
            self._alive[told.pid] = ended
            self._asked.popleft().set_result(Born(told.pid, ended))
        else:
            self._alive.pop(told.pid).set_result(told.status)

    def _gone(self) -> None:
        self._leave()
        self._control.close()
        self._is_heard = True
        for answer in self._asked:
            answer.set_exception(NurseryGone("the nursery has ended"))
        self._asked.clear()
        for ended in self._alive.values():
            ended.set_result(-signal.SIGKILL)
        self._alive.clear()


RUN_COMPILED_CODE = ("engine", "api")
"""The roles that do."""


class Nurseries(NamedTuple):
    """Where an exchange's children are forked. None: they are started from nothing."""

    roles: Nursery | None = None
    engines: Nursery | None = None
    """It has loaded the compiler and what is compiled, which others have no use for."""

    def of(self, role: str) -> Nursery | None:
        """Where a role is forked."""
        return self.engines or self.roles if role in RUN_COMPILED_CODE else self.roles

    def close(self) -> None:
        """End them; their children must have ended."""
        for nursery in (self.roles, self.engines):
            if nursery is not None:
                nursery.close()
