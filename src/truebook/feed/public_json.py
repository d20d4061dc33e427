"""What everybody is told of a market, as JSON (contract A4 and A7).

Promise: a text is a function of its arguments. Prices, quantities and amounts are decimal texts in
their shortest form; `E` is the feed's clock and `T` the engine's time, both in microseconds.

The texts of prices and quantities are remembered: the same few come again and again.
"""

from datetime import UTC, datetime

import msgspec

from truebook.directory import Market
from truebook.feed.depth import DepthUpdate, Levels
from truebook.history import Candle
from truebook.units import Grid, show

_TEXTS_MAX = 1 << 14
_FRACTION = Grid(1, 6)
_FRACTIONS = 10**6

_encode = msgspec.json.Encoder().encode

Value = str | int | bool | list[list[str]]


class _Texts(dict[int, str]):
    """Amounts of one grid as text, made when first asked for."""

    def __init__(self, grid: Grid) -> None:
        super().__init__()
        self._grid = grid

    def __missing__(self, count: int) -> str:
        if len(self) >= _TEXTS_MAX:
            self.clear()
        text = self[count] = show(count, self._grid)
        return text


class MarketJson:
    """The texts about one market."""

    def __init__(self, market: Market) -> None:
        self.market = market
        self._prices = _Texts(market.tick)
        self._lots = _Texts(market.step)

    def depth(self, update: DepthUpdate, now_us: int, time_us: int) -> bytes:
        """What `depth.S` tells."""
        first, last, bids, asks = update
        return _encode(
            {
                "e": "depth",
                "E": now_us,
                "T": time_us,
                "s": self.market.symbol,
                "U": first,
                "u": last,
                "a": self._levels(asks),
                "b": self._levels(bids),
            }
        )

    def book_ticker(
        self,
        bid: tuple[int, int] | None,
        ask: tuple[int, int] | None,
        sequence: int,
        now_us: int,
        time_us: int,
    ) -> bytes:
        """What `bookTicker.S` tells; a side without orders has price and quantity "0"."""
        ((a, a_lots), (b, b_lots)) = self._levels([ask or (0, 0), bid or (0, 0)])
        return _encode(
            {
                "e": "bookTicker",
                "E": now_us,
                "T": time_us,
                "s": self.market.symbol,
                "a": a,
                "A": a_lots,
                "b": b,
                "B": b_lots,
                "u": sequence,
            }
        )

    def trade(
        self,
        trade_id: int,
        price: int,
        quantity: int,
        buyer: int,
        seller: int,
        buyer_is_maker: bool,
        now_us: int,
        time_us: int,
    ) -> bytes:
        """What `trade.S` tells; `buyer` and `seller` are order ids."""
        return _encode(
            {
                "e": "trade",
                "E": now_us,
                "T": time_us,
                "s": self.market.symbol,
                "p": self._prices[price],
                "q": self._lots[quantity],
                "b": str(buyer),
                "a": str(seller),
                "t": trade_id,
                "m": buyer_is_maker,
            }
        )

    def kline(self, candle: Candle, end_s: int, is_final: bool, now_us: int) -> bytes:
        """What `kline.I.S` tells."""
        return _encode(
            {
                "e": "kline",
                "E": now_us,
                "s": self.market.symbol,
                "t": _iso(candle.start_s),
                "T": _iso(end_s),
                "o": self._prices[candle.open],
                "c": self._prices[candle.close],
                "h": self._prices[candle.high],
                "l": self._prices[candle.low],
                "v": self._lots[candle.volume],
                "n": candle.trades,
                "X": is_final,
            }
        )

    def ticker(self, figures: Candle, now_us: int) -> bytes:
        """What `ticker.S` tells."""
        return _encode(
            {
                "e": "ticker",
                "E": now_us,
                "s": self.market.symbol,
                "o": self._prices[figures.open],
                "c": self._prices[figures.close],
                "h": self._prices[figures.high],
                "l": self._prices[figures.low],
                "v": self._lots[figures.volume],
                "V": self._quote(figures.turnover),
                "n": figures.trades,
            }
        )

    def ticker_object(self, figures: Candle) -> dict[str, str]:
        """A Ticker of the HTTP interface."""
        change = figures.close - figures.open
        return {
            "symbol": self.market.symbol,
            "firstPrice": self._prices[figures.open],
            "lastPrice": self._prices[figures.close],
            "priceChange": show(change, self.market.tick),
            "priceChangePercent": _fraction(change, figures.open),
            "high": self._prices[figures.high],
            "low": self._prices[figures.low],
            "volume": self._lots[figures.volume],
            "quoteVolume": self._quote(figures.turnover),
            "trades": str(figures.trades),
        }

    def book(self, bids: Levels, asks: Levels, sequence: int, time_us: int) -> bytes:
        """A Depth of the HTTP interface."""
        return _encode(
            {
                "asks": self._levels(asks),
                "bids": self._levels(bids),
                "lastUpdateId": str(sequence),
                "timestamp": time_us,
            }
        )

    def _levels(self, levels: Levels) -> list[list[str]]:
        prices, quantities = self._prices, self._lots
        return [[prices[price], quantities[lots]] for price, lots in levels]

    def _quote(self, turnover: int) -> str:
        return show(turnover * self.market.unit, self.market.quote.atoms)


def tickers(objects: list[dict[str, str]]) -> bytes:
    """A list of Tickers."""
    return _encode(objects)


def _iso(time_s: int) -> str:
    return datetime.fromtimestamp(time_s, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _fraction(change: int, of: int) -> str:
    """A part of a price, rounded to six decimals, halves away from zero."""
    millionths = (2 * abs(change) * _FRACTIONS + of) // (2 * of)
    return show(-millionths if change < 0 else millionths, _FRACTION)
