"""Past orders and fills: pages, filters, shapes, and what happens without a database."""

import re
from pathlib import Path

import pytest
from venue.asgi import Client

from truebook.api.app import Application
from truebook.store.sqlite.history import SqliteHistory

ORDERS = "/wapi/v1/history/orders"
FILLS = "/wapi/v1/history/fills"
ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}")


def order(client, side="Bid", price="100", quantity="1", **fields):
    body = {"symbol": "SOL_USDC", "side": side, "orderType": "Limit", "price": price}
    answer = client.call("POST", "/api/v1/order", body | {"quantity": quantity} | fields)
    assert answer.status == 200, answer.body
    return answer.json


def ids(answer):
    return [item["id"] for item in answer.json]


def test_an_order_is_in_the_history_as_soon_as_it_is_answered(alice):
    placed = order(alice, clientId=7)
    (found,) = alice.call("GET", ORDERS).json
    assert ISO.fullmatch(found.pop("createdAt"))
    placed.pop("createdAt")
    extra = dict.fromkeys(("quoteQuantity", "systemOrderType", "expiryReason"))
    extra |= {"slippageTolerance": None, "slippageToleranceType": None}
    assert found == placed | extra


def test_the_history_tells_what_became_of_orders(alice, bob):
    filled = order(alice, quantity="2")
    order(bob, "Ask", quantity="2")
    cancelled = order(alice, price="90")
    alice.call("DELETE", "/api/v1/order", {"symbol": "SOL_USDC", "orderId": cancelled["id"]})
    killed = order(alice, price="90", timeInForce="IOC")
    found = {item["id"]: item for item in alice.call("GET", ORDERS).json}
    assert found[filled["id"]]["status"] == "Filled"
    assert found[filled["id"]]["executedQuoteQuantity"] == "200"
    assert found[cancelled["id"]]["status"] == "Cancelled"
    assert found[cancelled["id"]]["expiryReason"] is None
    assert found[killed["id"]]["status"] == "Expired"
    assert found[killed["id"]]["expiryReason"] == "ImmediateOrCancel"


def test_pages_of_orders_are_newest_first_and_say_where_they_lie(alice):
    placed = [order(alice, price=str(90 + n))["id"] for n in range(7)]
    answer = alice.call("GET", ORDERS, {"limit": 3})
    assert ids(answer) == placed[:3:-1]
    assert answer.headers["x-page-count"] == "3"
    assert answer.headers["x-current-page"] == "0"
    assert answer.headers["x-page-size"] == "3"
    assert answer.headers["x-total"] == "7"
    assert "X-Total" in answer.headers["access-control-expose-headers"]
    last = alice.call("GET", ORDERS, {"limit": 3, "offset": 6})
    assert ids(last) == placed[:1]
    assert last.headers["x-current-page"] == "2"
    oldest = alice.call("GET", ORDERS, {"limit": 2, "sortDirection": "Asc"})
    assert ids(oldest) == placed[:2]


def test_orders_are_found_by_id_and_by_market(alice):
    first = order(alice)["id"]
    other = order(alice, price="100000", symbol="BTC_USDC", quantity="0.01")["id"]
    assert ids(alice.call("GET", ORDERS, {"orderId": first})) == [first]
    assert ids(alice.call("GET", ORDERS, {"symbol": "BTC_USDC"})) == [other]
    assert ids(alice.call("GET", ORDERS, {"symbol": "BTC_USDC", "orderId": first})) == []
    assert ids(alice.call("GET", ORDERS, {"strategyId": "1"})) == []


def test_nobody_sees_anothers_history(alice, bob):
    mine = order(alice)["id"]
    order(bob, "Ask")
    assert ids(bob.call("GET", ORDERS, {"orderId": mine})) == []
    assert [fill["isMaker"] for fill in alice.call("GET", FILLS).json] == [True]
    assert [fill["isMaker"] for fill in bob.call("GET", FILLS).json] == [False]


def test_a_fill_is_in_the_history_as_soon_as_its_order_is_answered(alice, bob):
    order(alice, clientId=42)
    taken = order(bob, "Ask", quantity="0.5")
    (made,) = alice.call("GET", FILLS, {"fillType": "User"}).json
    assert ISO.fullmatch(made.pop("timestamp"))
    assert made == {
        "clientId": "42",
        "fee": "0.0004",
        "feeSymbol": "SOL",
        "isMaker": True,
        "orderId": made["orderId"],
        "price": "100",
        "quantity": "0.5",
        "side": "Bid",
        "symbol": "SOL_USDC",
        "systemOrderType": None,
        "tradeId": 1,
    }
    (found,) = bob.call("GET", FILLS).json
    assert (found["orderId"], found["feeSymbol"], found["fee"]) == (taken["id"], "USDC", "0.05")
    assert found["clientId"] is None


