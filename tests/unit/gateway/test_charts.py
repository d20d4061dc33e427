"""Trades and candles: shapes, order, bounds, and every interval without a gap."""

import pytest
from venue.asgi import Client
from venue.database import history_of
from venue.local import LocalExchange

from truebook.api.app import Application
from truebook.clock import ManualClock
from truebook.feed.intervals import INTERVALS

TRADES = "/api/v1/trades"
KLINES = "/api/v1/klines"


@pytest.fixture
def clock(monkeypatch):
    """Time as the exchange and its gateway have it, begun at noon of a Saturday."""
    clock = ManualClock(1_767_441_600_000)
    monkeypatch.setattr("venue.local.time.time_ns", lambda: clock.now_ms() * 1_000_000)
    monkeypatch.setattr("venue.credentials.time.time_ns", lambda: clock.now_ms() * 1_000_000)
    return clock


@pytest.fixture
def exchange(clock):
    return LocalExchange()


@pytest.fixture
def application(exchange, clock):
    with history_of(exchange) as history:
        yield Application(exchange, history, clock=clock)


def trade(alice, bob, price="100", quantity="1", taker="Ask"):
    body = {"symbol": "SOL_USDC", "orderType": "Limit", "price": price, "quantity": quantity}
    sides = ("Bid", "Ask") if taker == "Ask" else ("Ask", "Bid")
    for client, side in zip((alice, bob), sides, strict=True):
        answer = client.call("POST", "/api/v1/order", body | {"side": side})
        assert answer.status == 200, answer.body


def klines(client, **fields):
    query = {"symbol": "SOL_USDC", "interval": "1m", "startTime": 0} | fields
    answer = client.call("GET", KLINES, query)
    assert answer.status == 200, answer.body
    return answer.json


def test_a_trade_can_be_read_at_once(alice, bob, public, exchange):
    trade(alice, bob, "100.5", "0.25")
    trade(alice, bob, "101", "2", taker="Bid")
    newest, oldest = public.call("GET", TRADES, {"symbol": "SOL_USDC"}).json
    assert oldest == {
        "id": 1,
        "price": "100.5",
        "quantity": "0.25",
        "quoteQuantity": "25.125",
        "timestamp": oldest["timestamp"],
        "isBuyerMaker": True,
    }
    assert abs(oldest["timestamp"] - exchange.engine.time_ms()) < 60_000
    assert (newest["id"], newest["isBuyerMaker"]) == (2, False)


def test_trades_are_paged(alice, bob, public):
    for _ in range(5):
        trade(alice, bob, quantity="0.1")

    def found(**fields):
        path = f"{TRADES}/history" if "offset" in fields else TRADES
        return [t["id"] for t in public.call("GET", path, {"symbol": "SOL_USDC"} | fields).json]

    assert found() == [5, 4, 3, 2, 1]
    assert found(limit=2) == [5, 4]
    assert found(limit=2, offset=3) == [2, 1]
    assert found(offset=9) == []


def test_a_market_without_trades_has_none(public):
    assert public.call("GET", TRADES, {"symbol": "BTC_USDC"}).json == []
    assert klines(public, symbol="BTC_USDC") == []


@pytest.mark.parametrize(
    ("path", "fields", "field"),
    [
        *[(TRADES, {"limit": value}, "limit") for value in ("0", "1001", "-5", "x", "")],
        (f"{TRADES}/history", {"offset": "-1"}, "offset"),
        (TRADES, {"symbol": "NO"}, "symbol"),
        (KLINES, {"interval": "2m"}, "interval"),
        (KLINES, {"startTime": "-1"}, "startTime"),
        (KLINES, {"startTime": "1" * 30}, "startTime"),
        (KLINES, {"endTime": "soon"}, "endTime"),
        (KLINES, {"priceType": "Best"}, "priceType"),
    ],
)
def test_what_cannot_be_meant_names_the_field(public, path, fields, field):
    usual = {"symbol": "SOL_USDC", "interval": "1m", "startTime": "0"}
    answer = public.call("GET", path, usual | fields)
    assert (answer.status, answer.json["field"]) == (400, field)


