"""What one market tells: trades as they are folded, and at the end of a pass what has changed.

Promise: each message is encoded once, whoever and however many listen. The order of what is told is
the order of the events: trades, then the depth that they led to, then the best bid and ask.
"""

from collections.abc import Iterable, Iterator

from truebook.directory import Market
from truebook.feed.candles import KEPT_SECONDS, Candles, Traded
from truebook.feed.channels import (
    DEPTH_PERIODS_MS,
    book_ticker_channel,
    depth_channel,
    kline_channel,
    ticker_channel,
    trade_channel,
)
from truebook.feed.depth import Depth
from truebook.feed.events import Fill
from truebook.feed.intervals import INTERVALS, Interval
from truebook.feed.public_json import MarketJson
from truebook.history import Candle
from truebook.messages import Side

Message = tuple[str, bytes]
"""A channel and what is sent there."""

FINAL_MAX = 60
"""Candles of one interval that are told as final at once, after a pause."""

_Top = tuple[tuple[int, int] | None, tuple[int, int] | None]


class MarketStream:
    """One market as it is told."""

    def __init__(self, market: Market) -> None:
        self.market = market
        self.depth = Depth()
        self.candles = Candles()
        self._json = MarketJson(market)
        self._trade_channel = trade_channel(market.symbol)
        self._depth_channels = {
            period: depth_channel(market.symbol, period) for period in DEPTH_PERIODS_MS
        }
        self._told_us = 0
        self._top: _Top | None = (None, None)
        self._klines: dict[str, tuple[int, Candle | None]] = {}
        self._ticker: Candle | None = None

    def trade(self, event: Fill, time_ms: int, now_us: int) -> Message:
        """Fold a trade, and tell it."""
        price, quantity = event.price, event.quantity
        self.candles.trade(Traded(event.trade_id, time_ms // 1000, price, quantity))
        buyer_is_maker = event.side == Side.ASK
        orders = (event.taker_order_id, event.maker_order_id)
        buyer, seller = reversed(orders) if buyer_is_maker else orders
        return self._trade_channel, self._json.trade(
            event.trade_id, price, quantity, buyer, seller, buyer_is_maker, now_us, time_ms * 1000
        )

    def tell_top_again(self) -> None:
        """Tell the best bid and ask with the next change of the depth, whether they change or
        not."""
        self._top = None

    def tell_ticker_again(self) -> None:
        """Tell the figures at the next call."""
        self._ticker = None

    def tell_klines_again(self) -> None:
        """Tell the present candles at the next call, and how those before them ended."""
        self._klines = {}

    def changes(self, time_ms: int, now_us: int) -> Iterator[Message]:
        """The depth since the last pass, and the best bid and ask if they are others."""
        update = self.depth.take()
        if update is None:
            return
        self._told_us = time_us = time_ms * 1000
        yield self._depth_channels[""], self._json.depth(update, now_us, time_us)
        top = self.depth.best()
        if top != self._top:
            self._top = top
            yield (
                book_ticker_channel(self.market.symbol),
                self._json.book_ticker(*top, update.last, now_us, time_us),
            )

    def period(self, period: str, now_us: int) -> Iterator[Message]:
        """The depth since the last call for this period."""
        update = self.depth.take_period(period)
        if update is not None:
            yield self._depth_channels[period], self._json.depth(update, now_us, self._told_us)

    def klines(self, intervals: Iterable[str], time_s: int, now_us: int) -> Iterator[Message]:
        """For each interval that somebody listens to: the candles that have ended since the last
        call, and the present one if it has grown. Who begins to listen is told the last one."""
        last, self._klines = self._klines, {}
        for name in intervals:
            interval = INTERVALS[name]
            start_s = interval.start_of(time_s)
            ended_s, told = last.get(name) or (self._first_told(interval, start_s), None)
            channel = kline_channel(self.market.symbol, name)
            for _ in range(FINAL_MAX):
                if ended_s >= start_s:
                    break
                next_s = interval.next_start(ended_s)
                if ended := self.candles.candle(interval, ended_s):
                    yield channel, self._json.kline(ended, next_s, True, now_us)
                ended_s = next_s
            candle = self.candles.candle(interval, start_s)
            if candle is not None and candle != told:
                end_s = interval.next_start(start_s)
                yield channel, self._json.kline(candle, end_s, False, now_us)
            self._klines[name] = (start_s, candle)

    def _first_told(self, interval: Interval, start_s: int) -> int:
        """With which candle telling begins: the one before the present, if all of it is known.
        It may have ended while nobody told it."""
        before_s = interval.start_of(start_s - 1)
        kept_s = interval.next_start(start_s) - before_s
        return before_s if kept_s <= KEPT_SECONDS[interval.made_of] else start_s

    def ticker(self, time_s: int, now_us: int) -> Iterator[Message]:
        """The figures of 24 hours, if they are others than at the last call."""
        figures = self.figures(time_s)
        if figures is not None and figures != self._ticker:
            self._ticker = figures
            yield ticker_channel(self.market.symbol), self._json.ticker(figures, now_us)

    def figures(self, time_s: int, hours: int = 24) -> Candle | None:
        """The rolling figures; None for a market without any trade ever."""
        figures = self.candles.rolling(time_s, hours)
        last = self.candles.last_price
        if figures is None and last:
            figures = Candle(time_s, last, last, last, last, 0, 0, 0)
        return figures

    def ticker_object(self, time_s: int, hours: int) -> dict[str, str] | None:
        """A Ticker of the HTTP interface; None for a market without any trade ever."""
        figures = self.figures(time_s, hours)
        return None if figures is None else self._json.ticker_object(figures)

    def book(self, limit: int, now_us: int) -> bytes:
        """A Depth of the HTTP interface: that of the last update; before the first, as of now."""
        bids, asks = self.depth.snapshot(limit)
        return self._json.book(bids, asks, self.depth.sequence, self._told_us or now_us)
