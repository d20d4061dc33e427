"""Orders that wait for their trigger, over HTTP: placed, found, fired, cancelled."""

import pytest
from venue.credentials import signed_headers

from truebook.asking import TimedOut

ORDER, ORDERS = "/api/v1/order", "/api/v1/orders"
SOL = {"symbol": "SOL_USDC"}
STOP = SOL | {
    "side": "Ask",
    "orderType": "Limit",
    "price": "90",
    "triggerPrice": "95",
    "triggerQuantity": "1",
}


def place(client, **fields):
    answer = client.call("POST", ORDER, fields)
    assert answer.status == 200, answer.body
    return answer.json


def limit(client, side, price, quantity="1"):
    return place(client, **SOL, side=side, orderType="Limit", price=price, quantity=quantity)


def trade_at(price, buyer, seller, quantity="1"):
    limit(seller, "Ask", price, quantity)
    limit(buyer, "Bid", price, quantity)


def test_an_order_with_a_trigger_waits_and_holds_nothing(alice):
    order = place(alice, **STOP, clientId=5)
    assert (order["status"], order["triggerPrice"]) == ("TriggerPending", "95")
    assert (order["triggerQuantity"], order["quantity"]) == ("1", None)
    assert (order["triggerBy"], order["triggeredAt"]) == ("LastPrice", None)
    assert (order["executedQuantity"], order["executedQuoteQuantity"]) == ("0", "0")
    assert (order["price"], order["clientId"]) == ("90", 5)
    assert alice.call("GET", "/api/v1/capital").json["SOL"]["locked"] == "0"
    for target in ({"orderId": order["id"]}, {"clientId": "5"}):
        assert alice.call("GET", ORDER, SOL | target).json == order
    assert alice.call("GET", ORDERS).json == [order]
    account = alice.call("GET", "/api/v1/account").json
    assert (account["limitOrders"], account["triggerOrders"]) == (0, 1)


def test_a_market_order_with_a_trigger_for_a_part_of_what_there_is(alice):
    fields = SOL | {"side": "Ask", "orderType": "Market", "triggerPrice": "95"}
    order = place(alice, **fields, triggerQuantity="12.5%")
    assert (order["orderType"], order["triggerQuantity"]) == ("Market", "12.5%")
    assert (order["quantity"], order["quoteQuantity"]) == (None, None)


def test_a_trade_at_the_trigger_price_fires(alice, bob):
    order = place(alice, **STOP)
    trade_at("96", bob, alice)
    assert alice.call("GET", ORDER, SOL | {"orderId": order["id"]}).json["triggerPrice"] == "95"
    trade_at("95", bob, alice)
    resting = alice.call("GET", ORDER, SOL | {"orderId": order["id"]}).json
    assert (resting["status"], resting["quantity"], resting["price"]) == ("New", "1", "90")
    assert alice.call("GET", "/api/v1/account").json["limitOrders"] == 1


def test_a_waiting_order_can_be_cancelled(alice):
    order = place(alice, **STOP)
    cancelled = alice.call("DELETE", ORDER, SOL | {"orderId": order["id"]}).json
    assert cancelled == order | {"status": "Cancelled"}
    assert alice.call("GET", ORDERS).json == []


@pytest.mark.parametrize(
    ("kind", "left"), [("RestingLimitOrder", "waiting"), ("ConditionalOrder", "resting")]
)
def test_all_orders_of_one_kind_are_cancelled(alice, kind, left):
    ids = {"waiting": place(alice, **STOP)["id"], "resting": limit(alice, "Bid", "80")["id"]}
    cancelled = alice.call("DELETE", ORDERS, SOL | {"orderType": kind}).json
    remaining = alice.call("GET", ORDERS).json
    assert [order["id"] for order in remaining] == [ids.pop(left)]
    assert [order["id"] for order in cancelled] == list(ids.values())
    assert [order["status"] for order in cancelled] == ["Cancelled"]


