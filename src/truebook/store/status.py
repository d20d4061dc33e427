"""The store's answer to `roles`: where the database stands."""

import asyncio
import logging

import msgspec

from truebook.commandlog.interface import ROLES_CHANNEL, Bus, BusUnavailable
from truebook.queries import Answer, decode_query, encode_answer
from truebook.store.projection import Projection

_logger = logging.getLogger(__name__)


class StoreStatus:
    """Answers for one projection."""

    def __init__(self, bus: Bus, projection: Projection) -> None:
        self._bus = bus
        self._projection = projection
        self._answers: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Hear questions from now on."""
        await self._bus.subscribe(ROLES_CHANNEL, self._receive)

    def _receive(self, message: bytes) -> None:
        try:
            query = decode_query(message)
        except msgspec.MsgspecError as error:
            _logger.warning("what came as a question is none: %s", error)
            return
        if query.kind == "roles":
            answer = asyncio.create_task(self._answer(query.channel, query.id))
            self._answers.add(answer)
            answer.add_done_callback(self._answers.discard)

    async def _answer(self, channel: str, query_id: int) -> None:
        projection = self._projection
        position = str(projection.tail.position)
        status: dict[str, str | int | float | bool] = {
            "role": "store",
            "position": position,
            "lagMs": projection.lag_ms,
            "waiting": projection.reason,
        }
        try:
            await self._bus.publish(
                channel, encode_answer(Answer(query_id, position, status=status))
            )
        except BusUnavailable as error:
            _logger.warning("an answer can't be sent: %s", error)
