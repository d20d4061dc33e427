"""Candles of one market as they grow, and its rolling figures.

Promise: a candle that is read is made of exactly the trades told to `trade` and of those in what
was loaded, in their order. Candles exist only where something was traded.

A trade changes one candle, of its second. Once a trade of a later second comes, that second is laid
into the minute, hour and day it lies in; what is read is made of one of these and of the second at
hand. So a trade costs a few additions, and reading a candle at most as many as it has parts. What
is kept is enough for every interval that is not over, for 24 hours in minutes and for a week in
hours.

Trades are known by their numbers: what was loaded holds all up to `loaded_id`, later ones are laid
on top. `recent` remembers them, so that history can be loaded once it has caught up.
"""

from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from truebook.feed.intervals import INTERVALS, Interval
from truebook.history import Candle, KeptInterval

KEPT_SECONDS: dict[KeptInterval, int] = {
    "1s": 60,
    "1m": 24 * 3600 + 60,
    "1h": 7 * 86_400 + 3600,
    "1d": 32 * 86_400,
}
"""How far back candles are kept."""

RECENT_MAX = 1 << 16
"""Trades that are remembered: what history may be behind when it is loaded."""

HOURS_IN_MINUTES_MAX = 24

_UNKNOWN = 1 << 63


class Traded(NamedTuple):
    """What a candle needs of a trade."""

    trade_id: int
    time_s: int
    price: int
    quantity: int


class Candles:
    """The candles of one market."""

    def __init__(self) -> None:
        self.last_price = 0
        self.last_id = 0
        self.is_loaded = False
        """Whether what was traded before is known."""
        self.recent: deque[Traded] = deque(maxlen=RECENT_MAX)
        self._before_id = _UNKNOWN
        self._second: Candle | None = None
        self._kept: dict[KeptInterval, list[Candle]] = {kept: [] for kept in KEPT_SECONDS}
        self._window: tuple[tuple[int, int, Candle | None], Candle | None] | None = None

    def begin(self, last_id: int, last_price: int) -> None:
        """The engine's figures of the market: trades up to `last_id` are those that history must
        have, as long as none later is folded. Only the first call after a loss counts."""
        if self._before_id == _UNKNOWN:
            self._before_id = last_id
            self.last_price = self.last_price or last_price

    def lose(self) -> None:
        """Trades have been missed: history must be loaded once it has them."""
        self.is_loaded = False
        self.recent.clear()
        self._before_id = _UNKNOWN

    def trade(self, traded: Traded) -> None:
        """Fold a trade; one that is known already is passed over."""
        if traded.trade_id > self.last_id:
            self.recent.append(traded)
            self._fold(traded)

    def _fold(self, traded: Traded) -> None:
        trade_id, time_s, price, quantity = traded
        self.last_id, self.last_price = trade_id, price
        turnover = price * quantity
        now = self._second
        if now is not None and now.start_s == time_s:
            self._second = Candle(
                time_s,
                now.open,
                price if price > now.high else now.high,
                price if price < now.low else now.low,
                price,
                now.volume + quantity,
                now.turnover + turnover,
                now.trades + 1,
            )
        else:
            self._put_away()
            self._second = Candle(time_s, price, price, price, price, quantity, turnover, 1)

    def _put_away(self) -> None:
        """Lay the second at hand into what is kept."""
        second = self._second
        if second is None:
            return
        for name, candles in self._kept.items():
            start_s = INTERVALS[name].start_of(second.start_s)
            if candles and candles[-1].start_s == start_s:
                candles[-1] = joined(candles[-1], second)
            else:
                candles.append(second._replace(start_s=start_s))
                oldest = bisect_left(candles, (start_s - KEPT_SECONDS[name],))
                del candles[:oldest]
        self._second = None

    def load(
        self, kept: Mapping[KeptInterval, Iterable[Candle]], last_id: int, last_price: int
    ) -> bool:
        """Take over what history has up to a trade; False if trades between are not known."""
        if last_id < (self.recent[0].trade_id - 1 if self.recent else self._before_id):
            return False
        for name in KEPT_SECONDS:
            self._kept[name] = list(kept.get(name, ()))
        self._second = None
        self._window = None
        self.last_id, self.last_price = last_id, last_price or self.last_price
        for traded in self.recent:
            if traded.trade_id > last_id:
                self._fold(traded)
        self.is_loaded = True
        return True

    def candle(self, interval: Interval, start_s: int) -> Candle | None:
        """The candle of the interval that starts there, as far as it has grown."""
        return self._between(interval.made_of, start_s, interval.next_start(start_s))

    def rolling(self, now_s: int, hours: int = 24) -> Candle | None:
        """All of the last hours as one candle, in whole minutes, or in whole hours where it is
        more than a day; None if nothing was traded."""
        name: KeptInterval = "1m" if hours <= HOURS_IN_MINUTES_MAX else "1h"
        step = INTERVALS[name].seconds
        this = INTERVALS[name].start_of(now_s)
        start_s = this - hours * 3600 + step
        candles = self._kept[name]
        last = candles[-1] if candles else None
        key = (start_s, hours, last)
        if self._window is None or self._window[0] != key:
            self._window = key, _joined_all(candles[bisect_left(candles, (start_s,)) :])
        window, second = self._window[1], self._second
        if second is not None and second.start_s >= start_s:
            window = second if window is None else joined(window, second)
        return window

    def _between(self, name: KeptInterval, start_s: int, end_s: int) -> Candle | None:
        candles = self._kept[name]
        first, end = bisect_left(candles, (start_s,)), bisect_left(candles, (end_s,))
        parts = candles[first:end]
        if self._second is not None and start_s <= self._second.start_s < end_s:
            parts.append(self._second)
        whole = _joined_all(parts)
        return None if whole is None else whole._replace(start_s=start_s)


def joined(earlier: Candle, later: Candle) -> Candle:
    """Two candles as one, which starts where the earlier one does."""
    return Candle(
        earlier.start_s,
        earlier.open,
        max(earlier.high, later.high),
        min(earlier.low, later.low),
        later.close,
        earlier.volume + later.volume,
        earlier.turnover + later.turnover,
        earlier.trades + later.trades,
    )


def _joined_all(candles: list[Candle]) -> Candle | None:
    """Candles in their order as one; None if there is none."""
    if not candles:
        return None
    return Candle(
        candles[0].start_s,
        candles[0].open,
        max([candle.high for candle in candles]),
        min([candle.low for candle in candles]),
        candles[-1].close,
        sum([candle.volume for candle in candles]),
        sum([candle.turnover for candle in candles]),
        sum([candle.trades for candle in candles]),
    )
