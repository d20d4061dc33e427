"""What everybody is told, to the letter of the contract."""

import json

from truebook.directory import Asset, Market
from truebook.feed.depth import DepthUpdate
from truebook.feed.public_json import MarketJson, tickers
from truebook.history import Candle
from truebook.messages import MarketState
from truebook.units import Grid

SOL = Asset(1, "SOL", "Solana", 9, Grid(1, 9))
USDC = Asset(0, "USDC", "USD Coin", 6, Grid(1, 6))
MARKET = Market(
    *(0, "SOL_USDC", SOL, USDC, Grid(1, 2), Grid(1, 3), MarketState.OPEN),
    *(1, 10**6, 1, 10**6, 0, 500, 0, 0, 10_300, 9_700),
)
NOW_US, TIME_US = 1_694_687_965_941_000, 1_694_687_965_940_999
TELL = MarketJson(MARKET)
CANDLE = Candle(1_726_056_000, 1875, 1980, 1850, 1924, 32_123_000, 92_819_000_000, 93_828)


def test_depth():
    update = DepthUpdate(94978270, 94978271, [(1867, 832)], [(1870, 0), (1999, 10_000)])
    assert TELL.depth(update, NOW_US, TIME_US) == (
        b'{"e":"depth","E":1694687965941000,"T":1694687965940999,"s":"SOL_USDC",'
        b'"U":94978270,"u":94978271,"a":[["18.7","0"],["19.99","10"]],"b":[["18.67","0.832"]]}'
    )


def test_book_ticker():
    assert TELL.book_ticker((1867, 2000), (1870, 1000), 1328288557, NOW_US, TIME_US) == (
        b'{"e":"bookTicker","E":1694687965941000,"T":1694687965940999,"s":"SOL_USDC",'
        b'"a":"18.7","A":"1","b":"18.67","B":"2","u":1328288557}'
    )
    empty = json.loads(TELL.book_ticker(None, None, 5, NOW_US, TIME_US))
    assert [empty[key] for key in "aAbB"] == ["0"] * 4


def test_trade():
    assert TELL.trade(12345, 1868, 122, 111063114377265150, 7, True, NOW_US, TIME_US) == (
        b'{"e":"trade","E":1694687965941000,"T":1694687965940999,"s":"SOL_USDC","p":"18.68",'
        b'"q":"0.122","b":"111063114377265150","a":"7","t":12345,"m":true}'
    )


def test_kline():
    assert TELL.kline(CANDLE, CANDLE.start_s + 60, False, NOW_US) == (
        b'{"e":"kline","E":1694687965941000,"s":"SOL_USDC","t":"2024-09-11T12:00:00",'
        b'"T":"2024-09-11T12:01:00","o":"18.75","c":"19.24","h":"19.8","l":"18.5","v":"32123",'
        b'"n":93828,"X":false}'
    )


def test_ticker():
    assert TELL.ticker(CANDLE, NOW_US) == (
        b'{"e":"ticker","E":1694687965941000,"s":"SOL_USDC","o":"18.75","c":"19.24","h":"19.8",'
        b'"l":"18.5","v":"32123","V":"928190","n":93828}'
    )


def test_a_ticker_by_request_has_texts_and_a_fraction():
    figures = Candle(0, 32738, 33799, 30001, 31714, 65_823, 2_158_432_278, 245)
    assert json.loads(tickers([TELL.ticker_object(figures)])) == [
        {
            "symbol": "SOL_USDC",
            "firstPrice": "327.38",
            "lastPrice": "317.14",
            "priceChange": "-10.24",
            "priceChangePercent": "-0.031279",
            "high": "337.99",
            "low": "300.01",
            "volume": "65.823",
            "quoteVolume": "21584.32278",
            "trades": "245",
        }
    ]


def test_depth_by_request():
    assert TELL.book([(1, 1), (100, 386_470)], [(11_831_830, 6)], 1504999670, TIME_US) == (
        b'{"asks":[["118318.3","0.006"]],"bids":[["0.01","0.001"],["1","386.47"]],'
        b'"lastUpdateId":"1504999670","timestamp":1694687965940999}'
    )
