"""Amending a resting order over HTTP."""

import pytest

ORDER = "/api/v1/order"
SOL = {"symbol": "SOL_USDC"}
REST = SOL | {"side": "Bid", "orderType": "Limit", "price": "90", "quantity": "2", "clientId": 7}


@pytest.fixture
def resting(alice):
    return alice.call("POST", ORDER, REST).json


def test_an_order_gets_another_price_and_quantity_and_keeps_its_id(alice, resting):
    change = SOL | {"orderId": resting["id"], "price": "91", "quantity": "3"}
    amended = alice.call("PATCH", ORDER, change)
    assert amended.status == 200, amended.body
    told = [amended.json[name] for name in ("id", "price", "quantity", "status", "createdAt")]
    assert told == [resting["id"], "91", "3", "New", resting["createdAt"]]
    assert alice.call("GET", "/api/v1/capital").json["USDC"]["locked"] == "273"


def test_an_amended_order_that_crosses_trades(alice, bob, resting):
    offer = SOL | {"side": "Ask", "orderType": "Limit", "price": "95", "quantity": "1"}
    bob.call("POST", ORDER, offer)
    amended = alice.call("PATCH", ORDER, SOL | {"clientId": 7, "price": "95", "quantity": "2"})
    assert (amended.json["status"], amended.json["executedQuantity"]) == ("PartiallyFilled", "1")


def test_nobody_amends_anothers_order(bob, resting):
    change = SOL | {"orderId": resting["id"], "price": "1", "quantity": "1"}
    answer = bob.call("PATCH", ORDER, change)
    assert (answer.status, answer.json["code"]) == (404, "RESOURCE_NOT_FOUND")


@pytest.mark.parametrize("field", ["price", "quantity", "orderId", "symbol"])
def test_what_is_missing_is_named(alice, resting, field):
    change = SOL | {"orderId": resting["id"], "price": "91", "quantity": "3"}
    del change[field]
    answer = alice.call("PATCH", ORDER, change)
    assert answer.status == 400
    assert answer.json.get("field", field) == field
