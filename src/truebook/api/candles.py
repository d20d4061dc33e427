"""Candles of any interval, from kept ones, without a gap.

Promise: every interval between two moments has its candle. One without a trade stands at the close
before it, with no volume.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby

from truebook.feed.intervals import Interval
from truebook.history import Candle


def gapless(
    interval: Interval, kept: Iterable[Candle], close_before: int, start_s: int, end_s: int
) -> Iterator[Candle]:
    """The candles that begin at or after `start_s`, the start of one, and before `end_s`. `kept`
    lie in between, oldest first; `close_before` is the price of the last trade before them."""
    made = {candle.start_s: candle for candle in _merged(interval, kept)}
    close = close_before
    while start_s < end_s:
        candle = made.get(start_s) or Candle(start_s, close, close, close, close, 0, 0, 0)
        yield candle
        close = candle.close
        start_s = interval.next_start(start_s)


def _merged(interval: Interval, kept: Iterable[Candle]) -> Iterator[Candle]:
    """One candle for each interval in which there are kept ones."""
    for start_s, parts in groupby(kept, lambda candle: interval.start_of(candle.start_s)):
        candles = list(parts)
        yield Candle(
            start_s,
            candles[0].open,
            max(candle.high for candle in candles),
            min(candle.low for candle in candles),
            candles[-1].close,
            sum(candle.volume for candle in candles),
            sum(candle.turnover for candle in candles),
            sum(candle.trades for candle in candles),
        )