def test_all_orders_are_cancelled_without_a_kind(alice):
    place(alice, **STOP)
    limit(alice, "Bid", "80")
    assert len(alice.call("DELETE", ORDERS, SOL).json) == 2
    assert alice.call("GET", ORDERS).json == []


def test_a_batch_may_hold_orders_with_triggers(alice):
    resting = SOL | {"side": "Bid", "orderType": "Limit", "price": "80", "quantity": "1"}
    wrong = {name: STOP[name] for name in STOP if name != "triggerQuantity"}
    answer = alice.call("POST", ORDERS, [STOP, resting, wrong, STOP | {"triggerPrice": "94"}])
    told = [result.get("status", result.get("code")) for result in answer.json]
    assert told == ["TriggerPending", "New", "INVALID_CLIENT_REQUEST", "TriggerPending"]


def test_a_market_order_stays_within_its_slippage_tolerance(alice, bob):
    for price in ("100", "100.05", "100.5"):
        limit(bob, "Ask", price)
    buy = SOL | {"side": "Bid", "orderType": "Market", "quantity": "3"}
    for tolerance, kind, executed in (("5", "TickSize", "2"), ("0", "Percent", "1")):
        slippage = {"slippageTolerance": tolerance, "slippageToleranceType": kind}
        order = place(alice, **buy, **slippage)
        assert (order["status"], order["executedQuantity"]) == ("Expired", executed)


def test_a_dead_mans_switch_is_set_and_ended(alice, exchange):
    path = "/api/v1/orders/cancelAllAfter"
    assert alice.call("POST", path, {"countdownTime": 60_000}).json == {"countdownTime": 60_000}
    (timer,) = exchange.engine.timers()
    assert timer.expires_ms == exchange.engine.time_ms() + 60_000
    assert alice.call("POST", path, {"countdownTime": "0"}).status == 200
    assert exchange.engine.timers() == []


@pytest.mark.parametrize("value", ["", 86_400_001, -1, 1.5, "x"])
def test_a_countdown_that_is_none_is_refused(alice, exchange, value):
    answer = alice.call("POST", "/api/v1/orders/cancelAllAfter", {"countdownTime": value})
    assert (answer.status, answer.json["field"]) == (400, "countdownTime")
    assert exchange.engine.timers() == []


def test_what_becomes_of_a_countdown_may_be_unknown(alice, exchange):
    exchange.failure = TimedOut("no answer")
    answer = alice.call("POST", "/api/v1/orders/cancelAllAfter", {"countdownTime": 1000})
    assert (answer.status, answer.json["code"]) == (504, "TIMEOUT")


def test_an_order_with_a_deadline(alice):
    assert alice.call("POST", ORDER, STOP, x_deadline="250").status == 200
    refused = alice.call("POST", ORDER, STOP, x_deadline="0")
    assert (refused.status, refused.json["field"]) == (400, "X-Deadline")


@pytest.mark.parametrize("fields", [{}, {"autoLend": True, "leverageLimit": "1"}])
def test_settings_of_margin_stay_what_they_are(alice, fields):
    before = alice.call("GET", "/api/v1/account").json
    assert alice.call("PATCH", "/api/v1/account", fields).status == 200
    assert alice.call("GET", "/api/v1/account").json == before


@pytest.mark.parametrize(
    ("field", "value"), [("autoLend", "yes"), ("leverageLimit", "-1"), ("leverageLimit", True)]
)
def test_settings_that_are_none_are_refused(alice, field, value):
    answer = alice.call("PATCH", "/api/v1/account", {field: value})
    assert (answer.status, answer.json["field"]) == (400, field)


def test_a_switch_in_a_query_may_be_written_as_python_writes_it(alice):
    fields = SOL | {"side": "Ask", "reduceOnly": False}
    headers = signed_headers(alice.credentials, "maxOrderQuantity", fields)
    for word in ("False", "false"):
        query = f"symbol=SOL_USDC&side=Ask&reduceOnly={word}"
        answer = alice.raw("GET", "/api/v1/account/limits/order", query=query, headers=headers)
        assert answer.status == 200, answer.body
