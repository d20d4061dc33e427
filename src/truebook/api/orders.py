"""The order endpoints: raw ASGI callables, since they are the path that traders feel.

Promise: a 200 for a change means on disk and applied, and carries the order as the engine left it;
504 carries the order's id and means unknown; 202 (`Prefer: respond-async`) means on disk.
"""

from collections.abc import Awaitable, Callable, Sequence

from truebook import commands
from truebook.api.authenticate import Authority, Caller, parameters_of
from truebook.api.conditions import deadline_ms_of
from truebook.api.errors import (
    ApiError,
    invalid,
    invalid_body,
    not_found,
    rejected,
)
from truebook.api.exchange import Exchange
from truebook.api.order_json import (
    Reply,
    json_of_reply,
    json_of_row,
    json_of_rows,
    replies_of,
)
from truebook.api.order_payload import amend_command, place_command
from truebook.api.outcomes import told_to_client
from truebook.api.payload import Fields, choice_of, client_id_of, market_of, order_id_of
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
from truebook.api.response import respond, respond_json
from truebook.api.shapes.order import Order
from truebook.api.strict_json import decode, decode_object, object_of
from truebook.limits import BATCH_ORDERS_MAX, HTTP_BATCH_BYTES_MAX, HTTP_BODY_BYTES_MAX
from truebook.messages import CancelFlag, OrderStatus, RejectCode

Endpoint = Callable[[Scope, Receive, Send], Awaitable[None]]

CANCELLED = {
    "RestingLimitOrder": CancelFlag.RESTING,
    "ConditionalOrder": CancelFlag.PENDING,
}


