"""Unmodified ccxt.backpack on what the database tells: trades, candles, past orders and fills."""

from collections.abc import Iterator
from typing import Any

import pytest
from venue.credentials import Credentials
from venue.installed import Installed
from venue.late import ccxt

BTC = "BTC/USDC"
HOUR_MS, DAY_MS = 3_600_000, 86_400_000


def connected(venue: Installed, credentials: Credentials | None = None) -> Any:
    """A client of this venue."""
    options = {"enableRateLimit": False}
    if credentials is not None:
        options |= {"apiKey": credentials.api_key, "secret": credentials.api_secret}
    client = ccxt.backpack(options)
    client.urls["api"]["public"] = client.urls["api"]["private"] = venue.url
    return client


@pytest.fixture(scope="module")
def traders(venue: Installed) -> Iterator[tuple[Any, Any]]:
    """One who bought and one who sold 0.3 BTC in three trades, at rising prices."""
    buyer = connected(venue, venue.open_account("history-buyer", {"USDC": "100000"}))
    seller = connected(venue, venue.open_account("history-seller", {"BTC": "10"}))
    for price in (100_000, 100_010, 100_020):
        seller.create_order(BTC, "limit", "sell", 0.1, price, {"clientOrderId": price})
        buyer.create_order(BTC, "limit", "buy", 0.1, price)
    yield buyer, seller
    for client in (buyer, seller):
        client.cancel_all_orders(BTC)


def test_fetch_trades_has_a_trade_as_soon_as_its_order_is_answered(venue, traders):
    trades = connected(venue).fetch_trades(BTC, limit=3)
    assert [trade["price"] for trade in trades] == [100_000, 100_010, 100_020]
    assert [trade["amount"] for trade in trades] == [0.1, 0.1, 0.1]
    assert [trade["side"] for trade in trades] == ["buy"] * 3
    assert trades[-1]["cost"] == 10_002
    ids = [int(trade["id"]) for trade in trades]
    assert ids == list(range(ids[0], ids[0] + 3))


@pytest.mark.parametrize(
    ("timeframe", "length_ms"), [("1m", 60_000), ("1h", HOUR_MS), ("1d", DAY_MS)]
)
def test_fetch_ohlcv_has_the_candle_at_hand(venue, traders, timeframe, length_ms):
    client = connected(venue)
    newest = client.fetch_trades(BTC, limit=1)[0]
    candles = client.fetch_ohlcv(BTC, timeframe, since=newest["timestamp"] - 5 * length_ms)
    start, opened, high, low, close, _ = candles[-1]
    assert start <= client.milliseconds()
    assert start + length_ms > newest["timestamp"]
    assert high >= max(opened, close)
    assert low <= min(opened, close)
    assert close == newest["price"]
    starts = [candle[0] for candle in candles]
    assert starts == list(range(starts[0], starts[0] + len(starts) * length_ms, length_ms))
    assert sum(candle[5] for candle in candles) >= 0.3


def test_fetch_orders_tells_what_became_of_them(traders):
    buyer, _ = traders
    resting = buyer.create_order(BTC, "limit", "buy", 0.1, 99_000)
    killed = buyer.create_order(BTC, "limit", "buy", 0.1, 99_000, {"timeInForce": "IOC"})
    cancelled = buyer.create_order(BTC, "limit", "buy", 0.1, 98_000)
    buyer.cancel_order(cancelled["id"], BTC)
    orders = {order["id"]: order for order in buyer.fetch_orders(BTC)}
    assert len(orders) == 6
    assert orders[resting["id"]]["status"] == "open"
    assert orders[killed["id"]]["status"] == "canceled"
    assert orders[cancelled["id"]]["status"] == "canceled"
    filled = [order for order in orders.values() if order["status"] == "closed"]
    assert [order["filled"] for order in filled] == [0.1] * 3
    assert sorted(order["cost"] for order in filled) == [10_000, 10_001, 10_002]
    assert all(order["timestamp"] for order in orders.values())
    assert len(buyer.fetch_orders(BTC, limit=2)) == 2


def test_fetch_my_trades_tells_each_side_its_own(traders):
    buyer, seller = traders
    bought, sold = buyer.fetch_my_trades(BTC), seller.fetch_my_trades(BTC)
    assert [trade["id"] for trade in bought] == [trade["id"] for trade in sold]
    assert [trade["takerOrMaker"] for trade in bought] == ["taker"] * 3
    assert [trade["takerOrMaker"] for trade in sold] == ["maker"] * 3
    assert bought[0]["fee"] == {"cost": 0.0001, "currency": "BTC"}
    assert sold[0]["fee"]["currency"] == "USDC"
    assert sum(trade["cost"] for trade in sold) == 30_003
    since = buyer.fetch_my_trades(BTC, since=bought[-1]["timestamp"] - 60_000, limit=2)
    assert len(since) == 2