@pytest.mark.parametrize("field", ["symbol", "interval", "startTime"])
def test_what_candles_need_is_asked_for(public, field):
    query = {"symbol": "SOL_USDC", "interval": "1m", "startTime": 0}
    del query[field]
    answer = public.call("GET", KLINES, query)
    assert (answer.status, answer.json["field"]) == (400, field)


def test_empty_candles_stand_at_the_close_before_them(alice, bob, public, clock):
    trade(alice, bob, "100", "1")
    trade(alice, bob, "103", "2")
    trade(alice, bob, "101", "0.5")
    clock.advance(180)
    trade(alice, bob, "99", "1")
    first, second, third, last = klines(public, priceType="Last")
    assert first == {
        "start": "2026-01-03 12:00:00",
        "end": "2026-01-03 12:01:00",
        "open": "100",
        "high": "103",
        "low": "100",
        "close": "101",
        "volume": "3.5",
        "quoteVolume": "356.5",
        "trades": "3",
    }
    assert (second["start"], third["start"]) == ("2026-01-03 12:01:00", "2026-01-03 12:02:00")
    for empty in (second, third):
        assert {empty[name] for name in ("open", "high", "low", "close")} == {"101"}
        assert (empty["volume"], empty["quoteVolume"], empty["trades"]) == ("0", "0", "0")
    assert (last["open"], last["close"], last["trades"]) == ("99", "99", "1")


def test_candles_go_from_one_moment_to_another(alice, bob, public, clock):
    start = clock.now_ms() // 1000
    trade(alice, bob)
    clock.advance(3600)
    assert len(klines(public)) == 61
    inside = klines(public, startTime=start + 90, endTime=start + 300)
    assert [candle["start"][11:] for candle in inside] == [
        f"12:0{minute}:00" for minute in range(1, 6)
    ]
    assert {candle["close"] for candle in inside} == {"100"}
    assert klines(public, startTime=start + 300, endTime=start + 90) == []
    assert klines(public, endTime=start - 60) == []
    assert klines(public, startTime=start + 7200) == []


def test_candles_are_at_most_a_thousand(alice, bob, public, clock):
    trade(alice, bob)
    clock.advance(3600)
    found = klines(public, interval="1s")
    assert len(found) == 1000
    assert found[0]["start"] == "2026-01-03 12:00:00"
    assert found[-1]["end"] == "2026-01-03 12:16:40"


@pytest.mark.parametrize("name", INTERVALS)
def test_candles_of_every_interval_are_what_the_trades_make(alice, bob, public, clock, name):
    interval = INTERVALS[name]
    traded = []
    for number in range(30):
        price = 95 + number * 7 % 11
        quantity = 1 + number % 3
        trade(alice, bob, str(price), str(quantity))
        traded.append((clock.now_ms() // 1000, price, quantity))
        clock.advance((number * 37 % 5 + 0.5) * max(interval.seconds, 86_400 * 10) / 3.7)
    naive = naive_candles(interval, traded, clock.now_ms() // 1000)
    found = klines(public, interval=name)
    assert len(found) == min(len(naive), 1000)
    for candle, expected in zip(found, naive, strict=False):
        shown = [candle[key] for key in ("open", "high", "low", "close", "volume", "quoteVolume")]
        assert shown == [str(number) for number in expected]
        assert candle["end"] > candle["start"]


def naive_candles(interval, traded, until_s):
    """Each candle from the trades in it, by looking at all of them."""
    candles, start, close = [], interval.start_of(traded[0][0]), None
    while start <= until_s:
        end = interval.next_start(start)
        inside = [(price, lots) for at, price, lots in traded if start <= at < end]
        prices = [price for price, _ in inside] or [close]
        close = prices[-1]
        volume = sum(lots for _, lots in inside)
        quote = sum(price * lots for price, lots in inside)
        candles.append((prices[0], max(prices), min(prices), close, volume, quote))
        start = end
        if len(candles) > 1000:
            break
    return candles


def test_clients_without_a_key_read_charts(application):
    assert Client(application).raw("GET", KLINES, query="symbol=SOL_USDC").status == 400
