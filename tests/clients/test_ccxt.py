"""Unmodified ccxt.backpack with only its URLs changed, synchronous and asynchronous."""

import pytest
from venue.late import ccxt

SOL = "SOL/USDC"
ETH = "ETH/USDC"


@pytest.fixture
def trader(connect, account):
    return connect(account(USDC="100000", SOL="1000"))


def test_load_markets(connect):
    client = connect()
    markets = client.load_markets()
    assert {SOL, "BTC/USDC", ETH} <= set(markets)
    market = markets[SOL]
    assert market["active"]
    assert market["spot"]
    assert market["precision"] == {"amount": 0.01, "price": 0.01}
    assert market["limits"]["amount"]["min"] == 0.01
    assert client.fetch_currencies()["SOL"]["name"] == "Solana"
    assert client.fetch_status()["status"] == "ok"


def test_fetch_balance(trader):
    balance = trader.fetch_balance()
    assert balance["USDC"] == {"free": 100000.0, "used": 0.0, "total": 100000.0}
    assert balance["SOL"]["free"] == 1000.0


def test_a_limit_order_rests_is_found_and_is_cancelled(trader):
    placed = trader.create_order(SOL, "limit", "buy", 1.5, 90.25, {"clientOrderId": 42})
    assert (placed["status"], placed["clientOrderId"]) == ("open", "42")
    assert (placed["price"], placed["amount"], placed["filled"]) == (90.25, 1.5, 0.0)
    assert trader.fetch_balance()["USDC"]["used"] == 135.375
    assert trader.fetch_open_order(placed["id"], SOL)["id"] == placed["id"]
    assert [order["id"] for order in trader.fetch_open_orders(SOL)] == [placed["id"]]
    assert [order["id"] for order in trader.fetch_open_orders()] == [placed["id"]]
    cancelled = trader.cancel_order(placed["id"], SOL)
    assert (cancelled["id"], cancelled["status"]) == (placed["id"], "canceled")
    assert trader.fetch_open_orders() == []
    assert trader.fetch_balance()["USDC"]["used"] == 0.0


def test_cancel_all_orders_answers_with_those_that_were_open(trader):
    placed = [trader.create_order(SOL, "limit", "buy", 1, 80 + n)["id"] for n in range(3)]
    cancelled = trader.cancel_all_orders(SOL)
    assert [order["id"] for order in cancelled] == placed
    assert {order["status"] for order in cancelled} == {"canceled"}
    assert trader.fetch_open_orders() == []


def test_create_orders_places_what_can_be_placed_and_tells_what_cannot(trader):
    orders = trader.create_orders(
        [
            {"symbol": SOL, "type": "limit", "side": "buy", "amount": 1, "price": 81},
            {"symbol": SOL, "type": "limit", "side": "buy", "amount": 1, "price": 1},
            {"symbol": ETH, "type": "limit", "side": "buy", "amount": 1, "price": 2500},
        ]
    )
    placed = [order for order in orders if order["id"]]
    refused = [order["info"] for order in orders if not order["id"]]
    assert [order["symbol"] for order in placed] == [SOL, ETH]
    assert [(info["operation"], info["code"]) for info in refused] == [("Err", "INVALID_PRICE")]
    assert len(trader.fetch_open_orders()) == 2


def test_two_accounts_trade_and_both_balances_are_right_to_the_last_atom(connect, account):
    seller, buyer = connect(account(SOL="10")), connect(account(USDC="1000"))
    seller.create_order(SOL, "limit", "sell", 3, 100.01)
    bought = buyer.create_order(SOL, "limit", "buy", 5, 100.05)
    assert (bought["status"], bought["filled"], bought["cost"]) == ("open", 3.0, 300.03)
    # 3 SOL at 100.01 are 300.03 USDC. The taker pays 10 basis points of 3 SOL, 0.003; the maker
    # 8 basis points of 300.03 USDC, 0.240024. The rest of the bid holds 2 × 100.05.
    assert buyer.privateGetApiV1Capital() == {
        "USDC": {"available": "499.87", "locked": "200.1", "staked": "0"},
        "SOL": {"available": "2.997", "locked": "0", "staked": "0"},
    }
    assert seller.privateGetApiV1Capital() == {
        "USDC": {"available": "299.789976", "locked": "0", "staked": "0"},
        "SOL": {"available": "7", "locked": "0", "staked": "0"},
    }


