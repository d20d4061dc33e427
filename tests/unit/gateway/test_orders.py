"""The order endpoints: what each answer promises."""

import pytest

from truebook import commands
from truebook.asking import TimedOut
from truebook.commandlog.interface import LogUnavailable
from truebook.limits import BATCH_ORDERS_MAX
from truebook.messages import MarketState

ORDER = "/api/v1/order"
ORDERS = "/api/v1/orders"
BID = {"symbol": "SOL_USDC", "side": "Bid", "orderType": "Limit", "price": "90", "quantity": "1"}
ASK = BID | {"side": "Ask", "price": "110"}


def place(client, **changes):
    answer = client.call("POST", ORDER, BID | changes)
    assert answer.status == 200, answer
    return answer.json


def test_an_order_is_answered_as_it_stands_after_matching(alice, bob):
    rests = place(alice, side="Ask", price="100", quantity="2")
    assert (rests["status"], rests["executedQuantity"]) == ("New", "0")
    takes = place(bob, price="105", quantity="3")
    assert (takes["status"], takes["executedQuantity"]) == ("PartiallyFilled", "2")
    assert takes["executedQuoteQuantity"] == "200"
    assert int(takes["id"]) > int(rests["id"])
    assert isinstance(takes["createdAt"], int)


def test_the_kinds_of_the_notes(alice, bob):
    place(alice, side="Ask", price="100", quantity="2")
    assert place(bob, price="100", quantity="3", kind="ioc")["status"] == "Expired"
    assert place(bob, price="100", quantity="2", kind="ioc")["status"] == "Filled"
    assert place(bob, kind="post_only")["postOnly"] is True


def test_post_only_that_would_take_is_refused_in_the_words_clients_match(alice, bob):
    place(alice, side="Ask", price="100")
    answer = bob.call("POST", ORDER, BID | {"price": "100", "postOnly": True})
    assert answer.status == 400
    assert answer.json["code"] == "INVALID_ORDER"
    assert answer.json["message"] == "Order would immediately match and take"


def test_an_order_is_found_and_cancelled_by_either_id(alice):
    for by in ("orderId", "clientId"):
        placed = place(alice, clientId=77)
        target = {"symbol": "SOL_USDC", by: placed["id"] if by == "orderId" else 77}
        assert alice.call("GET", ORDER, target).json == placed
        assert alice.call("GET", ORDERS, {"symbol": "SOL_USDC"}).json == [placed]
        cancelled = alice.call("DELETE", ORDER, target)
        assert cancelled.status == 200
        assert cancelled.json == placed | {"status": "Cancelled"}
        for method in ("GET", "DELETE"):
            answer = alice.call(method, ORDER, target)
            assert answer.status == 404
            assert answer.json == {"code": "RESOURCE_NOT_FOUND", "message": "Not Found"}


def test_another_accounts_order_looks_as_if_it_did_not_exist(exchange, alice, bob):
    placed = place(alice, clientId=5)
    for by, value in (("orderId", placed["id"]), ("clientId", 5)):
        for method in ("GET", "DELETE"):
            assert bob.call(method, ORDER, {"symbol": "SOL_USDC", by: value}).status == 404
    assert bob.call("GET", ORDERS).json == []
    assert bob.call("DELETE", ORDERS, {"symbol": "SOL_USDC"}).json == []
    assert exchange.engine.depth(0)[0].tolist() == [[9_000, 100]]


def test_an_order_of_another_market_is_not_found(alice):
    placed = place(alice)
    target = {"symbol": "BTC_USDC", "orderId": placed["id"]}
    assert alice.call("GET", ORDER, target).status == 404
    assert alice.call("DELETE", ORDER, target).status == 404


@pytest.mark.parametrize(
    "target",
    [
        {},
        {"orderId": "1", "clientId": 1},
        {"orderId": "x"},
        {"orderId": "-1"},
        {"orderId": str(1 << 63)},
        {"clientId": 1 << 32},
    ],
)
def test_an_order_must_be_named_in_one_way(alice, target):
    for method in ("GET", "DELETE"):
        answer = alice.call(method, ORDER, {"symbol": "SOL_USDC"} | target)
        assert answer.status == 400
        assert answer.json["field"] in {"orderId", "clientId"}


def test_cancel_all_is_of_one_market(alice):
    first, second = place(alice), place(alice, price="91")
    other = place(alice, symbol="ETH_USDC", price="2500")
    conditional = {"symbol": "SOL_USDC", "orderType": "ConditionalOrder"}
    assert alice.call("DELETE", ORDERS, conditional).json == []
    answer = alice.call("DELETE", ORDERS, {"symbol": "SOL_USDC"})
    assert [order["id"] for order in answer.json] == [first["id"], second["id"]]
    assert {order["status"] for order in answer.json} == {"Cancelled"}
    assert [order["id"] for order in alice.call("GET", ORDERS).json] == [other["id"]]
    assert alice.call("GET", ORDERS, {"marketType": "PERP"}).json == []
    assert alice.call("DELETE", ORDERS, {}).json["field"] == "symbol"


