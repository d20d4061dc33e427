"""Asking engines about themselves, and telling them what to do: over the bus, waiting a while.

Promise: nobody is waited for longer than said. An answer is what an engine says of itself: whether
it is true is for the log to tell (truth.py).
"""

import itertools
import secrets
import select
from collections import deque

import msgspec

from truebook.clock import SYSTEM_CLOCK, Clock
from truebook.commandlog.interface import (
    GENESIS,
    QUERIES_CHANNEL,
    Position,
    Publisher,
    Subscription,
)
from truebook.engine.canonical.packing import PackedWrongly, unpack_tables
from truebook.engine.canonical.tables import Tables
from truebook.queries import Answer, Query, QueryKind, decode_answer, encode_query

STATUS_S = 1.0
PART_S = 10.0
_UNCONNECTED_S = 0.02

StatusOf = dict[str, str | int | float | bool]


class Engines:
    """All who answer on a bus. `answers` must hear the channel of that name."""

    def __init__(
        self,
        publisher: Publisher,
        answers: Subscription,
        channel: str,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._publisher = publisher
        self._answers = answers
        self._channel = channel
        self._clock = clock
        self._ids = itertools.count(1)
        self._heard: deque[Answer | None] = deque()

    def status(self, expected: int) -> dict[str, StatusOf]:
        """The status of each engine that answers, by name; `expected` ones are waited for.

        Raises BusUnavailable.
        """
        found: dict[str, StatusOf] = {}
        query = self._query("status")
        deadline = self._ask(query) + STATUS_S
        while len(found) < expected and (answer := self._next(query.id, deadline)):
            found[str(answer.status.get("engine", ""))] = answer.status
        return found

    def records(self, name: str) -> tuple[Position, Tables] | None:
        """The whole state of the engine of that name, and where it stands; None: it doesn't tell.

        Raises BusUnavailable.
        """
        parts: list[bytes] = []
        while True:
            query = self._query("records", name=name, limit=len(parts))
            answer = self._next(query.id, self._ask(query) + PART_S)
            if answer is None:
                return None
            parts.append(answer.records)
            if len(parts) >= answer.parts:
                break
        try:
            return Position.parse(answer.position), unpack_tables(b"".join(parts))
        except (PackedWrongly, ValueError):
            return None

    def tell(self, order: QueryKind, name: str = "") -> None:
        """One of queries.ORDERS. Raises BusUnavailable."""
        self._ask(self._query(order, name=name))

    def close(self) -> None:
        """Give the connections back."""
        self._publisher.close()
        self._answers.close()

    def _query(self, kind: QueryKind, *, name: str = "", limit: int = 0) -> Query:
        number = next(self._ids)
        return Query(number, self._channel, str(GENESIS), kind, name=name, limit=limit)

    def _ask(self, query: Query) -> float:
        """Send it; when that was."""
        # A subscription connects when it is first asked what it has heard: not to miss the answer.
        self._answers.receive()
        self._publisher.publish(QUERIES_CHANNEL, encode_query(query))
        return self._clock.elapsed_s()

    def _next(self, number: int, deadline: float) -> Answer | None:
        """The next answer to that question."""
        while True:
            self._heard += map(_read, self._answers.receive())
            while self._heard:
                answer = self._heard.popleft()
                if answer is not None and answer.id == number:
                    return answer
            left = deadline - self._clock.elapsed_s()
            if left <= 0:
                return None
            self._wait(left)

    def _wait(self, seconds: float) -> None:
        number = self._answers.fileno()
        ears = [number] if number >= 0 else []
        select.select(ears, [], [], seconds if ears else min(seconds, _UNCONNECTED_S))


def answers_channel() -> str:
    """A channel that is nobody else's."""
    return f"witness:{secrets.token_hex(8)}"


def _read(message: bytes) -> Answer | None:
    try:
        return decode_answer(message)
    except msgspec.MsgspecError:
        return None
