"""Kept candles: trades added up by the second, and seconds into minutes, hours and days.

Promise: what comes out doesn't depend on how the trades were cut into batches. Volumes are added
with a ceiling, the largest number a database holds, which keeps that true even there.
"""

from collections.abc import Iterator

import numpy as np

from truebook.history import KeptInterval
from truebook.store.columns import Column, sums

SECONDS: dict[KeptInterval, int] = {"1s": 1, "1m": 60, "1h": 3600, "1d": 86_400}
SUM_MAX = (1 << 63) - 1
"""No volume or turnover is told above this; ten of the largest orders in a day would reach it."""

_SECOND_BITS = 40

CandleRow = tuple[int, int, int, int, int, int, int, int, int, int]
"""Market, seconds, start; open, high, low, close; volume in lots, turnover in ticks × lots, how
many trades. Turnover × the market's unit is the volume in quote atoms."""


def candle_rows(
    markets: Column, times_ms: Column, prices: Column, quantities: Column
) -> Iterator[CandleRow]:
    """What one or more trades add to each kept candle. They come in the order of time, and no price
    × quantity has more than 63 bits."""
    finer = _seconds(markets << _SECOND_BITS | times_ms // 1000, prices, quantities)
    for seconds in SECONDS.values():
        finer = finer if seconds == 1 else _coarser(finer, seconds)
        for (market, start), (*of_prices, volume, turnover, trades) in finer.items():
            bounded = min(volume, SUM_MAX), min(turnover, SUM_MAX), trades
            yield (market, seconds, start, *of_prices, *bounded)  # type: ignore[misc]


def _seconds(keys: Column, prices: Column, quantities: Column) -> dict[tuple[int, int], list[int]]:
    """The candle of each second in which there were trades."""
    order = np.argsort(keys, kind="stable")  # of a second they stay in the order of trades
    keys, prices, quantities = keys[order], prices[order], quantities[order]
    firsts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
    ends = np.append(firsts[1:], len(keys))
    found = zip(
        *(keys[firsts].tolist(), prices[firsts].tolist()),
        np.maximum.reduceat(prices, firsts).tolist(),
        np.minimum.reduceat(prices, firsts).tolist(),
        prices[ends - 1].tolist(),
        sums(quantities, firsts).tolist(),
        sums(prices * quantities, firsts).tolist(),
        (ends - firsts).tolist(),
        strict=True,
    )
    return {(key >> _SECOND_BITS, key & (1 << _SECOND_BITS) - 1): [*of] for key, *of in found}


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