def test_a_batch_is_one_submission_and_an_invalid_order_stops_no_other(exchange, alice):
    before = exchange.submissions
    batch = [BID, BID | {"price": "x"}, ASK, BID | {"price": "1"}, BID | {"symbol": "X_Y"}, BID]
    answer = alice.call("POST", ORDERS, batch)
    assert answer.status == 200
    operations = [result["operation"] for result in answer.json]
    assert operations == ["Ok", "Err", "Ok", "Err", "Err", "Ok"]
    codes = [result["code"] for result in answer.json if result["operation"] == "Err"]
    assert codes == ["INVALID_CLIENT_REQUEST", "INVALID_PRICE", "INVALID_MARKET"]
    assert [result["side"] for result in answer.json[::2] if "side" in result] == ["Bid", "Ask"]
    assert exchange.submissions == before + 1
    assert len(alice.call("GET", ORDERS).json) == 3


def test_a_batch_of_nothing_valid_writes_nothing(exchange, alice):
    answer = alice.call("POST", ORDERS, [{"symbol": "X"}, {}])
    assert [result["operation"] for result in answer.json] == ["Err", "Err"]
    assert exchange.submissions == 0


@pytest.mark.parametrize("size", [0, BATCH_ORDERS_MAX + 1])
def test_a_batch_has_a_size(alice, size):
    assert alice.call("POST", ORDERS, [BID] * size).status in (400, 401)


def test_the_largest_batch_fits(alice):
    answer = alice.call("POST", ORDERS, [BID] * BATCH_ORDERS_MAX)
    assert {result["operation"] for result in answer.json} == {"Ok"}


def test_a_duplicate_client_id_answers_with_the_existing_orders_id(alice):
    placed = place(alice, clientId=9)
    answer = alice.call("POST", ORDER, BID | {"clientId": 9})
    assert (answer.status, answer.json["code"]) == (400, "INVALID_ORDER")
    assert answer.json["id"] == placed["id"]
    assert "clientId" in answer.json["message"]


def test_who_does_not_want_to_wait_gets_the_id(alice):
    answer = alice.call("POST", ORDER, BID, Prefer="respond-async, wait=1")
    assert answer.status == 202
    assert [answer.json["id"]] == [order["id"] for order in alice.call("GET", ORDERS).json]
    batch = alice.call("POST", ORDERS, [BID, {}], Prefer="respond-async")
    assert batch.status == 202
    assert [result["operation"] for result in batch.json] == ["Ok", "Err"]
    target = {"symbol": "SOL_USDC", "orderId": answer.json["id"]}
    cancelled = alice.call("DELETE", ORDER, target, Prefer="respond-async")
    assert (cancelled.status, cancelled.body) == (202, b"")
    assert (
        alice.call("DELETE", ORDERS, {"symbol": "SOL_USDC"}, Prefer="respond-async").status == 202
    )
    assert alice.call("GET", ORDERS).json == []


def test_no_answer_in_time_is_told_with_the_orders_id(exchange, alice):
    exchange.failure = TimedOut("")
    answer = alice.call("POST", ORDER, BID)
    assert (answer.status, answer.json["code"]) == (504, "TIMEOUT")
    assert int(answer.json["id"]) > 0
    target = {"symbol": "SOL_USDC", "orderId": "77"}
    assert alice.call("DELETE", ORDER, target).json["id"] == "77"
    assert alice.call("GET", ORDER, target).status == 504
    batch = alice.call("POST", ORDERS, [BID, {}, BID])
    assert (batch.status, batch.json["code"]) == (504, "TIMEOUT")
    assert len(batch.json["ids"]) == 2


def test_without_a_log_orders_are_refused(exchange, alice):
    exchange.failure = LogUnavailable("")
    for method, path, value in (
        ("POST", ORDER, BID),
        ("POST", ORDERS, [BID]),
        ("DELETE", ORDER, {"symbol": "SOL_USDC", "orderId": "1"}),
        ("DELETE", ORDERS, {"symbol": "SOL_USDC"}),
    ):
        answer = alice.call(method, path, value)
        assert (answer.status, answer.json["code"]) == (503, "MAINTENANCE")
        assert alice.call(method, path, value, Prefer="respond-async").status == 503


def test_market_states_and_blocked_accounts(exchange, alice):
    placed = place(alice)
    exchange.apply(commands.set_market_state(market=0, state=MarketState.CLOSED))
    answer = alice.call("POST", ORDER, BID)
    assert (answer.status, answer.json["code"]) == (503, "TRADING_PAUSED")
    exchange.apply(commands.set_market_state(market=0, state=MarketState.LIMIT_ONLY))
    market_order = {"symbol": "SOL_USDC", "side": "Bid", "orderType": "Market", "quantity": "1"}
    assert alice.call("POST", ORDER, market_order).json["field"] == "orderType"
    account = alice.credentials.account
    exchange.apply(commands.set_account(name="alice", account=account, flags=1))
    answer = alice.call("POST", ORDER, BID)
    assert (answer.status, answer.json["code"]) == (403, "ACCOUNT_DEACTIVATED")
    target = {"symbol": "SOL_USDC", "orderId": placed["id"]}
    assert alice.call("DELETE", ORDER, target).json["status"] == "Cancelled"


def test_too_many_open_orders(exchange, alice):
    account = alice.credentials.account
    exchange.apply(commands.set_account(name="alice", account=account, open_orders_max=1))
    place(alice)
    assert alice.call("POST", ORDER, BID).json["code"] == "ORDER_LIMIT"