def test_market_orders_by_quantity_and_by_cost(connect, account):
    maker, taker = connect(account(SOL="100")), connect(account(USDC="1000"))
    maker.create_order(SOL, "limit", "sell", 50, 100)
    by_quantity = taker.create_order(SOL, "market", "buy", 2)
    assert (by_quantity["status"], by_quantity["filled"], by_quantity["cost"]) == ("closed", 2, 200)
    by_cost = taker.create_order(SOL, "market", "buy", 0, None, {"cost": 250.5})
    assert (by_cost["status"], by_cost["filled"], by_cost["cost"]) == ("closed", 2.5, 250)
    assert taker.privateGetApiV1Capital()["SOL"]["available"] == "4.4955"
    assert taker.privateGetApiV1Capital()["USDC"]["available"] == "550"


def test_a_post_only_order_that_would_take_is_refused(connect, account):
    maker, other = connect(account(SOL="10")), connect(account(USDC="1000"))
    maker.create_order(SOL, "limit", "sell", 1, 100)
    with pytest.raises(ccxt.InvalidOrder, match="Order would immediately match and take"):
        other.create_order(SOL, "limit", "buy", 1, 100, {"postOnly": True})
    rests = other.create_order(SOL, "limit", "buy", 1, 99.99, {"postOnly": True})
    assert (rests["status"], rests["postOnly"]) == ("open", True)


def test_ioc_takes_what_there_is_and_fok_all_or_nothing(connect, account):
    maker, taker = connect(account(SOL="10")), connect(account(USDC="10000"))
    maker.create_order(SOL, "limit", "sell", 2, 100)
    killed = taker.create_order(SOL, "limit", "buy", 3, 100, {"timeInForce": "FOK"})
    assert (killed["status"], killed["filled"]) == ("canceled", 0)
    part = taker.create_order(SOL, "limit", "buy", 3, 100, {"timeInForce": "IOC"})
    assert (part["status"], part["filled"], part["remaining"]) == ("canceled", 2, 1)
    maker.create_order(SOL, "limit", "sell", 2, 100)
    whole = taker.create_order(SOL, "limit", "buy", 2, 100, {"timeInForce": "FOK"})
    assert (whole["status"], whole["filled"]) == ("closed", 2)
    assert taker.fetch_open_orders() == []


def test_errors_reach_the_caller_as_the_exceptions_they_are(connect, account, trader):
    poor = connect(account(USDC="1"))
    with pytest.raises(ccxt.InsufficientFunds, match="Insufficient funds"):
        poor.create_order(SOL, "limit", "buy", 1, 100)
    with pytest.raises(ccxt.InvalidOrder, match="too far from the last active price"):
        trader.create_order(SOL, "limit", "buy", 1, 1)
    with pytest.raises(ccxt.ExchangeNotAvailable, match="Not Found"):
        trader.cancel_order("12345", SOL)
    with pytest.raises(ccxt.OperationFailed, match="stopLossTriggerPrice"):
        trader.create_order(SOL, "limit", "buy", 1, 90, {"stopLoss": {"triggerPrice": 85}})
    stranger, victim = account(), account()
    forger = connect(apiKey=victim.api_key, secret=stranger.api_secret)
    with pytest.raises(ccxt.AuthenticationError, match="INVALID_SIGNATURE"):
        forger.fetch_balance()
    with pytest.raises(ccxt.AuthenticationError, match="UNAUTHORIZED"):
        connect(apiKey="AAAA", secret=stranger.api_secret).fetch_balance()


def test_another_accounts_order_looks_as_if_it_did_not_exist(trader, connect, account):
    placed = trader.create_order(SOL, "limit", "buy", 1, 85)
    thief = connect(account(USDC="10"))
    for attempt in (thief.fetch_open_order, thief.cancel_order):
        with pytest.raises(ccxt.ExchangeNotAvailable, match="RESOURCE_NOT_FOUND"):
            attempt(placed["id"], SOL)
    assert trader.cancel_order(placed["id"], SOL)["status"] == "canceled"
