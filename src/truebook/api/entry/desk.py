"""What all sessions ask for in one moment goes into the log together, and is answered together.

Promise: the requests of a session reach the log in the order in which it sent them; each is
answered once, with its own outcome, whatever becomes of the others.

Requests wait until everything is read that has come, which is no time at all, and then make one
submission of whole commands. The gateway (commandlog/gateway.py) packs submissions while an append
is on its way; so a busy exchange pays for the way into the log and back by the hundred orders.
"""

import asyncio
from typing import Protocol

import structlog

from truebook.api.entry.requests import error_frame, result_frame
from truebook.api.errors import ApiError
from truebook.api.exchange import AnsweredSubmission, Exchange, NotApplied, Outcome
from truebook.api.failures import error_of
from truebook.api.order_json import Reply, replies_of
from truebook.api.outcomes import error_of as error_of_outcome
from truebook.api.trading import Markets, Work
from truebook.commandlog.interface import LogUnavailable
from truebook.limits import ENTRY_RECORDS_MAX
from truebook.messages import COMMAND_BYTES

log = structlog.get_logger()


class Asker(Protocol):
    """Who is told what became of a request."""

    def answer(self, frame: bytes, commands: int) -> None:
        """The answer to a request of so many commands."""

    def flush(self) -> None:
        """Send all that was answered."""


class _Asked:
    """One request under way."""

    __slots__ = ("asker", "id", "work")

    def __init__(self, asker: Asker, request_id: bytes, work: Work) -> None:
        self.asker = asker
        self.id = request_id
        self.work = work


class Desk:
    """Of one gateway process."""

    def __init__(self, exchange: Exchange, markets: Markets) -> None:
        self._exchange = exchange
        self._markets = markets
        self._waiting: list[_Asked] = []

    def ask(self, asker: Asker, request_id: bytes, work: Work) -> None:
        """Carry a request out; its asker is told later, never from within this call."""
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._send)
        self._waiting.append(_Asked(asker, request_id, work))

    def _send(self) -> None:
        waiting, self._waiting = self._waiting, []
        some: list[_Asked] = []
        size = 0
        for asked in waiting:
            count = len(asked.work.records) // COMMAND_BYTES
            if size + count > ENTRY_RECORDS_MAX:
                self._submit(some)
                some, size = [], 0
            some.append(asked)
            size += count
        self._submit(some)

    def _submit(self, asked: list[_Asked]) -> None:
        bundle = _Bundle(asked, self._markets)
        try:
            self._exchange.send(bundle)
        except LogUnavailable as reason:
            bundle.settle(reason)


class _Bundle(AnsweredSubmission):
    """Requests that are carried out together."""

    def __init__(self, asked: list[_Asked], markets: Markets) -> None:
        records = b"".join([one.work.records for one in asked])
        super().__init__(records, sum([one.work.commands for one in asked]))
        self._asked = asked
        self._markets = markets

    def applied(self, outcome: Outcome) -> None:
        """Tell each the replies to its own commands."""
        replies = replies_of(outcome.packed)
        is_one_each = len(replies) == self.commands
        at, command = 0, replies[0].command
        for one in self._asked:
            command += one.work.commands
            end = at + one.work.commands
            if not is_one_each:
                while end < len(replies) and replies[end].command < command:
                    end += 1
            one.asker.answer(self._told(one, replies[at:end]), one.work.commands)
            at = end
        self._flush()

    def refused(self, reason: NotApplied) -> None:
        """Tell all that theirs was not done, or that nobody knows."""
        log.warning("requests not carried out", requests=len(self._asked), reason=str(reason))
        for one in self._asked:
            error = error_of_outcome(reason, one.work.order_id, one.work.order_ids)
            one.asker.answer(error_frame(one.id, error), one.work.commands)
        self._flush()

    def _told(self, one: _Asked, replies: list[Reply]) -> bytes:
        try:
            return result_frame(one.id, one.work.result(replies, self._markets))
        except ApiError as error:
            return error_frame(one.id, error)
        except Exception as bug:
            log.exception("a result could not be told")
            return error_frame(one.id, error_of(bug))

    def _flush(self) -> None:
        for asker in {one.asker for one in self._asked}:
            asker.flush()
