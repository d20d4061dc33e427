"""What all sessions ask for in one moment is read together, goes into the log together, and is
answered together.

Promise: what a session says is carried out in the order in which it said it, and its requests reach
the log in that order; each is answered once, with its own outcome, whatever becomes of the others.

Messages wait until everything is read that has come, which is no time at all. Plain requests among
them take the short way (api/plain.py), all others are the session's own affair; both come together
again in one submission of whole commands. The gateway (commandlog/gateway.py) packs submissions
while an append is on its way; so a busy exchange pays for the way into the log and back by the
hundred orders.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from truebook.api.entry.requests import error_frame, result_frame
from truebook.api.errors import ApiError
from truebook.api.exchange import AnsweredSubmission, Exchange, NotApplied, Outcome
from truebook.api.failures import error_of
from truebook.api.order_json import replies_of
from truebook.api.outcomes import error_of as error_of_outcome
from truebook.api.plain import PlainOrders, Requests
from truebook.api.trading import Markets, Work
from truebook.commandlog.interface import LogUnavailable
from truebook.limits import ENTRY_RECORDS_MAX
from truebook.messages import COMMAND_BYTES, REPLY_BYTES
from truebook.plain.layout import NOT_PLAIN, TEXTS_MAX

log = structlog.get_logger()


class Asker(Protocol):
    """Who is told what became of a request."""

    def answer(self, frame: bytes, commands: int) -> None:
        """The answer to requests of so many commands."""

    def flush(self) -> None:
        """Send all that was answered."""


class Client(Asker, Protocol):
    """Who says something."""

    def begin(self) -> None:
        """What it said is about to be carried out."""

    def trades(self, kinds: bytes) -> int | None:
        """The account that plain requests of these kinds are for, which are under way from now on;
        None: they must take the long way."""

    def carry_out(self, text: bytes) -> None:
        """The long way of a message: it is carried out, asked of the desk or refused."""

    def broke(self) -> None:
        """What it said met a bug: nobody knows what it may do next."""


class _Asked:
    """One request under way."""

    __slots__ = ("asker", "commands", "id", "markets", "records", "work")

    def __init__(self, asker: Asker, request_id: bytes, work: Work, markets: Markets) -> None:
        self.asker = asker
        self.commands = work.commands
        self.records = work.records
        self.id = request_id
        self.work = work
        self.markets = markets

    def told(self, packed: bytes) -> bytes:
        """What became of it, from its replies."""
        return _answer(self.id, lambda: self.work.told(packed, self.markets))

    def refused(self, reason: NotApplied) -> bytes:
        """That it was not done, or that nobody knows."""
        return error_frame(
            self.id, error_of_outcome(reason, self.work.order_id, self.work.order_ids)
        )


class _AskedPlain:
    """Plain requests of one session under way, each of one command and one reply."""

    __slots__ = ("asker", "commands", "plain", "records", "requests")

    def __init__(self, asker: Asker, plain: PlainOrders, requests: Requests) -> None:
        self.asker = asker
        self.records = requests.records
        self.commands = len(requests.records) // COMMAND_BYTES
        self.plain = plain
        self.requests = requests

    def refused(self, reason: NotApplied) -> bytes:
        """That they were not done, or that nobody knows."""
        both = zip(self.requests.ids(), self.requests.order_ids(), strict=True)
        return b"".join(
            [error_frame(one, error_of_outcome(reason, order_id)) for one, order_id in both]
        )


class Desk:
    """Of one gateway process."""

    def __init__(
        self, exchange: Exchange, markets: Markets, plain: PlainOrders | None = None
    ) -> None:
        """`plain` None: everything goes the long way."""
        self._exchange = exchange
        self._markets = markets
        self._plain = plain
        self._clients: list[Client] = []
        self._texts: list[bytes] = []
        """What each of them said."""
        self._waiting: list[_Asked | _AskedPlain] = []

    def hear(self, client: Client, text: bytes) -> None:
        """Carry out what a client says; never within this call."""
        if not self._texts:
            asyncio.get_running_loop().call_soon(self._work)
        self._clients.append(client)
        self._texts.append(text)

    def ask(self, asker: Asker, request_id: bytes, work: Work) -> None:
        """Carry a request out; its asker is told later. For who is carrying out what it said."""
        self._waiting.append(_Asked(asker, request_id, work, self._markets))

    def _work(self) -> None:
        clients, self._clients = self._clients, []
        texts, self._texts = self._texts, []
        for first in range(0, len(texts), TEXTS_MAX):
            end = first + TEXTS_MAX
            self._carry_out(clients[first:end], texts[first:end])
        self._send()

    def _carry_out(self, clients: Sequence[Client], texts: Sequence[bytes]) -> None:
        """Carry out what clients say, one after the other."""
        kinds = self._plain.read(texts) if self._plain is not None else b""
        first, count = 0, len(texts)
        while first < count:
            client, end = clients[first], first + 1
            while end < count and clients[end] is client:
                end += 1
            try:
                client.begin()
                while first < end:
                    first = self._carry_out_some(client, texts, kinds[:end], first)
                client.flush()
            except Exception:
                # Others have said something, too.
                log.exception("a message could not be carried out")
                client.broke()
                first = end

    def _carry_out_some(
        self, client: Client, texts: Sequence[bytes], kinds: bytes, first: int
    ) -> int:
        """Carry out a message of a client, or as many plain ones as follow each other; which is
        next. `kinds` are those of its messages and of all before them, or none."""
        if first >= len(kinds) or kinds[first] == NOT_PLAIN or self._plain is None:
            client.carry_out(texts[first])
            return first + 1
        end = kinds.find(NOT_PLAIN, first)
        end = len(kinds) if end < 0 else end
        account = client.trades(kinds[first:end])
        if account is None:
            for text in texts[first:end]:
                client.carry_out(text)
        else:
            requests = self._plain.requests(first, kinds[first:end], account)
            self._waiting.append(_AskedPlain(client, self._plain, requests))
        return end

    def _send(self) -> None:
        waiting, self._waiting = self._waiting, []
        some: list[_Asked | _AskedPlain] = []
        size = 0
        for asked in waiting:
            count = len(asked.records) // COMMAND_BYTES
            if size + count > ENTRY_RECORDS_MAX:
                self._submit(some)
                some, size = [], 0
            some.append(asked)
            size += count
        if some:
            self._submit(some)

    def _submit(self, asked: list[_Asked | _AskedPlain]) -> None:
        bundle = _Bundle(asked)
        try:
            self._exchange.send(bundle)
        except LogUnavailable as reason:
            bundle.settle(reason)


class _Bundle(AnsweredSubmission):
    """Requests that are carried out together."""

    def __init__(self, asked: list[_Asked | _AskedPlain]) -> None:
        records = b"".join([one.records for one in asked])
        super().__init__(records, sum([one.commands for one in asked]))
        self._asked = asked

    def applied(self, outcome: Outcome) -> None:
        """Tell each the replies to its own commands."""
        packed = outcome.packed
        some: list[_AskedPlain] = []
        first = at = 0
        for one, end in zip(self._asked, self._ends(packed), strict=True):
            if some and (type(one) is _Asked or end - first > TEXTS_MAX * REPLY_BYTES):
                _tell(some, packed[first:at])
                some = []
            if isinstance(one, _Asked):
                one.asker.answer(one.told(packed[at:end]), one.commands)
            else:
                first = first if some else at
                some.append(one)
            at = end
        if some:
            _tell(some, packed[first:at])
        self._flush()

    def _ends(self, packed: bytes) -> list[int]:
        """Where the replies to each end."""
        ends, end = [], 0
        if len(packed) == self.commands * REPLY_BYTES:
            for one in self._asked:
                end += one.commands * REPLY_BYTES
                ends.append(end)
            return ends
        commands = [reply.command for reply in replies_of(packed)]
        command = commands[0]
        for one in self._asked:
            command += one.commands
            while end < len(commands) and commands[end] < command:
                end += 1
            ends.append(end * REPLY_BYTES)
        return ends

    def refused(self, reason: NotApplied) -> None:
        """Tell all that theirs was not done, or that nobody knows."""
        log.warning("requests not carried out", requests=len(self._asked), reason=str(reason))
        for one in self._asked:
            one.asker.answer(one.refused(reason), one.commands)
        self._flush()

    def _flush(self) -> None:
        for asker in {one.asker for one in self._asked}:
            asker.flush()


def _tell(some: Sequence[_AskedPlain], packed: bytes) -> None:
    """Tell the replies to plain requests that follow one another."""
    frames = some[0].plain.frames([one.requests for one in some], packed, _answer)
    for one, answers in zip(some, frames, strict=True):
        one.asker.answer(answers, one.commands)


def _answer(request_id: bytes, result: Callable[[], bytes]) -> bytes:
    """The answer to a request: its result, or why there is none."""
    try:
        return result_frame(request_id, result())
    except ApiError as error:
        return error_frame(request_id, error)
    except Exception as bug:
        log.exception("a result could not be told")
        return error_frame(request_id, error_of(bug))
