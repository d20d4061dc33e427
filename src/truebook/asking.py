"""`Asker`: questions to engines and to the feed, over the bus, about what is only in their memory.

Promise: an answer is never older than anything this asker has seen: not than a reply, not than an
earlier answer, whoever gave it. A question is asked again until it is answered or its time is up,
so it survives the restart of whom it is for and the loss of the bus.
"""

import asyncio
import itertools
import logging
from typing import Protocol

import msgspec

from truebook.commandlog.interface import (
    FEED_QUERIES_CHANNEL,
    GENESIS,
    QUERIES_CHANNEL,
    ROLES_CHANNEL,
    Bus,
    BusUnavailable,
    Position,
)
from truebook.limits import REPLY_TIMEOUT_MS
from truebook.queries import (
    FEED_KINDS,
    Answer,
    Query,
    QueryKind,
    decode_answer,
    encode_query,
)

_logger = logging.getLogger(__name__)
ASK_AGAIN_S = 0.5


class TimedOut(Exception):
    """No answer within the time limit: what was asked for may or may not have been done."""

    def __init__(self, reason: str, position: Position | None = None) -> None:
        super().__init__(reason)
        self.position = position
        """Of the log entry that carries the commands, if it is known to be written."""


class Halted(TimedOut):
    """The engine stands at a position that it can't pass, before one that has been seen."""

    def __init__(self, position: Position) -> None:
        super().__init__(f"the engine is halted at {position}", position)
        self.halted_at = position
        """What it can tell is true here."""


class Seen(Protocol):
    """What somebody has seen of the log; a gateway is one, `Horizon` is nothing else."""

    last_position: Position
    """The highest position seen."""

    def saw(self, position: Position) -> None:
        """Somebody has been told what is true at this position."""


class Horizon:
    """Seen, for who isn't a gateway."""

    def __init__(self) -> None:
        self.last_position = GENESIS

    def saw(self, position: Position) -> None:
        """Note a position."""
        self.last_position = max(self.last_position, position)


class Asker:
    """Asks over a bus; made by `Asker.start`."""

    def __init__(self, bus: Bus, channel: str, seen: Seen) -> None:
        self._bus = bus
        self._channel = channel
        self._seen = seen
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Queue[Answer]] = {}

    @classmethod
    async def start(cls, bus: Bus, channel: str, seen: Seen) -> "Asker":
        """Begin to hear answers, on a channel that is nobody else's."""
        asker = cls(bus, channel, seen)
        await bus.subscribe(channel, asker._receive)
        return asker

    def saw(self, position: Position) -> None:
        """No answer from now on may be older than this."""
        self._seen.saw(position)

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
        after: Position | None = None,
        timeout_ms: int = REPLY_TIMEOUT_MS,
    ) -> Answer:
        """What `queries.py` says of the kind, at or after `after`, or else all that has been seen.

        Raises TimedOut; Halted, a kind of it, where waiting longer would be in vain.
        """
        after = self._seen.last_position if after is None else after
        query = Query(
            next(self._ids),
            self._channel,
            str(after),
            kind,
            account=account,
            market=market,
            order_id=order_id,
            client_id=client_id,
            limit=limit,
            sequence=sequence,
        )
        answers = self._waiting[query.id] = asyncio.Queue()
        asking = asyncio.create_task(self._keep_asking(query))
        try:
            async with asyncio.timeout(timeout_ms / 1000):
                answer = await answers.get()
        except TimeoutError:
            who = "feed" if kind in FEED_KINDS else "engine"
            raise TimedOut(f"no {who} answered within {timeout_ms} ms") from None
        finally:
            asking.cancel()
            del self._waiting[query.id]
        position = Position.parse(answer.position)
        if position < after:
            raise Halted(position)
        self.saw(position)
        return answer

    async def ask_all(self, kind: QueryKind = "status", wait_ms: int = 500) -> list[Answer]:
        """What everybody who hears us answers within the time, wherever they stand."""
        query = Query(next(self._ids), self._channel, str(GENESIS), kind)
        answers = self._waiting[query.id] = asyncio.Queue()
        try:
            await self._publish(query)
            await asyncio.sleep(wait_ms / 1000)
        finally:
            del self._waiting[query.id]
        return [answers.get_nowait() for _ in range(answers.qsize())]

    async def _keep_asking(self, query: Query) -> None:
        while True:
            await self._publish(query)
            await asyncio.sleep(ASK_AGAIN_S)

    async def _publish(self, query: Query) -> None:
        channel = FEED_QUERIES_CHANNEL if query.kind in FEED_KINDS else QUERIES_CHANNEL
        if query.kind == "roles":
            channel = ROLES_CHANNEL
        try:
            await self._bus.publish(channel, encode_query(query))
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