def test_fills_are_found_by_order_market_and_time(alice, bob, exchange):
    first = order(alice, quantity="3")["id"]
    for _ in range(3):
        order(bob, "Ask", quantity="1")
    order(alice)
    order(bob, "Ask")
    assert len(alice.call("GET", FILLS, {"orderId": first}).json) == 3
    assert len(alice.call("GET", FILLS, {"symbol": "SOL_USDC"}).json) == 4
    assert alice.call("GET", FILLS, {"symbol": "BTC_USDC"}).json == []
    now = exchange.engine.time_ms()
    assert len(alice.call("GET", FILLS, {"from": now - 60_000, "to": now}).json) == 4
    assert alice.call("GET", FILLS, {"from": now + 1}).json == []
    assert alice.call("GET", FILLS, {"to": now - 60_000}).json == []
    trades = [fill["tradeId"] for fill in alice.call("GET", FILLS, {"sort_direction": "Asc"}).json]
    assert trades == [1, 2, 3, 4]
    assert alice.call("GET", FILLS, {"fillType": "Liquidation"}).json == []
    page = alice.call("GET", FILLS, {"limit": 1, "offset": 1})
    assert [fill["tradeId"] for fill in page.json] == [3]
    assert page.headers["x-total"] == "4"


@pytest.mark.parametrize("path", [ORDERS, FILLS])
@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[("limit", value) for value in ("0", "1001", "-1", "x", "1e2", "", "9" * 40)],
        *[("offset", value) for value in ("-1", "x", str(1 << 63), "1.5")],
        *[("orderId", value) for value in ("-1", "x", str(1 << 63))],
        ("sortDirection", "Up"),
        ("symbol", "NO_SUCH"),
    ],
)
def test_what_cannot_be_meant_names_the_field(alice, path, field, value):
    answer = alice.call("GET", path, {field: value})
    assert answer.status == 400
    assert answer.json["field"] == field


@pytest.mark.parametrize("field", ["from", "to", "fillType"])
def test_a_bad_time_or_type_of_fills_names_the_field(alice, field):
    answer = alice.call("GET", FILLS, {field: "x"})
    assert (answer.status, answer.json["field"]) == (400, field)


def test_history_is_for_who_signs(public):
    assert public.raw("GET", ORDERS).status == 401
    assert public.raw("GET", FILLS).status == 401


def test_without_a_database_only_history_is_missing(exchange, tmp_path):
    history = SqliteHistory(Path(tmp_path / "nothing"))
    try:
        application = Application(exchange, history)
        alice = Client(application, exchange.open_account("carol", {"USDC": "1000"}))
        for path in (ORDERS, FILLS):
            answer = alice.call("GET", path)
            assert (answer.status, answer.json["code"]) == (503, "MAINTENANCE")
            assert "History is not available" in answer.json["message"]
        for path in ("/api/v1/trades", "/api/v1/klines"):
            query = "symbol=SOL_USDC&interval=1m&startTime=0"
            assert Client(application).raw("GET", path, query=query).status == 503
        assert order(alice)["status"] == "New"
        assert alice.call("GET", "/api/v1/orders").status == 200
    finally:
        history.close()


def test_the_history_tells_of_triggers(alice, bob):
    stop = {"triggerPrice": "95", "triggerQuantity": "2", "quantity": "2"}
    waits = order(alice, "Ask", price="90", **stop)
    poor = order(bob, "Ask", price="90", **stop | {"quantity": "2000", "triggerQuantity": "2000"})
    (told,) = alice.call("GET", ORDERS).json
    assert (told["status"], told["triggeredAt"]) == ("TriggerPending", None)
    assert (told["triggerPrice"], told["triggerQuantity"]) == ("95", "2")
    order(bob, "Ask", price="95")
    order(alice, "Bid", price="95")
    fired = next(one for one in alice.call("GET", ORDERS).json if one["id"] == waits["id"])
    assert (fired["status"], fired["quantity"], fired["triggerPrice"]) == ("New", "2", "95")
    assert fired["triggeredAt"] >= 1_000_000_000_000
    failed = next(one for one in bob.call("GET", ORDERS).json if one["id"] == poor["id"])
    assert (failed["status"], failed["expiryReason"]) == ("TriggerFailed", "InsufficientFunds")


def test_the_history_tells_of_a_part_of_what_there_is_and_of_slippage(alice, bob):
    fields = {"symbol": "SOL_USDC", "side": "Ask", "orderType": "Market", "triggerPrice": "95"}
    slippage = {"slippageTolerance": "0.5", "slippageToleranceType": "Percent"}
    body = fields | slippage | {"triggerQuantity": "80%"}
    placed = alice.call("POST", "/api/v1/order", body).json
    assert placed["triggerQuantity"] == "80%"
    (told,) = alice.call("GET", ORDERS).json
    assert (told["triggerQuantity"], told["quantity"]) == ("80%", None)
    assert (told["slippageTolerance"], told["slippageToleranceType"]) == ("0.5", "Percent")
