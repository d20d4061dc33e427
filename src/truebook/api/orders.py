"""The order endpoints: raw ASGI callables, since they are the path that traders feel.

Promise: a 200 for a change means on disk and applied, and carries the order as the engine left it;
504 carries the order's id and means unknown; 202 (`Prefer: respond-async`) means on disk.

A signed change whose body comes with its head takes a shorter way (direct.py), on which it is
prepared and answered by the same functions.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

from truebook.api.authenticate import Authority, Caller, parameters_of
from truebook.api.conditions import deadline_ms_of
from truebook.api.errors import not_found
from truebook.api.exchange import Exchange
from truebook.api.order_json import json_of_row, json_of_rows
from truebook.api.outcomes import told_to_client
from truebook.api.payload import market_of
from truebook.api.plain import PlainKind, PlainOrders
from truebook.api.request import (
    Receive,
    Scope,
    Send,
    fields_of,
    headers_of,
    prefers_async,
    query_of,
    read_body,
)
from truebook.api.request_figures import Line
from truebook.api.response import respond, respond_json
from truebook.api.strict_json import decode, object_of
from truebook.api.trading import Trading, Work, batch_of, target_of
from truebook.limits import HTTP_BATCH_BYTES_MAX, HTTP_BODY_BYTES_MAX

Endpoint = Callable[[Scope, Receive, Send], Awaitable[None]]


class Change(NamedTuple):
    """What an endpoint changes."""

    line: Line
    instruction: str
    """What is signed with it."""
    bytes_max: int
    read: Callable[[object], Any]
    """What the body has to be: an object, or some."""
    make: Callable[[Any, int, int], Work]
    """The work of it, for an account, within a deadline."""
    has_deadline: bool
    plain: PlainKind | None = None
    """What it may be where it is plain."""


class Orders:
    """POST, GET, PATCH and DELETE of an order, and the same of orders but for PATCH."""

    def __init__(
        self, exchange: Exchange, authority: Authority, plain: PlainOrders | None = None
    ) -> None:
        """`plain` None: everything goes the long way."""
        self.exchange = exchange
        self._authority = authority
        self._plain = plain
        self.trading = made = Trading(exchange.directory, exchange.next_order_id)
        one, many = (HTTP_BODY_BYTES_MAX, object_of), (HTTP_BATCH_BYTES_MAX, batch_of)
        order, orders = "/api/v1/order", "/api/v1/orders"
        placing, cancelling = PlainKind(places=True), PlainKind(places=False)
        batching = PlainKind(places=True, is_list=True)
        self._place = Change(("POST", order), "orderExecute", *one, made.place, True, placing)
        self._amend = Change(("PATCH", order), "orderModify", *one, made.amend, True)
        self._cancel = Change(
            ("DELETE", order), "orderCancel", *one, made.cancel, False, cancelling
        )
        self._place_batch = Change(
            ("POST", orders), "orderExecute", *many, made.place_batch, True, batching
        )
        self._cancel_all = Change(
            ("DELETE", orders), "orderCancelAll", *one, made.cancel_all, False
        )

    def endpoints(self) -> dict[Line, Endpoint]:
        """Each endpoint by method and path."""
        return {
            ("POST", "/api/v1/order"): self.place,
            ("GET", "/api/v1/order"): self.find,
            ("PATCH", "/api/v1/order"): self.amend,
            ("DELETE", "/api/v1/order"): self.cancel,
            ("POST", "/api/v1/orders"): self.place_batch,
            ("GET", "/api/v1/orders"): self.find_all,
            ("DELETE", "/api/v1/orders"): self.cancel_all,
        }

    def changes(self) -> dict[Line, Change]:
        """What each endpoint changes that changes anything."""
        changes = (self._place, self._amend, self._cancel, self._place_batch, self._cancel_all)
        return {change.line: change for change in changes}

    async def place(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Place an order (`orderExecute`)."""
        await self._change(self._place, scope, receive, send)

    async def place_batch(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Place several orders in one submission; one that can't be meant doesn't stop others."""
        await self._change(self._place_batch, scope, receive, send)

    async def cancel(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Cancel an order by its id or its client id (`orderCancel`)."""
        await self._change(self._cancel, scope, receive, send)

    async def amend(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Give a resting order another price and whole quantity; it keeps its place in the queue if
        only the quantity goes down (`orderModify`)."""
        await self._change(self._amend, scope, receive, send)

    async def cancel_all(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Cancel the account's orders in a market, or only those that rest in the book, or wait for
        their trigger (`orderCancelAll`)."""
        await self._change(self._cancel_all, scope, receive, send)

    def prepared(
        self, change: Change, headers: dict[bytes, bytes], body: bytes
    ) -> tuple[Caller, Work]:
        """Who wants what. Raises ApiError."""
        if self._plain is not None and change.plain is not None and b"x-deadline" not in headers:
            signed = self._plain.signed(body, change.plain)
            if signed is not None:
                caller = self._authority.trader(headers, change.instruction, signed)
                return caller, self._plain.work(change.plain, signed.objects, caller.account)
        value = change.read(decode(body))
        objects: Sequence[dict[str, object]] = value if isinstance(value, list) else [value]
        parameters = list(map(parameters_of, objects))
        caller = self._authority.trader(headers, change.instruction, parameters)
        deadline = headers.get(b"x-deadline", b"") if change.has_deadline else b""
        return caller, change.make(value, caller.account, deadline_ms_of(deadline))

    async def _change(self, change: Change, scope: Scope, receive: Receive, send: Send) -> None:
        headers = headers_of(scope)
        body = await read_body(receive, headers, change.bytes_max)
        caller, work = self.prepared(change, headers, body)
        terms = (work.records, work.commands, caller.once)
        waits = not prefers_async(headers)
        packed = b""
        if work.commands:
            with told_to_client(work.order_id, work.order_ids):
                if waits:
                    outcome = await self.exchange.send_and_await(*terms)
                    packed = outcome.packed
                else:
                    await self.exchange.submit(*terms)
        if waits:
            await respond(send, 200, work.told(packed, self.trading.markets))
        else:
            await respond(send, 202, work.accepted())

    async def find(self, scope: Scope, receive: Receive, send: Send) -> None:
        """An open order of the account by its id or its client id (`orderQuery`)."""
        query = query_of(scope)
        caller = self._authority.reader(headers_of(scope), "orderQuery", query)
        fields = fields_of(query)
        market = market_of(fields, self.exchange.directory)
        order_id, client_id = target_of(fields)
        answer = await self.exchange.ask(
            "order", caller.account, order_id=order_id, client_id=client_id
        )
        for row in answer.orders:
            if row.account == caller.account and row.market == market.number:
                await respond_json(send, 200, json_of_row(row, market))
                return
        raise not_found()

    async def find_all(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The account's open orders, in one market or all (`orderQueryAll`)."""
        query = query_of(scope)
        caller = self._authority.reader(headers_of(scope), "orderQueryAll", query)
        fields = fields_of(query)
        directory = self.exchange.directory
        market = market_of(fields, directory).number if fields.get("symbol") else None
        types = [value for name, value in query if name == "marketType"]
        if types and "SPOT" not in types:
            await respond_json(send, 200, [])
            return
        answer = await self.exchange.ask("orders", caller.account, market=market)
        await respond_json(send, 200, json_of_rows(answer.orders, directory.markets))
