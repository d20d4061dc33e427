"""Questions to the feed, and its answers (queries.py): depth, tickers, missed updates, its status.

Promise: an answer is as of a position at or after the one that the question names, and everything
up to it is published: the depth that is told is that of the last update. A question that is ahead
of the feed waits, QUERY_HELD_MS_MAX at most; then whoever asked asks again.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import NamedTuple

import msgspec

from truebook.clock import Clock
from truebook.commandlog.interface import (
    FEED_QUERIES_CHANNEL,
    ROLES_CHANNEL,
    Bus,
    BusUnavailable,
    Position,
)
from truebook.feed.accounts import Accounts
from truebook.feed.public_json import tickers
from truebook.feed.publisher import Publisher
from truebook.history import History, HistoryUnavailable
from truebook.limits import HISTORY_UPDATES_MAX, QUERIES_HELD_MAX, QUERY_HELD_MS_MAX
from truebook.queries import Answer, Query, decode_query, encode_answer

_logger = logging.getLogger(__name__)
HISTORY_AGAIN_S = 0.1
FIGURES_S_MAX = 2.0
"""How long after its start a feed keeps questions for figures until history is loaded. Then they
are told as far as they are known: from the engine's last price and from the trades since."""

Status = dict[str, str | int | float | bool]


class _Held(NamedTuple):
    until_s: float
    after: Position
    query: Query


