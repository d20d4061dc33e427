"""What was traded: trades, and candles of every interval (contract A4). Public.

Candles begin with the one that `startTime` lies in, or with the market's first if that is later.
From there on none is left out. They end with the one that `endTime` lies in, or now if that is
earlier, and after 1,000.
"""

from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from truebook.api.candles import gapless
from truebook.api.errors import invalid
from truebook.api.exchange import Exchange
from truebook.api.paging import OFFSET_MAX, limit_of
from truebook.api.payload import choice_of, market_of, whole_number_of
from truebook.api.request import fields_of, query_of
from truebook.api.response import JsonResponse
from truebook.api.shapes.market import Kline
from truebook.api.shapes.market import Trade as TradeShape
from truebook.clock import Clock
from truebook.directory import Market
from truebook.feed.intervals import INTERVALS, Interval
from truebook.history import Candle, History, Page, Trade
from truebook.messages import Side
from truebook.units import show

CANDLES_MAX = 1000
TIME_S_MAX = (1 << 47) // 1000
"""The engine's time goes no further, and dates do."""
PRICE_TYPES = {"Last": True, "Index": True, "Mark": True}
"""A spot market has one price."""


class Charts:
    """The endpoints."""

    def __init__(self, exchange: Exchange, history: History, clock: Clock) -> None:
        self._exchange = exchange
        self._history = history
        self._clock = clock

    def routes(self) -> list[Route]:
        """Each endpoint at its path."""
        return [
            Route("/api/v1/trades", self.trades),
            Route("/api/v1/trades/history", self.trades),
            Route("/api/v1/klines", self.klines),
        ]

    async def trades(self, request: Request) -> Response:
        """Trades, newest first."""
        fields = fields_of(query_of(request.scope))
        market = market_of(fields, self._exchange.directory)
        page = Page(limit_of(fields), whole_number_of(fields, "offset", OFFSET_MAX) or 0)
        after = await self._exchange.published()
        trades = await self._history.trades(market.number, page, after=after)
        return JsonResponse([_trade_json(trade, market) for trade in trades])

    async def klines(self, request: Request) -> Response:
        """Candles, oldest first."""
        fields = fields_of(query_of(request.scope))
        market = market_of(fields, self._exchange.directory)
        interval = choice_of(fields, "interval", INTERVALS)
        choice_of(fields, "priceType", PRICE_TYPES, default=True)
        start_s = whole_number_of(fields, "startTime", TIME_S_MAX)
        if start_s is None:
            raise invalid("startTime", "is required: seconds since 1970")
        now_s = self._clock.now_ms() // 1000
        end_s = whole_number_of(fields, "endTime", TIME_S_MAX)
        last_s = now_s if end_s is None else min(end_s, now_s)
        candles = await self._candles(market, interval, start_s, last_s)
        return JsonResponse([_kline_json(candle, interval, market) for candle in candles])

    async def _candles(
        self, market: Market, interval: Interval, first_s: int, last_s: int
    ) -> list[Candle]:
        """The candles in which the moments from `first_s` to `last_s` lie."""
        history, number, kind = self._history, market.number, interval.made_of
        first = await history.first_candle(number, kind)
        if first is None:
            return []
        start_s = interval.start_of(max(first_s, first.start_s))
        end_s, count = start_s, 0
        while end_s <= last_s and count < CANDLES_MAX:
            end_s, count = interval.next_start(end_s), count + 1
        before = await history.last_candle(number, kind, start_s)
        kept = await history.candles(number, kind, start_s, end_s, interval.seconds)
        close = first.open if before is None else before.close
        return list(gapless(interval, kept, close, start_s, end_s))


def _trade_json(trade: Trade, market: Market) -> TradeShape:
    return {
        "id": trade.trade_id,
        "price": show(trade.price, market.tick),
        "quantity": show(trade.quantity, market.step),
        "quoteQuantity": show(trade.quote_quantity, market.quote.atoms),
        "timestamp": trade.time_ms,
        "isBuyerMaker": trade.taker_side == Side.ASK,
    }


def _kline_json(candle: Candle, interval: Interval, market: Market) -> Kline:
    return {
        "start": _date(candle.start_s),
        "end": _date(interval.next_start(candle.start_s)),
        "open": show(candle.open, market.tick),
        "high": show(candle.high, market.tick),
        "low": show(candle.low, market.tick),
        "close": show(candle.close, market.tick),
        "volume": show(candle.volume, market.step),
        "quoteVolume": show(candle.turnover * market.unit, market.quote.atoms),
        "trades": str(candle.trades),
    }


def _date(time_s: int) -> str:
    return f"{datetime.fromtimestamp(time_s, UTC):%Y-%m-%d %H:%M:%S}"
