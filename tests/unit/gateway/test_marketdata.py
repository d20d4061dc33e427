"""Depth and tickers by request, in the shapes of the contract."""

import pytest

from truebook.asking import TimedOut

BID = {"symbol": "SOL_USDC", "side": "Bid", "orderType": "Limit", "price": "90", "quantity": "1"}
DEPTH = "/api/v1/depth"


def place(trader, **fields):
    answer = trader.call("POST", "/api/v1/order", BID | fields)
    assert answer.status == 200, answer.body
    return answer.json


def test_depth_has_the_best_levels_bids_and_asks_ascending(public, alice):
    for price in ("90", "89.5", "91"):
        place(alice, price=price)
    for price in ("110", "101.25"):
        place(alice, side="Ask", price=price, quantity="0.5")
    place(alice, price="91", quantity="2")
    answer = public.call("GET", DEPTH, {"symbol": "SOL_USDC"})
    assert answer.headers["content-type"] == "application/json"
    assert answer.json["asks"] == [["101.25", "0.5"], ["110", "0.5"]]
    assert answer.json["bids"] == [["89.5", "1"], ["90", "1"], ["91", "3"]]
    assert answer.json["lastUpdateId"] == "6"
    assert len(str(answer.json["timestamp"])) == 16
    best = public.call("GET", DEPTH, {"symbol": "SOL_USDC", "limit": "1"}).json
    assert (best["asks"], best["bids"]) == ([["101.25", "0.5"]], [["91", "3"]])


def test_an_empty_book_is_an_answer(public):
    answer = public.call("GET", DEPTH, {"symbol": "BTC_USDC"}).json
    assert answer.pop("timestamp") > 10**15
    assert answer == {"asks": [], "bids": [], "lastUpdateId": "0"}


def test_a_ticker_has_the_contracts_shape_and_is_204_before_any_trade(public, alice, bob):
    assert public.call("GET", "/api/v1/ticker", {"symbol": "SOL_USDC"}).status == 204
    assert public.call("GET", "/api/v1/tickers").json == []
    for price in ("100", "96.87"):
        place(alice, side="Ask", price=price, quantity="2")
        place(bob, price=price, quantity="2")
    ticker = {
        "symbol": "SOL_USDC",
        "firstPrice": "100",
        "lastPrice": "96.87",
        "priceChange": "-3.13",
        "priceChangePercent": "-0.0313",
        "high": "100",
        "low": "96.87",
        "volume": "4",
        "quoteVolume": "393.74",
        "trades": "2",
    }
    assert public.call("GET", "/api/v1/ticker", {"symbol": "SOL_USDC"}).json == ticker
    for interval in ("1d", "1w"):
        assert public.call("GET", "/api/v1/tickers", {"interval": interval}).json == [ticker]


@pytest.mark.parametrize(
    ("path", "query", "code", "field"),
    [
        (DEPTH, {}, "INVALID_CLIENT_REQUEST", "symbol"),
        (DEPTH, {"symbol": "X_Y"}, "INVALID_MARKET", "symbol"),
        ("/api/v1/ticker", {"symbol": "X_Y"}, "INVALID_MARKET", "symbol"),
        ("/api/v1/tickers", {"interval": "2d"}, "INVALID_CLIENT_REQUEST", "interval"),
        *(
            (DEPTH, {"symbol": "SOL_USDC", "limit": limit}, "INVALID_CLIENT_REQUEST", "limit")
            for limit in ("0", "1001", "-1", "", "5.0", "٣", "1e2", "9" * 5000)
        ),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(public, path, query, code, field):
    answer = public.call("GET", path, query)
    assert answer.status == 400
    assert (answer.json["code"], answer.json["field"]) == (code, field)


def test_a_feed_that_does_not_answer_is_a_timeout(public, exchange):
    exchange.failure = TimedOut("no feed")
    answer = public.call("GET", DEPTH, {"symbol": "SOL_USDC"})
    assert (answer.status, answer.json["code"]) == (504, "TIMEOUT")
