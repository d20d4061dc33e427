"""Unmodified ccxt.backpack places, finds and cancels orders with triggers, and they fire."""

import pytest
from venue.late import ccxt

# The lowest price band of the market: trades of these tests move its last price.
BTC = "BTC/USDC"
WAIT = {"trigger": True}


@pytest.fixture
def trader(connect, account):
    trader = connect(account(USDC="10000000", BTC="100"))
    yield trader
    trader.cancel_all_orders(BTC)


@pytest.fixture
def other(connect, account):
    other = connect(account(USDC="10000000", BTC="100"))
    yield other
    other.cancel_all_orders(BTC)


def trade_at(price, buyer, seller):
    """A trade at this price, whatever else rests in the book: none of these orders does."""
    resting = seller.create_order(BTC, "limit", "sell", 0.01, price)
    taken = buyer.create_order(BTC, "limit", "buy", 0.01, price)
    assert taken["status"] == "closed"
    return resting


def test_a_stop_order_waits_fires_and_rests(trader, other):
    trade_at(100_000, trader, other)
    stop = trader.create_order(BTC, "limit", "sell", 1.5, 100_500, {"triggerPrice": 99_000})
    assert (stop["status"], stop["triggerPrice"], stop["amount"]) == ("open", 99_000.0, 1.5)
    assert stop["info"]["status"] == "TriggerPending"
    assert trader.fetch_balance()["BTC"]["used"] == 0.0
    assert trader.fetch_open_order(stop["id"], BTC)["triggerPrice"] == 99_000.0
    trade_at(98_900, trader, other)
    fired = trader.fetch_open_order(stop["id"], BTC)
    assert (fired["info"]["status"], fired["amount"]) == ("New", 1.5)
    assert trader.fetch_balance()["BTC"]["used"] == 1.5
    assert trader.fetch_order(stop["id"], BTC)["triggerPrice"] == 99_000.0


def test_a_market_stop_takes_what_there_is_when_it_fires(trader, other):
    trade_at(100_000, trader, other)
    stop = trader.create_trigger_order(BTC, "market", "sell", 0.5, None, 99_500)
    assert stop["info"]["triggerQuantity"] == "0.5"
    other.create_order(BTC, "limit", "buy", 0.5, 99_000)
    trade_at(99_400, trader, other)
    found = trader.fetch_order(stop["id"], BTC)
    assert (found["status"], found["filled"], found["average"]) == ("closed", 0.5, 99_000.0)
    assert found["info"]["triggeredAt"]


def test_orders_that_wait_can_be_cancelled_apart_from_those_that_rest(trader):
    stop = trader.create_order(BTC, "limit", "sell", 1, 90_000, {"triggerPrice": 80_000})
    rests = trader.create_order(BTC, "limit", "buy", 0.1, 80_000)
    assert {order["id"] for order in trader.fetch_open_orders(BTC)} == {stop["id"], rests["id"]}
    cancelled = trader.cancel_all_orders(BTC, {"orderType": "ConditionalOrder"})
    assert [(order["id"], order["status"]) for order in cancelled] == [(stop["id"], "canceled")]
    assert trader.cancel_order(rests["id"], BTC)["status"] == "canceled"


def test_a_batch_may_have_triggers(trader):
    placed = trader.create_orders(
        [
            {
                "symbol": BTC,
                "type": "limit",
                "side": "sell",
                "amount": 1,
                "price": 120_000,
                "params": {"triggerPrice": 121_000},
            },
            {"symbol": BTC, "type": "limit", "side": "buy", "amount": 0.1, "price": 80_000},
        ]
    )
    assert [order["info"]["status"] for order in placed] == ["TriggerPending", "New"]


def test_a_trigger_that_is_incomplete_is_refused(trader):
    with pytest.raises(ccxt.BadRequest, match="Must specify both"):
        trader.create_order(BTC, "market", "buy", 0, None, {"cost": 100, "triggerPrice": 99_000})


def test_a_market_order_stays_within_its_slippage_tolerance(trader, other):
    for price in (100_000, 100_001, 101_000):
        other.create_order(BTC, "limit", "sell", 0.1, price)
    slippage = {"slippageTolerance": "0.5", "slippageToleranceType": "Percent"}
    taken = trader.create_order(BTC, "market", "buy", 0.3, None, slippage)
    assert (taken["status"], taken["filled"]) == ("canceled", 0.2)
    (past,) = [one for one in trader.fetch_orders(BTC) if one["id"] == taken["id"]]
    assert past["info"]["expiryReason"] == "SlippageToleranceExceeded"
