"""What order requests become, by whichever way they come: HTTP or a websocket session.

Promise: a request becomes whole commands that mean what it says, or an ApiError that names the
field; what the engine made of the commands becomes the JSON of its result, the same for
both ways. A batch of nothing but wrong orders has no commands, and a result all the same.
"""

from collections.abc import Callable, Sequence
from functools import partial

from truebook import commands
from truebook.api.errors import ApiError, invalid, invalid_body, rejected
from truebook.api.order_json import Reply, replies_of
from truebook.api.order_payload import amend_command, place_command
from truebook.api.order_text import text_of_reply
from truebook.api.payload import Fields, choice_of, client_id_of, market_of, order_id_of
from truebook.api.response import encode
from truebook.api.strict_json import object_of
from truebook.directory import Directory, Market
from truebook.limits import BATCH_ORDERS_MAX
from truebook.messages import CancelFlag, OrderStatus, RejectCode

CANCELLED = {
    "RestingLimitOrder": CancelFlag.RESTING,
    "ConditionalOrder": CancelFlag.PENDING,
}
_REJECTED = int(OrderStatus.REJECTED)
_DONE = int(OrderStatus.DONE)

Markets = dict[int, Market]


class Work:
    """A request's commands, and what their replies say; of one order or its cancellation."""

    __slots__ = ("commands", "order_id", "order_ids", "records")

    def __init__(
        self,
        records: bytes,
        commands: int = 1,
        order_id: int | None = None,
        order_ids: Sequence[int] = (),
    ) -> None:
        self.records = records
        self.commands = commands
        self.order_id = order_id
        """Whom to ask about if the outcome isn't known."""
        self.order_ids = order_ids
        """The same of a batch."""

    def result(self, replies: Sequence[Reply], markets: Markets) -> bytes:
        """The result as JSON. Raises ApiError for what the engine rejected."""
        return text_of_order(replies[0], markets)

    def told(self, packed: bytes, markets: Markets) -> bytes:
        """The same of messages.REPLY records. Raises ApiError."""
        return self.result(replies_of(packed), markets)

    def accepted(self) -> bytes:
        """The answer to who doesn't wait for the result."""
        return b""


class Placement(Work):
    """Of a new order."""

    __slots__ = ()

    def accepted(self) -> bytes:
        return encode({"id": str(self.order_id)})


class Batch(Work):
    """Of several new orders."""

    __slots__ = ("_results",)

    def __init__(
        self, records: Sequence[bytes], order_ids: Sequence[int], results: list[bytes | None]
    ) -> None:
        """`results` has the errors that are known already, and None for each command."""
        super().__init__(b"".join(records), len(order_ids), order_ids=order_ids)
        self._results = results

    def result(self, replies: Sequence[Reply], markets: Markets) -> bytes:
        texts = [text_of_one(partial(text_of_order, reply, markets)) for reply in replies]
        return self._filled_with(texts)

    def accepted(self) -> bytes:
        ids = [{"operation": "Ok", "id": str(order_id)} for order_id in self.order_ids]
        return self._filled_with(list(map(encode, ids)))

    def _filled_with(self, texts: list[bytes]) -> bytes:
        told = iter(texts)
        results = [next(told) if result is None else result for result in self._results]
        return b"[%b]" % b",".join(results)


class _CancelAll(Work):
    """Of any number of cancellations."""

    __slots__ = ()

    def result(self, replies: Sequence[Reply], markets: Markets) -> bytes:
        texts = [text_of_order(reply, markets) for reply in replies if reply.status != _DONE]
        return b"[%b]" % b",".join(texts)


class Trading:
    """Makes work of requests; `next_order_id` gives an id that no other order has."""

    def __init__(self, directory: Directory, next_order_id: Callable[[], int]) -> None:
        self._directory = directory
        self._next_order_id = next_order_id

    @property
    def markets(self) -> Markets:
        """The markets by number, which results are told with."""
        return self._directory.markets

    def place(self, fields: Fields, account: int, deadline_ms: int) -> Work:
        """A new order. Raises ApiError."""
        order_id = self._next_order_id()
        record = place_command(fields, self._directory, account, order_id, deadline_ms)
        return Placement(record, order_id=order_id)

    def place_batch(self, batch: Sequence[Fields], account: int, deadline_ms: int) -> Work:
        """Several new orders; one that can't be meant doesn't stop others."""
        records: list[bytes] = []
        order_ids: list[int] = []
        results: list[bytes | None] = []
        for fields in batch:
            order_id = self._next_order_id()
            try:
                record = place_command(fields, self._directory, account, order_id, deadline_ms)
            except ApiError as error:
                results.append(_failed(error))
            else:
                records.append(record)
                order_ids.append(order_id)
                results.append(None)
        return Batch(records, order_ids, results)

    def cancel(self, fields: Fields, account: int, _: int) -> Work:
        """No order any more, by its id or its client id. Raises ApiError."""
        market = market_of(fields, self._directory)
        order_id, client_id = target_of(fields)
        record = commands.cancel(
            account=account, market=market.number, order_id=order_id or 0, client_id=client_id
        )
        return Work(record, order_id=order_id)

    def amend(self, fields: Fields, account: int, deadline_ms: int) -> Work:
        """A resting order with another price and whole quantity; it keeps its place in the queue
        if only the quantity goes down. Raises ApiError."""
        target = target_of(fields)
        record = amend_command(fields, self._directory, account, target, deadline_ms)
        return Work(record, order_id=target[0])

    def cancel_all(self, fields: Fields, account: int, _: int) -> Work:
        """None of the account's orders in a market any more, or none of those that rest in the
        book, or wait for their trigger. Raises ApiError."""
        market = market_of(fields, self._directory)
        which = choice_of(fields, "orderType", CANCELLED, CancelFlag(0))
        record = commands.cancel_all(account=account, market=market.number, flags=which)
        return _CancelAll(record)


def batch_of(value: object) -> list[dict[str, object]]:
    """The orders of a batch. Raises ApiError."""
    if not isinstance(value, list) or not 1 <= len(value) <= BATCH_ORDERS_MAX:
        raise invalid_body(f"the body must be an array of 1 to {BATCH_ORDERS_MAX} orders")
    return [object_of(item) for item in value]


def target_of(fields: Fields) -> tuple[int | None, int | None]:
    """Order id and client id, one of which is None. Raises ApiError."""
    order_id, client_id = order_id_of(fields), client_id_of(fields)
    if (order_id is None) == (client_id is None):
        raise invalid("orderId", "give either orderId or clientId")
    return order_id, client_id


def text_of_order(reply: Reply, markets: Markets) -> bytes:
    """The order of a reply. Raises ApiError if the command was rejected."""
    if reply.status == _REJECTED:
        duplicate = reply.code == RejectCode.DUPLICATE_CLIENT_ID
        raise rejected(reply.code, reply.quantity if duplicate else None)
    return text_of_reply(reply, markets[reply.market])


def text_of_one(text_of: Callable[[], bytes]) -> bytes:
    """One result of a batch; `text_of` gives the order, or raises ApiError."""
    try:
        return b'{"operation":"Ok",' + text_of()[1:]
    except ApiError as error:
        return _failed(error)


def _failed(error: ApiError) -> bytes:
    return encode({"operation": "Err", **error.body()})
