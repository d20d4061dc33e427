"""HTTP at the socket: uvicorn's protocol, and a bound on everything that a client may drag out.

Promise: a request's head is complete within `HTTP_HEAD_SECONDS_MAX` and `HTTP_HEADER_BYTES_MAX`, or
the connection is refused (408, 431) and closed; so is what can't be read as HTTP, or in two ways
(400), and a connection too many from one address (429). Nothing of it reaches the application.

An answer is never overtaken: if an earlier request on the connection is still being carried out,
its answer comes first, and the refusal is only that the connection then closes.

It costs an honest request three method calls. The timer for a head runs only while one is cut.

A usual signed order request takes the short way (direct.py) if it is there whole and nothing on its
connection is still being answered; every other one is uvicorn's.

A connection that asks to become a websocket at `PATH` is handed over to the order entry sessions
(entry/), with every byte that came behind its head; from then on nothing of this stands between.
"""

import asyncio
from collections import Counter
from typing import Any, ClassVar, NamedTuple

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from truebook.api.direct import Answering, Direct, is_usual
from truebook.api.entry.sessions import PATH, EntrySessions
from truebook.api.errors import ApiError, invalid_body, too_many
from truebook.api.headers import Headers
from truebook.api.orders import Change
from truebook.api.response import encode
from truebook.limits import HTTP_HEAD_SECONDS_MAX, HTTP_HEADER_BYTES_MAX
from truebook.ws.connections import connection
from truebook.ws.proxies import Proxies

_PATH = PATH.encode()


class ConnectionServices(NamedTuple):
    """What connections are for, besides what uvicorn makes of them."""

    entry: EntrySessions | None = None
    """None: there are no websockets."""
    direct: Direct | None = None
    """None: no request takes the short way."""
    proxies: Proxies = Proxies()
    """Whose word on who asks is taken."""


NO_SERVICES = ConnectionServices()


class HeadTooLarge(Exception):
    """Ends the parser."""


