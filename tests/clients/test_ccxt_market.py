"""Unmodified ccxt.backpack reads a market: tickers, order book, trades."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from venue.credentials import Credentials
from venue.installed import Installed
from venue.late import ccxt

SOL, BTC = "SOL/USDC", "BTC/USDC"


@pytest.fixture
def connect(venue: Installed) -> Callable[..., Any]:
    def connected(credentials: Credentials | None = None) -> Any:
        options: dict[str, Any] = {"enableRateLimit": False}
        if credentials is not None:
            options |= {"apiKey": credentials.api_key, "secret": credentials.api_secret}
        client = ccxt.backpack(options)
        client.urls["api"]["public"] = client.urls["api"]["private"] = venue.url
        return client

    return connected


@pytest.fixture
def traded(connect, account) -> Any:
    """A client whose account has traded 2 SOL at 100 and left a bid and an ask."""
    maker = connect(account(USDC="100000", SOL="1000"))
    taker = connect(account(USDC="100000", SOL="1000"))
    maker.create_order(SOL, "limit", "sell", 2, 100)
    taker.create_order(SOL, "limit", "buy", 2, 100)
    maker.create_order(SOL, "limit", "buy", 3, 99.5)
    maker.create_order(SOL, "limit", "sell", 4, 100.5)
    yield taker
    maker.cancel_all_orders(SOL)


def test_fetch_order_book(traded):
    book = traded.fetch_order_book(SOL)
    assert book["bids"][0] == [99.5, 3.0]
    assert book["asks"][0] == [100.5, 4.0]
    assert book["nonce"] > 0
    assert abs(book["timestamp"] - time.time() * 1000) < 60_000
    assert len(traded.fetch_order_book(SOL, limit=5)["bids"]) <= 5


def test_an_order_that_was_acknowledged_is_in_the_order_book(connect, account):
    client = connect(account(USDC="100000"))
    for number in range(5):
        placed = client.create_order(SOL, "limit", "buy", 1, 90 + number / 100)
        assert [90 + number / 100, 1.0] in client.fetch_order_book(SOL)["bids"]
        client.cancel_order(placed["id"], SOL)
        assert [90 + number / 100, 1.0] not in client.fetch_order_book(SOL)["bids"]


def test_fetch_ticker(traded):
    ticker = traded.fetch_ticker(SOL)
    assert ticker["last"] == 100.0
    assert ticker["high"] >= 100.0 >= ticker["low"]
    assert ticker["baseVolume"] >= 2.0
    assert ticker["quoteVolume"] >= 200.0


def test_fetch_tickers(traded):
    tickers = traded.fetch_tickers()
    assert tickers[SOL]["last"] == 100.0


def test_fetch_trades(traded):
    trades = traded.fetch_trades(SOL)
    newest = trades[-1]
    assert (newest["price"], newest["amount"], newest["cost"]) == (100.0, 2.0, 200.0)
    assert newest["side"] == "buy"
    assert abs(newest["timestamp"] - time.time() * 1000) < 60_000
    ids = [int(trade["id"]) for trade in trades]
    assert ids == list(range(ids[0], ids[-1] + 1))


@pytest.mark.parametrize("interval", ["1m", "1h", "1d"])
def test_fetch_ohlcv(traded, interval):
    candles = traded.fetch_ohlcv(SOL, interval)
    start, _open, high, low, close, volume = candles[-1]
    assert high >= close >= low > 0
    assert close == 100.0
    assert volume >= 2.0 or interval == "1m"
    assert time.time() * 1000 - start < 2 * 86_400_000


def test_fetch_orders_tells_what_became_of_each(traded):
    resting = traded.create_order(SOL, "limit", "buy", 1, 80, {"clientOrderId": 7})
    gone = traded.create_order(SOL, "limit", "buy", 1, 81)
    traded.cancel_order(gone["id"], SOL)
    orders = {order["id"]: order for order in traded.fetch_orders(SOL)}
    assert orders[resting["id"]]["status"] == "open"
    assert orders[resting["id"]]["clientOrderId"] == "7"
    assert orders[gone["id"]]["status"] == "canceled"
    filled = [order for order in orders.values() if order["status"] == "closed"]
    assert [(order["filled"], order["average"]) for order in filled] == [(2.0, 100.0)]
    traded.cancel_all_orders(SOL)


def test_fetch_my_trades(traded):
    mine = traded.fetch_my_trades(SOL)
    assert [(trade["price"], trade["amount"], trade["side"]) for trade in mine] == [
        (100.0, 2.0, "buy")
    ]
    assert mine[0]["takerOrMaker"] == "taker"
    assert mine[0]["fee"] == {"cost": 0.002, "currency": "SOL"}
