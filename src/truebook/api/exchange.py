"""What the routes need of an exchange: one small interface, whatever stands behind it.

Promise: a route knows nothing of logs, buses and engines. An `Outcome` means that the commands are
on disk and applied; `asking.TimedOut` means unknown; `LogUnavailable` and `UsedBefore` mean
certainly not done.

Whatever a signature asked for is given with its mark, `Caller.once`; None stands for what nobody
can send again, as the commands of this machine's own command line.
"""

import logging
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from truebook.asking import TimedOut
from truebook.commandlog.gateway import Submission, WriteError
from truebook.commandlog.interface import (
    LogUnavailable,
    Once,
    OutcomeUnknown,
    Position,
    UsedBefore,
)
from truebook.directory import Directory
from truebook.messages import REPLY
from truebook.queries import Answer, QueryKind


class Outcome(NamedTuple):
    """What became of one submission."""

    position: Position
    """Of the log entry that carries its commands."""

    packed: bytes
    """messages.REPLY records, in the order of its commands; CANCEL_ALL has many."""

    @property
    def replies(self) -> NDArray[np.void]:
        """The same as an array."""
        return np.frombuffer(self.packed, REPLY)


_logger = logging.getLogger(__name__)

NotApplied = LogUnavailable | UsedBefore | TimedOut


class AnsweredSubmission(Submission):
    """Commands whose sender is told, once, what became of them: by a call, without a task."""

    is_settled = False

    def settle(self, outcome: Outcome | NotApplied) -> None:
        """Tell, unless it was told before."""
        if self.is_settled:
            return
        self.is_settled = True
        try:
            if isinstance(outcome, Outcome):
                self.applied(outcome)
            else:
                self.refused(outcome)
        except Exception:
            # Whoever calls has others to tell.
            _logger.exception("an answer could not be given")

    def failed(self, error: WriteError) -> None:
        """The gateway says that they weren't written, or that it can't know."""
        if isinstance(error, OutcomeUnknown):
            self.settle(TimedOut(str(error), self.position))
        else:
            self.settle(error)

    def applied(self, outcome: Outcome) -> None:
        """They are on disk and applied."""
        raise NotImplementedError

    def refused(self, reason: NotApplied) -> None:
        """They are certainly not done, or (TimedOut) nobody knows."""
        raise NotImplementedError


class Exchange(Protocol):
    """The exchange behind a gateway."""

    @property
    def directory(self) -> Directory:
        """The settings, as far as this gateway has seen them."""

    @property
    def last_position(self) -> Position:
        """The highest log position that this gateway has seen."""

    async def published(self) -> Position:
        """Up to where anybody was told anything: whoever was answered by another gateway, too,
        finds what that was about from here on."""

    def next_order_id(self, count: int = 1) -> int:
        """An id that no other order has or will have, or the first of so many in a row."""

    async def send_and_await(self, records: bytes, commands: int, once: Once | None) -> Outcome:
        """Carry out a submission: whole command records of `commands` commands, in one entry.

        Raises TimedOut, LogUnavailable or UsedBefore.
        """

    def send(self, submission: AnsweredSubmission) -> None:
        """The same, told to the submission itself. Raises LogUnavailable where nothing is accepted
        at the moment; then it is told nothing."""

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
        """What an engine or the feed holds, at or after `published`. Raises TimedOut."""