class GuardedProtocol(HttpToolsProtocol):
    """One connection; made by the class that `guarded` gives."""

    connections_max: ClassVar[int]
    exempt: ClassVar[frozenset[str]]
    services: ClassVar["ConnectionServices"]
    changes: ClassVar[dict[tuple[bytes, bytes], Change]]
    by_address: ClassVar[Counter[str]]

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._address = ""
        self._is_in_head = False
        self._has_request = False
        self._head_bytes = 0
        self._piece_bytes = 0
        self._head_timer: asyncio.TimerHandle | None = None
        self._usual: tuple[Change, Headers] | None = None
        """A request whose body has yet to come, for the short way."""
        self._body = b""
        self._ready: tuple[Answering, Headers] | None = None
        """A usual request that is there whole, to be carried out."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, unless there are too many from where it comes."""
        super().connection_made(transport)
        self._address = self.client[0] if self.client else ""
        self.by_address[self._address] += 1
        is_too_many = self.by_address[self._address] > self.connections_max > 0
        if is_too_many and self._address not in self.exempt:
            self._refuse(too_many("connections from this address", 0))
        else:
            self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """The end of it."""
        self._stop_timer()
        self._count_out()
        super().connection_lost(exc)

    def _count_out(self) -> None:
        self.by_address[self._address] -= 1
        if not self.by_address[self._address]:
            del self.by_address[self._address]

    def data_received(self, data: bytes) -> None:
        """Read what came, as far as it may go on."""
        was_in_head = self._is_in_head
        self._piece_bytes = len(data)
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            if self._should_upgrade() and self._hand_over(data[upgrade.args[0] :]):
                return
        except httptools.HttpParserError:
            self._usual = None
            self.send_400_response("Invalid HTTP request received.")
        if self._usual is not None:
            self._go_the_long_way()
        if self._ready is not None:
            # Only now, since what came behind it may end the connection.
            (answering, headers), self._ready = self._ready, None
            answering.carry_out(headers, self._body)
        if self._is_in_head:
            if was_in_head:
                self._head_bytes += len(data)
                if self._head_bytes > HTTP_HEADER_BYTES_MAX:
                    self._refuse(_head_too_large())
                    return
            self._start_timer()
        elif not self._is_answering():
            # Blank lines, or the rest of a body that nobody waits for.
            self._start_timer()

    def send_400_response(self, msg: str) -> None:
        """What came is no HTTP."""
        if self._head_bytes > HTTP_HEADER_BYTES_MAX:
            self._refuse(_head_too_large())
        else:
            self._refuse(ApiError(400, "INVALID_CLIENT_REQUEST", msg))

    def _should_upgrade_to_ws(self) -> bool:
        """Whether there are websockets where it asks for one."""
        return self.services.entry is not None and self.url == _PATH

    def _hand_over(self, rest: bytes) -> bool:
        """Make it a session's, if it can be; `rest` came behind the head."""
        if self._is_answering():
            # What is answered yet would come in the middle of the session.
            self._refuse(ApiError(400, "INVALID_CLIENT_REQUEST", "Answers are still to come"))
            return False
        assert self.services.entry is not None
        self._stop_timer()
        self.connections.discard(self)
        head = [self.parser.get_method(), b" ", self.url, b" HTTP/1.1\r\n"]
        for name, value in self.headers:
            head += [name, b": ", value, b"\r\n"]
        session = connection(self.services.entry.admit, self._count_out)
        session.connection_made(self.transport)
        self.transport.set_protocol(session)
        # The transport looks for a protocol's own buffer only when it begins to read.
        self.transport.pause_reading()
        self.transport.resume_reading()
        _feed(session, b"".join([*head, b"\r\n", rest]))
        return True

    def on_message_begin(self) -> None:
        """A request begins; its scope is made if it goes the long way."""
        self._is_in_head = True
        self._head_bytes = 0
        self.url = b""
        self.headers = []

    def on_header(self, name: bytes, value: bytes) -> None:
        """One of its headers."""
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Its head is there, and is looked at before anything is made of it."""
        self._is_in_head = False
        if self._head_timer is not None:
            self._stop_timer()
        if self._head_bytes + self._piece_bytes > HTTP_HEADER_BYTES_MAX:
            self._check_size()
        change = self.changes.get((self.parser.get_method(), self.url))
        if change is not None and not self._is_answering() and not self.flow.write_paused:
            headers = Headers(self.headers)
            if is_usual(headers, change):
                self._usual, self._body = (change, headers), b""
                return
        self._begin_long_way()

    def on_body(self, body: bytes) -> None:
        """A piece of its body."""
        if self._usual is None:
            super().on_body(body)
        else:
            self._body += body

    def on_message_complete(self) -> None:
        """It is there whole."""
        if self._usual is None:
            super().on_message_complete()
            return
        (change, headers), self._usual = self._usual, None
        assert self.services.direct is not None
        headers.address = self.services.proxies.address(self._address, self.headers)
        keep_alive = self.parser.get_http_version() != "1.0" and self.parser.should_keep_alive()
        terms = (self, change, headers.address, keep_alive)
        answering = Answering(self.services.direct, *terms)
        self.cycle = answering  # type: ignore[assignment]
        self._has_request = True
        self._ready = answering, headers

    def answered(self, answering: Answering, head: list[bytes], body: bytes) -> None:
        """Send a response, and go on with what is next; direct.Connection."""
        for name, value in self.server_state.default_headers:
            head += (name, b": ", value, b"\r\n")
        self.transport.write(b"".join([*head, b"\r\n", body]))
        if not answering.keep_alive:
            self.transport.close()
        self.on_response_complete()

    def _go_the_long_way(self) -> None:
        """The body of a usual request didn't come with its head: let uvicorn wait for it."""
        self._usual = None
        self._begin_long_way()
        if self._body:
            super().on_body(self._body)

    def _begin_long_way(self) -> None:
        url, headers = self.url, self.headers
        super().on_message_begin()
        self.url = url
        self.headers.extend(headers)
        self.expect_100_continue = any(
            name == b"expect" and value.lower() == b"100-continue" for name, value in headers
        )
        super().on_headers_complete()
        self._has_request = self.cycle is not None

    def _check_size(self) -> None:
        """The head is too large, or what came with it is."""
        size = len(self.url) + sum([len(name) + len(value) for name, value in self.headers])
        if size > HTTP_HEADER_BYTES_MAX:
            self._head_bytes = size
            raise HeadTooLarge

    def _is_answering(self) -> bool:
        """Whether the newest request has no answer yet, or half of one."""
        return self._has_request and not self.cycle.response_complete

    def _start_timer(self) -> None:
        if self._head_timer is None and not self.transport.is_closing():
            self._head_timer = self.loop.call_later(HTTP_HEAD_SECONDS_MAX, self._took_too_long)

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _took_too_long(self) -> None:
        self._head_timer = None
        if self._is_in_head:
            self._refuse(invalid_body("the headers did not arrive in time", 408))
        elif not self._is_answering():
            self.transport.close()

    def _refuse(self, error: ApiError) -> None:
        """Say why and close; after the answer to a whole request, and not within one."""
        if self.transport.is_closing():
            return
        if self._is_answering() and not self.cycle.more_body:
            self.cycle.keep_alive = False
            self.flow.pause_reading()
            return
        # What waits behind an earlier request can't be told without being taken for its answer.
        is_behind = bool(self.pipeline)
        if not is_behind and not (self._is_answering() and self.cycle.response_started):
            body = encode(error.body())
            head = [
                STATUS_LINE[error.status],
                b"content-type: application/json\r\nconnection: close\r\n",
                b"content-length: %d\r\n" % len(body),
            ]
            if error.retry_after_s is not None:
                head.append(b"retry-after: %d\r\n" % error.retry_after_s)
            self.transport.write(b"".join([*head, b"\r\n", body]))
        self.transport.close()


def _head_too_large() -> ApiError:
    return invalid_body(f"the headers are larger than {HTTP_HEADER_BYTES_MAX} bytes", 431)


def _feed(protocol: Any, data: bytes) -> None:
    """Let a protocol with a buffer of its own receive data."""
    at = 0
    while at < len(data):
        buffer = protocol.get_buffer(len(data) - at)
        piece = data[at : at + len(buffer)]
        buffer[: len(piece)] = piece
        protocol.buffer_updated(len(piece))
        at += len(piece)


def guarded(
    connections_max: int,
    exempt: frozenset[str] = frozenset(),
    services: ConnectionServices = NO_SERVICES,
) -> type[GuardedProtocol]:
    """The protocol of one server: at most so many connections of an address (0: any number), but
    for those that are exempt."""
    own = {
        "connections_max": connections_max,
        "exempt": exempt,
        "by_address": Counter(),
        "services": services,
        "changes": {} if services.direct is None else services.direct.changes(),
    }
    return type("ServedProtocol", (GuardedProtocol,), own)
