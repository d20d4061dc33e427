"""What the routes need of an exchange: one small interface, whatever stands behind it.

Promise: a route knows nothing of logs, buses and engines. An `Outcome` means that the commands are
on disk and applied; `asking.TimedOut` means unknown; `LogUnavailable` and `UsedBefore` mean
certainly not done.

Whatever a signature asked for is given with its mark, `Caller.once`; None stands for what nobody
can send again, as the commands of this machine's own command line.
"""

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from truebook.commandlog.interface import Once, Position
from truebook.directory import Directory
from truebook.queries import Answer, QueryKind


class Outcome(NamedTuple):
    """What became of one submission."""

    position: Position
    """Of the log entry that carries its commands."""

    replies: NDArray[np.void]
    """messages.REPLY records, in the order of its commands; CANCEL_ALL has many."""


class Exchange(Protocol):
    """The exchange behind a gateway."""

    @property
    def directory(self) -> Directory:
        """The settings, as far as this gateway has seen them."""

    @property
    def last_position(self) -> Position:
        """The highest log position that this gateway has seen."""

    def next_order_id(self) -> int:
        """An id that no other order has or will have."""

    async def send_and_await(self, records: bytes, commands: int, once: Once | None) -> Outcome:
        """Carry out a submission: whole command records of `commands` commands, in one entry.

        Raises TimedOut, LogUnavailable or UsedBefore.
        """

    async def submit(self, records: bytes, commands: int, once: Once | None) -> Position:
        """Write a submission to the log and don't wait for its outcome; raises as above."""

    async def ask(
        self,
        kind: QueryKind,
        account: int = 0,
        *,
        market: int | None = None,
        order_id: int | None = None,
        client_id: int | None = None,
        limit: int = 0,
        sequence: int | None = None,
    ) -> Answer:
        """What an engine or the feed holds, at or after all that this gateway has seen. Raises
        TimedOut."""
