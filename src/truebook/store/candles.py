"""Kept candles: trades added up by the second, and seconds into minutes, hours and days.

Promise: what comes out doesn't depend on how the trades were cut into batches. Volumes are added
with a ceiling, the largest number a database holds, which keeps that true even there.
"""

from collections.abc import Iterator

from truebook.history import KeptInterval

SECONDS: dict[KeptInterval, int] = {"1s": 1, "1m": 60, "1h": 3600, "1d": 86_400}
SUM_MAX = (1 << 63) - 1
"""No volume or turnover is told above this; ten of the largest orders in a day would reach it."""

CandleRow = tuple[int, int, int, int, int, int, int, int, int, int]
"""Market, seconds, start; open, high, low, close; volume in lots, turnover in ticks × lots, how
many trades. Turnover × the market's unit is the volume in quote atoms."""


class Candles:
    """The candles of one batch."""

    def __init__(self) -> None:
        self._seconds: dict[tuple[int, int], list[int]] = {}

    def add(self, market: int, time_ms: int, price: int, quantity: int) -> None:
        """A trade; trades come in the order of time."""
        key = market, time_ms // 1000
        candle = self._seconds.get(key)
        if candle is None:
            turnover = price * quantity
            self._seconds[key] = [price, price, price, price, quantity, turnover, 1]
            return
        if price > candle[1]:
            candle[1] = price
        elif price < candle[2]:
            candle[2] = price
        candle[3] = price
        candle[4] += quantity
        candle[5] += price * quantity
        candle[6] += 1

    def set_second(self, market: int, second: int, candle: list[int]) -> None:
        """All trades of a second at once: open, high, low, close; volume, turnover, how many."""
        self._seconds[market, second] = candle

    def rows(self) -> Iterator[CandleRow]:
        """What the trades add to each kept candle."""
        finer = self._seconds
        for seconds in SECONDS.values():
            finer = finer if seconds == 1 else _coarser(finer, seconds)
            for (market, start), (*prices, volume, turnover, trades) in finer.items():
                sums = min(volume, SUM_MAX), min(turnover, SUM_MAX), trades
                yield (market, seconds, start, *prices, *sums)  # type: ignore[misc]


def _coarser(
    finer: dict[tuple[int, int], list[int]], seconds: int
) -> dict[tuple[int, int], list[int]]:
    made: dict[tuple[int, int], list[int]] = {}
    for (market, start), candle in finer.items():
        key = market, start - start % seconds
        known = made.get(key)
        if known is None:
            made[key] = candle.copy()
            continue
        known[1] = max(known[1], candle[1])
        known[2] = min(known[2], candle[2])
        known[3] = candle[3]
        for place in (4, 5, 6):
            known[place] += candle[place]
    return made
