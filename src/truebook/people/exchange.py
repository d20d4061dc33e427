"""What the code about people needs of an exchange, and how it learns that a command was refused.

Promise: `carry_out` returns only when every command was carried out and this process's directory
shows what they set; the first command that the engine rejected is raised as Refused.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from truebook.asking import TimedOut
from truebook.commandlog.interface import Once
from truebook.directory import Directory
from truebook.messages import OrderStatus, RejectCode

SETTLED_S_MAX = 2.0
SETTLED_POLL_S = 0.005
"""A settings message follows the reply by a millisecond, on another channel."""


class Outcome(Protocol):
    """What became of one submission."""

    @property
    def replies(self) -> NDArray[np.void]:
        """messages.REPLY records, in the order of its commands."""


class Exchange(Protocol):
    """The part of api.exchange.Exchange that is needed here."""

    @property
    def directory(self) -> Directory:
        """The settings, as far as this process has seen them."""

    async def send_and_await(self, records: bytes, commands: int, once: Once | None) -> Outcome:
        """Carry out a submission. Raises TimedOut, LogUnavailable or UsedBefore."""


class Refused(Exception):
    """The engine rejected a command; `command` is its place in what was submitted."""

    def __init__(self, code: RejectCode, command: int) -> None:
        super().__init__(code.name)
        self.code = code
        self.command = command


async def carry_out(
    exchange: Exchange,
    commands: list[bytes],
    shown: Callable[[Directory], bool] | None = None,
    *,
    notes: int = 0,
    once: Once | None = None,
) -> list[Any]:
    """Carry out commands in one entry; their replies. The first `notes` of them are parts of a
    note, whose replies mean nothing. `once` is the mark of the signature that asks for it. Waits
    until the directory has `shown` the result.

    Raises Refused, TimedOut, LogUnavailable, UsedBefore.
    """
    outcome = await exchange.send_and_await(b"".join(commands), len(commands), once)
    replies = list(outcome.replies[notes:])
    for place, reply in enumerate(replies):
        if reply["status"] == OrderStatus.REJECTED:
            raise Refused(RejectCode(int(reply["code"])), place)
    if shown is not None:
        await _until(lambda: shown(exchange.directory))
    return replies


async def _until(condition: Callable[[], bool]) -> None:
    waited_s = 0.0
    while not condition():
        if waited_s > SETTLED_S_MAX:
            raise TimedOut("it was done, and this gateway has not heard of it yet")
        await asyncio.sleep(SETTLED_POLL_S)
        waited_s += SETTLED_POLL_S
