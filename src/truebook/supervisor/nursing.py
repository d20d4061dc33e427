"""The nursery's own side: a process that has imported what roles need, and forks them.

Promise: what a fork becomes is what `python -m truebook ROLE` would be: its own session, signals as
a new process has them, the environment, output and descriptors that were asked for, and nothing
left over from the nursery. Whoever asked is told each child's number and, once, how it ended. When
whoever asked has ended, so does the nursery; the children have their lifelines for that.

Why a fork is safe here: the nursery has one thread, no event loop and no connections, and does
nothing but import and wait (docs/decisions/0031-the-nursery.md, 0037 for the engines').
"""

import contextlib
import fcntl
import gc
import os
import select
import signal
import socket
import sys
from collections.abc import Callable, Sequence

import msgspec
import setproctitle

REQUEST_BYTES_MAX = 1 << 18
"""A request is one message: arguments and environment."""
DESCRIPTORS_MAX = 16
OUTPUT, ERRORS = 1, 2


class Request(msgspec.Struct):
    """A child that is wanted. Its descriptors come with the message, in this order."""

    arguments: list[str]
    environment: dict[str, str]
    descriptors: list[int]
    """The numbers that they are to have in the child; the first is where its output goes."""


class Started(msgspec.Struct, tag=True):
    """The answer to a request."""

    pid: int


class Ended(msgspec.Struct, tag=True):
    """A child's end; always after it was told that it started."""

    pid: int
    status: int
    """As subprocess gives it: negative for a signal."""


Told = Started | Ended


def nurse(control: socket.socket, load: Callable[[], None]) -> list[str]:
    """Fork a child for each request on `control`, and return its arguments, in the child.

    `load` is called at once and before each fork. In the nursery itself this returns never: it
    ends with the other side of `control`.
    """
    wake_read, wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake_write)
    load()
    # What was imported stays shared with the children: the collector doesn't touch it.
    gc.collect()
    gc.freeze()
    while True:
        ready, _, _ = select.select([control.fileno(), wake_read], [], [])
        if wake_read in ready:
            _tell_who_ended(control, wake_read)
        if control.fileno() not in ready:
            continue
        message, received, _, _ = socket.recv_fds(control, REQUEST_BYTES_MAX, DESCRIPTORS_MAX)
        if not message:
            os._exit(0)
        request = msgspec.json.decode(message, type=Request)
        load()
        pid = os.fork()
        if pid == 0:
            for descriptor in (control.detach(), wake_read, wake_write):
                os.close(descriptor)
            _become(request, received)
            return request.arguments
        for descriptor in received:
            os.close(descriptor)
        control.send(msgspec.json.encode(Started(pid)))


def _tell_who_ended(control: socket.socket, wake_read: int) -> None:
    with contextlib.suppress(BlockingIOError):
        while os.read(wake_read, 512):
            pass
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            status = os.waitstatus_to_exitcode(ended[1])
            with contextlib.suppress(BrokenPipeError):
                control.send(msgspec.json.encode(Ended(ended[0], status)))


def _become(request: Request, received: Sequence[int]) -> None:
    """Make this fork what was asked for."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # Ctrl-C is for the supervisor, which then ends everything in the right order.
    os.setsid()
    _place(received, request.descriptors)
    os.dup2(OUTPUT, ERRORS)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    # Before the environment is emptied: it shows where the title is.
    setproctitle.setproctitle(" ".join(["truebook", *request.arguments]))
    os.environ.clear()
    os.environ.update(request.environment)
    for stream in (sys.stdout, sys.stderr):
        # It may have been a terminal.
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]


def _place(received: Sequence[int], wanted: Sequence[int]) -> None:
    """Give each descriptor its number, by way of numbers that none is to have."""
    above = max(*wanted, *received) + 1
    moved = [fcntl.fcntl(descriptor, fcntl.F_DUPFD, above) for descriptor in received]
    for descriptor in received:
        os.close(descriptor)
    for descriptor, number in zip(moved, wanted, strict=True):
        os.dup2(descriptor, number)
        os.close(descriptor)
