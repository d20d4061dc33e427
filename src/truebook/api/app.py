"""The ASGI application: where endpoints are wired, and where every failure becomes an answer.

    request ─► request id ─► order endpoints (raw ASGI, by method and path)
                         └─► Starlette's router: markets, market data, charts, account, past, stubs
               any failure ─► JSON {"code", "message"}

How often somebody may ask is counted here for addresses (what no signature is asked for, and what
fails to give one) and in `Authority` for keys and accounts.

Promise: each request gets exactly one answer with an `X-Request-Id`, unless its client has gone; an
endpoint that fails by a bug answers 500 SERVER_ERROR and the server goes on. What is logged names
the request id and the path, never headers, bodies or keys.
"""

import itertools
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.routing import Router

from truebook.api.account import Account
from truebook.api.admin import Administration
from truebook.api.authenticate import Authority
from truebook.api.capital import Capital
from truebook.api.charts import Charts
from truebook.api.countdown import Countdowns
from truebook.api.direct import Direct
from truebook.api.entry.opening import order_entry
from truebook.api.errors import ApiError
from truebook.api.exchange import Exchange
from truebook.api.failures import Failures
from truebook.api.integrity import Integrity
from truebook.api.keys import Keys
from truebook.api.marketdata import MarketData
from truebook.api.markets import Markets
from truebook.api.observing import Observer
from truebook.api.openapi import document
from truebook.api.openapi.page import Description
from truebook.api.orders import Orders
from truebook.api.overview import Overview, Reports
from truebook.api.pages import Pages
from truebook.api.past import Past
from truebook.api.plain import PlainOrders
from truebook.api.proof import Proof
from truebook.api.request import Disconnected, Message, Receive, Scope, Send
from truebook.api.request_figures import REQUEST_ID, RequestFigures, asked_id
from truebook.api.response import JSON, encode, respond
from truebook.api.sign_in import SignIn
from truebook.api.stubs import Stubs
from truebook.api.throttle import Rates, Throttle
from truebook.api.visitors import Visitors
from truebook.clock import SYSTEM_CLOCK, Clock
from truebook.history import History
from truebook.people.people import People

if TYPE_CHECKING:
    from truebook.plain.codec import Codec

CLOSING = frozenset({408, 413, 431})
"""After these the rest of the request is not read: the connection must end."""


class Application:
    """One gateway's HTTP side."""

    def __init__(
        self,
        exchange: Exchange,
        history: History,
        *,
        clock: Clock = SYSTEM_CLOCK,
        rates: Rates | None = None,
        people: People | None = None,
        pages: Pages | None = None,
        proofs: Path | None = None,
        observer: Observer | None = None,
        reports: Reports | None = None,
        codec: "Codec | None" = None,
    ) -> None:
        """`people` None: there are keys and no sessions, and nobody can sign up. `pages` None:
        there is nothing to look at in a browser. `proofs`: where proofs of liabilities are kept.
        `observer`: who looks at engines and witness. `reports` None: nobody knows how the
        processes of the exchange are. `codec` None: there is no short way for plain orders."""
        doorkeeper = None if people is None else people.doorkeeper
        self._visitors = None if doorkeeper is None else Visitors(doorkeeper)
        self._throttle = Throttle(clock, rates)
        authority = Authority(exchange.directory, clock, self._throttle, doorkeeper)
        stubs = Stubs(authority, exchange.directory)
        proof = Proof(exchange, authority, proofs)
        public = [
            *Markets(exchange, clock).routes(),
            *MarketData(exchange).routes(),
            *Charts(exchange, history, clock).routes(),
            *stubs.public_routes(),
            *proof.public_routes(),
            *Integrity(exchange, observer, clock).routes(),
            *Description(document.encoded()).routes(),
        ]
        signed = [
            *Account(exchange, authority).routes(),
            *Countdowns(exchange, authority).routes(),
            *Capital(exchange, history, authority, clock).routes(),
            *Past(exchange, history, authority).routes(),
            *stubs.signed_routes(),
            *proof.signed_routes(),
            *Administration(exchange, history, authority).routes(),
            *Overview(authority, reports).routes(),
        ]
        if people is not None:
            sign_in = SignIn(exchange, authority, people)
            public += sign_in.public_routes()
            signed += [*sign_in.signed_routes(), *Keys(authority, people).routes()]
        if pages is not None:
            public += pages.routes()
        self._failures = Failures(self._throttle)
        plain = None
        if codec is not None:
            plain = PlainOrders(codec, exchange.directory, exchange.next_order_id)
        orders = Orders(exchange, authority, plain)
        self._orders = orders.endpoints()
        self.entry = order_entry(
            exchange, orders.trading, authority, self._throttle, self._failures, clock, plain
        )
        """Sessions of those who trade by websocket."""
        self._request_ids = map(f"{secrets.token_hex(4)}-{{}}".format, itertools.count(1))
        self.figures = RequestFigures()
        tells = (self._failures, self.figures, clock, self._request_ids)
        self.direct = Direct(orders, self._throttle, *tells)
        """For what takes the short way."""
        self._signed_paths = {route.path for route in signed} | {path for _, path in self._orders}
        self._routes = [*public, *signed]
        self._others = Router(routes=self._routes, redirect_slashes=False)
        self._clock = clock

    def endpoints(self) -> dict[tuple[str, str], Callable[..., Any]]:
        """Everything that is answered, by method and path."""
        return {
            **self._orders,
            **{
                (method, route.path): route.endpoint
                for route in self._routes
                for method in route.methods or ()
                if method != "HEAD"
            },
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            raise RuntimeError(f"not for {scope['type']}")
        asked = next((value for name, value in scope["headers"] if name == REQUEST_ID), b"")
        request_id = asked_id(asked) or next(self._request_ids)
        began_s = self._clock.elapsed_s()
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"].append((REQUEST_ID, request_id.encode()))
            await send(message)

        try:
            await self._endpoint(scope, receive, send_with_id)
        except Disconnected:
            pass
        except Exception as failure:
            where = {"request": request_id, "method": scope["method"], "path": scope["path"]}
            error = self._failures.told(failure, _address_of(scope), **where)
            self.figures.codes[error.code] += 1
            if not status:
                await _respond_error(send_with_id, error)
        line = (scope["method"], scope["path"])
        seconds = self._clock.elapsed_s() - began_s
        is_order = line in self._orders
        self.figures.answered(line, request_id, status, seconds, is_order=is_order)

    async def _endpoint(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] in self._signed_paths:
            self._throttle.signed(_address_of(scope))
        else:
            self._throttle.public(_address_of(scope))
        if self._visitors is not None:
            await self._visitors.recognise(scope)
        endpoint = self._orders.get((scope["method"], scope["path"]))
        if endpoint is not None:
            await endpoint(scope, receive, send)
        else:
            scope["app"] = self  # Starlette then raises 404 and 405 instead of answering in text
            await self._others(scope, receive, send)


def _address_of(scope: Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else ""


async def _respond_error(send: Send, error: ApiError) -> None:
    headers: list[tuple[bytes, bytes]] = []
    if error.status in CLOSING:
        headers.append((b"connection", b"close"))
    if error.retry_after_s is not None:
        headers.append((b"retry-after", b"%d" % error.retry_after_s))
    await respond(send, error.status, encode(error.body()), JSON, tuple(headers))
