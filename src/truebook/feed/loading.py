"""What the feed can't know from the events it has read: asked of the engine and of the history.

Promise: whatever has to be loaded is asked for until it is there, one thing not waiting for
another, and the fold goes on meanwhile. No common position is needed: levels are numbered by market
sequence, trades by trade id, an account's orders by account sequence, and what is folded already or
twice is recognised by these numbers.
"""

import asyncio
import itertools
import logging
from collections.abc import Mapping

import numpy as np

from truebook.asking import Asker, TimedOut
from truebook.clock import Clock
from truebook.commandlog.interface import Position
from truebook.feed.candles import KEPT_SECONDS
from truebook.feed.fold import Fold
from truebook.feed.market_stream import MarketStream
from truebook.feed.publisher import Publisher
from truebook.following import wait_for
from truebook.history import Candle, History, HistoryUnavailable, KeptInterval
from truebook.queries import Answer

_logger = logging.getLogger(__name__)
HISTORY_AGAIN_S = 1.0
ATTEMPTS_BEFORE_SAID = 10
"""A database that is being made, or catches up after a start, is nothing to warn of yet."""
ATTEMPTS_SAID = 60
"""Every how many attempts it is said that history is still not there."""
READS_MAX = 5
"""How often candles are read anew because trades came in between."""


class Loader:
    """Loads what the fold lacks."""

    def __init__(
        self, publisher: Publisher, asker: Asker, history: History | None, clock: Clock
    ) -> None:
        self._publisher = publisher
        self._fold: Fold = publisher.fold
        self._asker = asker
        self._history = history
        self._fold.has_history = history is not None
        self._clock = clock
        self._needed = asyncio.Event()
        self._resumed: dict[int, Position] = {}
        publisher.after_pass(self._look)

    def _look(self) -> None:
        for number, position in list(self._resumed.items()):
            if self._fold.position >= position:
                # All events are folded that the levels were loaded after.
                del self._resumed[number]
                self._fold.market(number).depth.end_resuming()
        if any(stream.depth.must_load for stream in self._fold.markets.values()):
            self._needed.set()

    async def run(self) -> None:
        """Load levels whenever a market has lost them, and history until all of it is there."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._run_levels())
            if self._history is None:
                _logger.warning("no history: candles and tickers begin with the trades from now on")
            else:
                group.create_task(self._run_history(self._history))

    async def _run_levels(self) -> None:
        while True:
            await self._needed.wait()
            self._needed.clear()
            for number, stream in list(self._fold.markets.items()):
                if stream.depth.must_load:
                    await self.load_levels(number)

    async def load_levels(self, number: int, told: Mapping[str, int] | None = None) -> None:
        """Load a market's levels. `told`: where an earlier feed's updates ended, by period."""
        for attempt in itertools.count():
            self._asker.saw(self._publisher.position)
            try:
                answer = await self._asker.ask("book", market=number)
            except TimedOut as error:
                await wait_for("an engine", error, attempt)
                continue
            async with self._publisher.lock:
                if self._take(self._fold.market(number), answer, told):
                    if told:
                        self._resumed[number] = Position.parse(answer.position)
                    return

    def _take(self, stream: MarketStream, answer: Answer, told: Mapping[str, int] | None) -> bool:
        sequence, last_id, last_price = answer.figures
        if told and sequence < max(told.values()):
            return False
        if not stream.depth.load(_levels(answer.bids), _levels(answer.asks), sequence):
            return False
        if told:
            stream.depth.resume(told)
        stream.candles.begin(last_id, last_price)
        return True

    async def _run_history(self, history: History) -> None:
        attempts = 0
        while True:
            reasons = {
                stream.market.symbol: reason
                for number, stream in list(self._fold.markets.items())
                if not stream.candles.is_loaded
                and (reason := await self._load_history(history, number, stream))
            }
            attempts = attempts + 1 if reasons else 0
            if attempts % ATTEMPTS_SAID == ATTEMPTS_BEFORE_SAID:
                for symbol, reason in reasons.items():
                    _logger.warning("candles of %s are not told yet: %s", symbol, reason)
            await asyncio.sleep(HISTORY_AGAIN_S)

    async def _load_history(self, history: History, number: int, stream: MarketStream) -> str:
        """Load a market's candles; why that failed, or nothing."""
        try:
            for _ in range(READS_MAX):
                last_id = await history.last_trade_id(number)
                kept = await self._candles(history, number)
                last = await history.last_candle(number, "1d", self._end_s())
                if await history.last_trade_id(number) == last_id:
                    async with self._publisher.lock:
                        if stream.candles.load(kept, last_id, last.close if last else 0):
                            return ""
                    break
        except HistoryUnavailable as error:
            return str(error)
        return "it is behind"

    def _end_s(self) -> int:
        now_s = max(self._clock.now_ms(), self._fold.time_ms) // 1000
        return now_s + KEPT_SECONDS["1d"]

    async def _candles(self, history: History, number: int) -> dict[KeptInterval, list[Candle]]:
        now_s = self._fold.time_s(self._clock.now_ms())
        return {
            name: await history.candles(number, name, now_s - seconds, self._end_s())
            for name, seconds in KEPT_SECONDS.items()
        }


def _levels(pairs: bytes) -> dict[int, int]:
    rows = np.frombuffer(pairs, "<i8").reshape(-1, 2).tolist()
    return dict(rows)
