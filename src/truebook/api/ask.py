"""`ask`: a gateway's questions to an engine, about what isn't in its own directory.

Promise: an answer is never older than anything this gateway has seen: not than a reply, not than an
earlier answer, whichever engine gave it. A question is asked again until it is answered or its time
is up, so it survives the restart of an engine and the loss of the bus.
"""

import asyncio
import itertools
import logging

import msgspec

from truebook.api.exchange import QueryKind, TimedOut
from truebook.commandlog.gateway import Gateway
from truebook.commandlog.interface import (
    GENESIS,
    QUERIES_CHANNEL,
    Bus,
    BusUnavailable,
    Position,
    answer_channel,
)
from truebook.limits import REPLY_TIMEOUT_MS
from truebook.queries import Answer, Query, decode_answer, encode_query

_logger = logging.getLogger(__name__)
ASK_AGAIN_S = 0.5


class Halted(TimedOut):
    """The engine stands at a position that it can't pass, before one that this gateway has seen."""


class QueryClient:
    """Asks engines; made by `QueryClient.start`."""

    def __init__(self, bus: Bus, gateway: Gateway) -> None:
        self._bus = bus
        self._gateway = gateway
        self._channel = answer_channel(gateway.number)
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Queue[Answer]] = {}

    @classmethod
    async def start(cls, bus: Bus, gateway: Gateway) -> "QueryClient":
        """Begin to hear answers."""
        client = cls(bus, gateway)
        await bus.subscribe(client._channel, client._receive)
        return client

    async def ask(
        self,
        kind: QueryKind,
        account: int = 0,
        *,
        market: int | None = None,
        order_id: int | None = None,
        client_id: int | None = None,
        timeout_ms: int = REPLY_TIMEOUT_MS,
    ) -> Answer:
        """An engine's state at or after all that this gateway has seen.

        Raises TimedOut; Halted, a kind of it, where waiting longer would be in vain.
        """
        after = self._gateway.last_position
        query = self._query(kind, after, account, market, order_id, client_id)
        answers = self._waiting[query.id] = asyncio.Queue()
        asking = asyncio.create_task(self._keep_asking(query))
        try:
            async with asyncio.timeout(timeout_ms / 1000):
                answer = await answers.get()
        except TimeoutError:
            raise TimedOut(f"no engine answered within {timeout_ms} ms") from None
        finally:
            asking.cancel()
            del self._waiting[query.id]
        position = Position.parse(answer.position)
        if position < after:
            raise Halted(f"the engine is halted at {position}", position)
        self._gateway.saw(position)
        return answer

    async def ask_all(self, kind: QueryKind = "status", wait_ms: int = 500) -> list[Answer]:
        """What every engine that hears us answers within the time, wherever it stands."""
        query = self._query(kind, GENESIS)
        answers = self._waiting[query.id] = asyncio.Queue()
        try:
            await self._publish(query)
            await asyncio.sleep(wait_ms / 1000)
        finally:
            del self._waiting[query.id]
        return [answers.get_nowait() for _ in range(answers.qsize())]

    def _query(
        self,
        kind: QueryKind,
        after: Position,
        account: int = 0,
        market: int | None = None,
        order_id: int | None = None,
        client_id: int | None = None,
    ) -> Query:
        return Query(
            next(self._ids),
            self._channel,
            str(after),
            kind,
            account=account,
            market=market,
            order_id=order_id,
            client_id=client_id,
        )

    async def _keep_asking(self, query: Query) -> None:
        while True:
            await self._publish(query)
            await asyncio.sleep(ASK_AGAIN_S)

    async def _publish(self, query: Query) -> None:
        try:
            await self._bus.publish(QUERIES_CHANNEL, encode_query(query))
        except BusUnavailable as error:
            _logger.warning("a question can't be sent, trying again: %s", error)

    def _receive(self, message: bytes) -> None:
        try:
            answer = decode_answer(message)
        except msgspec.MsgspecError as error:
            _logger.warning("what came as an answer is none: %s", error)
            return
        if answers := self._waiting.get(answer.id):
            answers.put_nowait(answer)
