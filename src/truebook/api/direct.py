"""The short way of a signed order request: from the parsed bytes to the log and back, by calls.

Promise: an answer is what the endpoint of orders.py gives, with the same head; both prepare and
tell by the same functions. What isn't as usual (a session's cookie, a body that comes later than
its head, answers that wait, `Prefer`, `Expect`) doesn't come here but goes the long way.

A request is a submission: the gateway calls it when the engine has answered. So there is no task
and no future for it, no ASGI message and no middleware: half of what a request costs beside its
signature. `Answering` is also what uvicorn takes for its own cycle of request and response; what it
needs to see of one are its public attributes.
"""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from truebook.api.errors import ApiError
from truebook.api.exchange import AnsweredSubmission, NotApplied, Outcome
from truebook.api.failures import Failures
from truebook.api.headers import Headers
from truebook.api.orders import Change, Orders
from truebook.api.outcomes import error_of
from truebook.api.request_figures import REQUEST_ID, RequestFigures, asked_id
from truebook.api.response import encode
from truebook.api.throttle import Throttle
from truebook.api.trading import Work
from truebook.clock import Clock

_UNUSUAL = frozenset({b"prefer", b"expect", b"transfer-encoding", b"upgrade"})


class Connection(Protocol):
    """The connection that a request came on."""

    def answered(self, answering: "Answering", head: list[bytes], body: bytes) -> None:
        """Send a response, whose head begins with a status line, and go on with what is next."""


class Direct(NamedTuple):
    """What all requests share."""

    orders: Orders
    throttle: Throttle
    failures: Failures
    figures: RequestFigures
    clock: Clock
    request_ids: Iterator[str]

    def changes(self) -> dict[tuple[bytes, bytes], Change]:
        """What can be asked for this way, by method and path."""
        changes = self.orders.changes()
        return {
            (method.encode(), path.encode()): change for (method, path), change in changes.items()
        }


def is_usual(headers: dict[bytes, bytes], change: Change) -> bool:
    """Whether a request with these headers can be carried out this way."""
    length = headers.get(b"content-length", b"")
    return (
        b"x-api-key" in headers
        and _UNUSUAL.isdisjoint(headers)
        and length.isdigit()
        and len(length) < 10
        and int(length) <= change.bytes_max
    )


class _Nobody:
    """Who waits for more of a request that is there whole."""

    def set(self) -> None:
        """Nothing to wake."""


class Answering(AnsweredSubmission):
    """One request that is being carried out."""

    disconnected = False
    more_body = False
    response_started = False
    response_complete = False
    message_event = _Nobody()

    _request_id: str
    _work: Work

    def __init__(
        self, direct: Direct, connection: Connection, change: Change, address: str, keep_alive: bool
    ) -> None:
        # What a submission has is known later.
        self.keep_alive = keep_alive
        self._direct = direct
        self._connection = connection
        self._change = change
        self._address = address
        self._began_s = direct.clock.elapsed_s()

    def carry_out(self, headers: Headers, body: bytes) -> None:
        """Begin; the answer may come at once."""
        direct = self._direct
        self._request_id = asked_id(headers.get(REQUEST_ID, b"")) or next(direct.request_ids)
        try:
            direct.throttle.signed(self._address)
            caller, work = direct.orders.prepared(self._change, headers, body)
            self._work = work
            if not work.commands:
                self._tell(200, work.result((), direct.orders.trading.markets))
                return
            self.records, self.commands, self.once = work.records, work.commands, caller.once
            direct.orders.exchange.send(self)
        except Exception as failure:
            self._fail(failure)

    def applied(self, outcome: Outcome) -> None:
        """Tell what the engine made of it."""
        try:
            markets = self._direct.orders.trading.markets
            self._tell(200, self._work.told(outcome.packed, markets))
        except Exception as failure:
            self._fail(failure)

    def refused(self, reason: NotApplied) -> None:
        """Tell that it was not done, or that nobody knows."""
        self._fail(error_of(reason, self._work.order_id, self._work.order_ids))

    def _fail(self, failure: Exception) -> None:
        where = {"request": self._request_id, "path": "orders"}
        error = self._direct.failures.told(failure, self._address, **where)
        self._direct.figures.codes[error.code] += 1
        self._tell(error.status, encode(error.body()), error)

    def _tell(self, status: int, body: bytes, error: ApiError | None = None) -> None:
        direct = self._direct
        is_there = not self.disconnected and not self.response_complete
        seconds = direct.clock.elapsed_s() - self._began_s
        told = status if is_there else 0
        direct.figures.answered(self._change.line, self._request_id, told, seconds, is_order=True)
        if not is_there:
            return
        self.response_started = self.response_complete = True
        response = [
            STATUS_LINE[status],
            b"content-type: application/json\r\ncontent-length: %d\r\n" % len(body),
        ]
        if error is not None and error.retry_after_s is not None:
            response.append(b"retry-after: %d\r\n" % error.retry_after_s)
        response.append(b"x-request-id: %b\r\n" % self._request_id.encode())
        if not self.keep_alive:
            response.append(b"connection: close\r\n")
        self._connection.answered(self, response, body)