class Orders:
    """POST, GET, PATCH and DELETE of an order, and the same of orders but for PATCH."""

    def __init__(self, exchange: Exchange, authority: Authority) -> None:
        self._exchange = exchange
        self._authority = authority

    def endpoints(self) -> dict[tuple[str, str], Endpoint]:
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

    async def place(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Place an order (`orderExecute`)."""
        headers = headers_of(scope)
        fields = decode_object(await read_body(receive, headers, HTTP_BODY_BYTES_MAX))
        caller = self._authority.trader(headers, "orderExecute", [parameters_of(fields)])
        order_id = self._exchange.next_order_id()
        deadline_ms = deadline_ms_of(headers.get(b"x-deadline", b""))
        directory = self._exchange.directory
        record = place_command(fields, directory, caller.account, order_id, deadline_ms)
        if prefers_async(headers):
            await self._submit(record, 1, caller, order_id)
            await respond_json(send, 202, {"id": str(order_id)})
            return
        replies = await self._outcome(record, 1, caller, order_id)
        await respond_json(send, 200, self._json(replies[0]))

    async def place_batch(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Place several orders in one submission; one that can't be meant doesn't stop others."""
        headers = headers_of(scope)
        batch = _batch(decode(await read_body(receive, headers, HTTP_BATCH_BYTES_MAX)))
        signed = [parameters_of(fields) for fields in batch]
        caller = self._authority.trader(headers, "orderExecute", signed)
        deadline_ms = deadline_ms_of(headers.get(b"x-deadline", b""))
        directory = self._exchange.directory
        records: list[bytes] = []
        order_ids: dict[int, int] = {}
        results: list[object] = [None] * len(batch)
        for place, fields in enumerate(batch):
            order_id = self._exchange.next_order_id()
            try:
                command = place_command(fields, directory, caller.account, order_id, deadline_ms)
                records.append(command)
                order_ids[place] = order_id
            except ApiError as error:
                results[place] = _failed(error)
        waits = not prefers_async(headers)
        carried_out = await self._carry_out(caller, records, list(order_ids.values()), waits)
        for place, result in zip(order_ids, carried_out, strict=True):
            results[place] = result
        await respond_json(send, 200 if waits else 202, results)

    async def _carry_out(
        self, caller: Caller, records: list[bytes], order_ids: list[int], waits: bool
    ) -> list[object]:
        """The results of a batch's valid orders."""
        if not records:
            return []
        entry = b"".join(records)
        if waits:
            replies = await self._outcome(entry, len(records), caller, order_ids=order_ids)
            return [self._result(reply) for reply in replies]
        await self._submit(entry, len(records), caller, order_ids=order_ids)
        return [{"operation": "Ok", "id": str(order_id)} for order_id in order_ids]

    async def cancel(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Cancel an order by its id or its client id (`orderCancel`)."""
        headers = headers_of(scope)
        fields = decode_object(await read_body(receive, headers, HTTP_BODY_BYTES_MAX))
        caller = self._authority.trader(headers, "orderCancel", [parameters_of(fields)])
        market = market_of(fields, self._exchange.directory)
        order_id, client_id = _target(fields)
        record = commands.cancel(
            account=caller.account,
            market=market.number,
            order_id=order_id or 0,
            client_id=client_id,
        )
        if prefers_async(headers):
            await self._submit(record, 1, caller, order_id)
            await respond(send, 202, b"")
            return
        replies = await self._outcome(record, 1, caller, order_id)
        await respond_json(send, 200, self._json(replies[0]))

    async def amend(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Give a resting order another price and whole quantity; it keeps its place in the queue if
        only the quantity goes down (`orderModify`)."""
        headers = headers_of(scope)
        fields = decode_object(await read_body(receive, headers, HTTP_BODY_BYTES_MAX))
        caller = self._authority.trader(headers, "orderModify", [parameters_of(fields)])
        target = _target(fields)
        deadline_ms = deadline_ms_of(headers.get(b"x-deadline", b""))
        directory = self._exchange.directory
        record = amend_command(fields, directory, caller.account, target, deadline_ms)
        if prefers_async(headers):
            await self._submit(record, 1, caller, target[0])
            await respond(send, 202, b"")
            return
        replies = await self._outcome(record, 1, caller, target[0])
        await respond_json(send, 200, self._json(replies[0]))

    async def cancel_all(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Cancel the account's orders in a market, or only those that rest in the book, or wait for
        their trigger (`orderCancelAll`)."""
        headers = headers_of(scope)
        fields = decode_object(await read_body(receive, headers, HTTP_BODY_BYTES_MAX))
        caller = self._authority.trader(headers, "orderCancelAll", [parameters_of(fields)])
        market = market_of(fields, self._exchange.directory)
        which = choice_of(fields, "orderType", CANCELLED, CancelFlag(0))
        record = commands.cancel_all(account=caller.account, market=market.number, flags=which)
        if prefers_async(headers):
            await self._submit(record, 1, caller)
            await respond(send, 202, b"")
            return
        replies = await self._outcome(record, 1, caller)
        cancelled = [reply for reply in replies if reply.status != OrderStatus.DONE]
        await respond_json(send, 200, [self._json(reply) for reply in cancelled])

    async def find(self, scope: Scope, receive: Receive, send: Send) -> None:
        """An open order of the account by its id or its client id (`orderQuery`)."""
        query = query_of(scope)
        caller = self._authority.reader(headers_of(scope), "orderQuery", query)
        fields = fields_of(query)
        market = market_of(fields, self._exchange.directory)
        order_id, client_id = _target(fields)
        answer = await self._exchange.ask(
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
        directory = self._exchange.directory
        market = market_of(fields, directory).number if fields.get("symbol") else None
        types = [value for name, value in query if name == "marketType"]
        if types and "SPOT" not in types:
            await respond_json(send, 200, [])
            return
        answer = await self._exchange.ask("orders", caller.account, market=market)
        await respond_json(send, 200, json_of_rows(answer.orders, directory.markets))

    async def _outcome(
        self,
        records: bytes,
        commands: int,
        caller: Caller,
        order_id: int | None = None,
        order_ids: Sequence[int] = (),
    ) -> list[Reply]:
        """Carry out commands; raises ApiError where it isn't known that they were."""
        with told_to_client(order_id, order_ids):
            outcome = await self._exchange.send_and_await(records, commands, caller.once)
        return replies_of(outcome.replies)

    async def _submit(
        self,
        records: bytes,
        commands: int,
        caller: Caller,
        order_id: int | None = None,
        order_ids: Sequence[int] = (),
    ) -> None:
        """Write commands to the log; raises ApiError where it isn't known that they were."""
        with told_to_client(order_id, order_ids):
            await self._exchange.submit(records, commands, caller.once)

    def _json(self, reply: Reply) -> Order:
        """The order of a reply; raises ApiError if the command was rejected."""
        if reply.status == OrderStatus.REJECTED:
            duplicate = reply.code == RejectCode.DUPLICATE_CLIENT_ID
            raise rejected(reply.code, reply.quantity if duplicate else None)
        return json_of_reply(reply, self._exchange.directory.markets[reply.market])

    def _result(self, reply: Reply) -> object:
        """One result of a batch."""
        try:
            return {"operation": "Ok", **self._json(reply)}
        except ApiError as error:
            return _failed(error)


def _failed(error: ApiError) -> object:
    return {"operation": "Err", **error.body()}


def _batch(value: object) -> list[Fields]:
    if not isinstance(value, list) or not 1 <= len(value) <= BATCH_ORDERS_MAX:
        raise invalid_body(f"the body must be an array of 1 to {BATCH_ORDERS_MAX} orders")
    return [object_of(item) for item in value]


def _target(fields: Fields) -> tuple[int | None, int | None]:
    """Order id and client id, one of which is None."""
    order_id, client_id = order_id_of(fields), client_id_of(fields)
    if (order_id is None) == (client_id is None):
        raise invalid("orderId", "give either orderId or clientId")
    return order_id, client_id