class Questions:
    """What is asked of one feed."""

    def __init__(
        self,
        bus: Bus,
        publisher: Publisher,
        accounts: Accounts,
        history: History | None,
        look: Callable[[], Awaitable[None]],
        clock: Clock,
    ) -> None:
        """`look`: learn who listens to what."""
        self._bus = bus
        self._publisher = publisher
        self._accounts = accounts
        self._history = history
        self._look = look
        self._clock = clock
        self._started_s = clock.elapsed_s()
        self._held: list[_Held] = []
        self._asked = asyncio.Event()
        self._updates: dict[tuple[str, int], asyncio.Task[None]] = {}
        self._failure: BaseException | None = None
        """A bug, for `run` to raise."""
        publisher.after_pass(self._wake)

    async def start(self) -> None:
        """Hear questions from now on."""
        await self._bus.subscribe(FEED_QUERIES_CHANNEL, self._receive)
        await self._bus.subscribe(ROLES_CHANNEL, self._receive)

    async def run(self) -> None:
        """Answer, for ever. Raises what a bug raises."""
        while True:
            await self._asked.wait()
            self._asked.clear()
            if self._failure is not None:
                raise self._failure
            async with self._publisher.lock:
                messages = self._answer_held()
            await self._send(messages)

    def close(self) -> None:
        """Answer no more."""
        for task in self._updates.values():
            task.cancel()

    def _receive(self, message: bytes) -> None:
        try:
            query = decode_query(message)
            after = Position.parse(query.after)
        except (ValueError, msgspec.MsgspecError) as error:
            _logger.warning("what came as a question is none: %s", error)
            return
        if len(self._held) < QUERIES_HELD_MAX:
            until_s = self._clock.elapsed_s() + QUERY_HELD_MS_MAX / 1000
            self._held.append(_Held(until_s, after, query))
            if after > self._publisher.position:
                self._publisher.hurry()
            else:
                self._asked.set()

    def _wake(self) -> None:
        if self._held:
            self._asked.set()

    def _answer_held(self) -> list[tuple[str, bytes]]:
        messages: list[tuple[str, bytes]] = []
        held, self._held = self._held, []
        now_s = self._clock.elapsed_s()
        for question in held:
            if question.after > self._publisher.position or self._publisher.is_holding:
                is_answered = False
            else:
                answer = Answer(question.query.id, str(self._publisher.position))
                is_answered = self._answer(question.query, answer, messages)
            if not is_answered and question.until_s > now_s:
                self._held.append(question)
        return messages

    def _answer(self, query: Query, answer: Answer, messages: list[tuple[str, bytes]]) -> bool:
        """Answer a question, or begin to; False: not yet."""
        match query.kind:
            case "depth":
                number = query.market
                stream = None if number is None else self._publisher.fold.markets.get(number)
                if stream is None or not stream.depth.can_show:
                    return False
                answer.body = stream.book(query.limit, self._clock.now_ms() * 1000)
            case "tickers":
                if not self._has_figures(query.market):
                    return False
                answer.body = self._tickers(query.market, query.limit or 24)
            case "roles":
                answer.status = self.status()
            case "updates" | "listeners":
                self._begin_updates(query)
                return True
            case _:
                return True
        messages.append((query.channel, encode_answer(answer)))
        return True

    def _has_figures(self, market: int | None) -> bool:
        """Whether figures of a market, or of all, are whole, or need not be waited for."""
        fold = self._publisher.fold
        if not fold.has_history or self._clock.elapsed_s() > self._started_s + FIGURES_S_MAX:
            return True
        streams = [s for number, s in fold.markets.items() if market in (None, number)]
        return all(stream.candles.is_loaded for stream in streams)

    def _tickers(self, market: int | None, hours: int) -> bytes:
        fold = self._publisher.fold
        time_s = fold.time_s(self._clock.now_ms())
        streams = [s for number, s in sorted(fold.markets.items()) if market in (None, number)]
        objects = [stream.ticker_object(time_s, hours) for stream in streams]
        return tickers([found for found in objects if found is not None])

    def status(self) -> Status:
        """Where the feed stands."""
        publisher = self._publisher
        markets = publisher.fold.markets.values()
        return {
            "role": "feed",
            "position": str(publisher.position),
            "lagMs": round(publisher.lag_ms, 1),
            "passes": publisher.passes,
            "markets": len(markets),
            "marketsLoading": sum(stream.depth.must_load for stream in markets),
            "candlesLoading": sum(not stream.candles.is_loaded for stream in markets),
            "accounts": len(publisher.fold.accounts),
        }

    def _begin_updates(self, query: Query) -> None:
        asked = (query.channel, query.id)
        if asked not in self._updates:
            task = asyncio.create_task(self._answer_updates(query))
            self._updates[asked] = task
            task.add_done_callback(partial(self._ended, asked))

    def _ended(self, asked: tuple[str, int], task: "asyncio.Task[None]") -> None:
        self._updates.pop(asked, None)
        if not task.cancelled() and (failure := task.exception()) is not None:
            self._failure = failure
            self._asked.set()

    async def _answer_updates(self, query: Query) -> None:
        """An account's sequence, and what was missed after the one named. What comes later is
        published, on the channels that have listeners now."""
        answer = Answer(query.id, str(self._publisher.position))
        if query.account in self._publisher.fold.directory.accounts:
            try:
                async with asyncio.timeout(QUERY_HELD_MS_MAX / 1000):
                    await self._look()
                    if query.kind == "updates":
                        await self._find_updates(query, answer)
            except TimeoutError:
                _logger.warning("missed updates of account %d: not found in time", query.account)
                return
        await self._send([(query.channel, encode_answer(answer))])

    async def _find_updates(self, query: Query, answer: Answer) -> None:
        followed = await self._accounts.follow(query.account)
        async with self._publisher.lock:
            answer.position = str(self._publisher.position)
            answer.sequence = followed.sequence
            known = [] if query.sequence is None else followed.since(query.sequence)
        if known is not None:
            answer.messages = known
            return
        if query.sequence is None or self._history is None:
            raise TimeoutError
        after = Position.parse(answer.position)
        while True:
            try:
                to = min(answer.sequence, query.sequence + HISTORY_UPDATES_MAX)
                answer.messages = await self._history.updates(
                    query.account, query.sequence, to, after
                )
                return
            except HistoryUnavailable as error:
                _logger.debug("missed updates aren't there yet: %s", error)
            await asyncio.sleep(HISTORY_AGAIN_S)

    async def _send(self, messages: list[tuple[str, bytes]]) -> None:
        if messages:
            try:
                await self._bus.publish_all(messages)
            except BusUnavailable as error:
                _logger.warning("answers can't be sent: %s", error)
