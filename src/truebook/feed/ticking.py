"""Ticks: the feed as a gateway of its own appends what gives quiet markets numbered, empty updates.

Promise: while somebody listens to any stream of a market, and the log takes commands, the market
gets an event every TICK_S; while nobody does, and no timer of an account has to run out, nothing is
appended. Clients that wait for the next update of a quiet market so get one (contract A0.6), the
engine's time goes on for candles, and a dead man's switch works on a quiet exchange. A log that is
away is tried again and stops nothing.
"""

import asyncio
import logging
from collections.abc import Iterable

from truebook.commandlog.gateway import Gateway, Submission, WriteError
from truebook.commandlog.interface import (
    Log,
    LogNotDurable,
    LogUnavailable,
    Position,
)
from truebook.commands import tick
from truebook.messages import TICK_MARKETS_MAX

_logger = logging.getLogger(__name__)
TICK_S = 0.25
RETRY_S = 1.0


class _Tick(Submission):
    """One tick on its way."""

    __slots__ = ("is_done",)

    def __init__(self, records: bytes, commands: int) -> None:
        super().__init__(records, commands)
        self.is_done = False

    def written_at(self, position: Position) -> None:
        """It stands in the log."""
        super().written_at(position)
        self.is_done = True

    def failed(self, error: WriteError) -> None:
        """The next one will do."""
        self.is_done = True


class Ticker:
    """Appends ticks for the markets that it is given."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._gateway: Gateway | None = None
        self._last: _Tick | None = None

    @property
    def gateway(self) -> Gateway | None:
        """The way into the log; None: it waits for the log."""
        return self._gateway

    async def start(self) -> None:
        """Become a gateway; waits for the log. Raises LogNotDurable."""
        is_said = False
        while self._gateway is None:
            try:
                self._gateway = await Gateway.start(self._log)
            except LogNotDurable:
                raise
            except LogUnavailable as error:
                if not is_said:
                    _logger.warning("no ticks as long as the log is away: %s", error)
                is_said = True
                await asyncio.sleep(RETRY_S)

    def tick(self, markets: Iterable[int], is_due: bool = False) -> None:
        """Name these markets in the log, unless the last tick is still on its way. `is_due`: let
        time pass even if no market is named."""
        numbers = sorted(markets)
        is_busy = self._last is not None and not self._last.is_done
        if self._gateway is None or is_busy or not (numbers or is_due):
            return
        starts = range(0, max(len(numbers), 1), TICK_MARKETS_MAX)
        records = [tick(*numbers[at : at + TICK_MARKETS_MAX]) for at in starts]
        self._last = _Tick(b"".join(records), len(records))
        try:
            self._gateway.enqueue(self._last)
        except LogUnavailable as error:
            self._last.failed(error)

    async def close(self) -> None:
        """Give the gateway back."""
        if self._gateway is not None:
            await self._gateway.close()
