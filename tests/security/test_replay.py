"""The same signed request a second time: refused, without effect, whatever it asks for."""

import json

import pytest
from venue.credentials import body_of, signed_headers

ORDER, ORDERS = "/api/v1/order", "/api/v1/orders"
BID = {"symbol": "SOL_USDC", "side": "Bid", "orderType": "Limit", "price": "90", "quantity": "1"}
MARKET = {"symbol": "SOL_USDC"}


def sent_twice(target, first, second=None):
    """The answers to a request (method, path, headers, body), sent again; the second must change
    nothing."""
    answer = target.request(*first)
    before = target.exchange.engine.state_hash()
    again = target.request(*(second or first))
    assert target.exchange.engine.state_hash() == before
    return answer, again


def signed(target, method, path, instruction, value):
    objects = value if isinstance(value, list) else [value]
    headers = signed_headers(target.trader, instruction, *objects)
    return method, path, body_of(value), headers


@pytest.mark.parametrize(
    ("method", "path", "instruction", "value"),
    [
        ("POST", ORDER, "orderExecute", BID),
        ("POST", ORDERS, "orderExecute", [BID, BID]),
        ("DELETE", ORDERS, "orderCancelAll", MARKET),
    ],
)
@pytest.mark.parametrize("prefer", [{}, {"Prefer": "respond-async"}])
def test_a_change_is_made_once(changeable, method, path, instruction, value, prefer):
    *request, headers = signed(changeable, method, path, instruction, value)
    first, again = sent_twice(changeable, (*request, headers | prefer))
    assert first.status == (202 if prefer else 200)
    assert (again.status, again.code) == (409, "PRECONDITION_FAILED")


def test_a_cancellation_is_not_repeated_on_an_order_that_has_the_same_client_id_by_then(changeable):
    order = BID | {"clientId": 7}
    cancel = signed(changeable, "DELETE", ORDER, "orderCancel", MARKET | {"clientId": 7})
    changeable.request(*signed(changeable, "POST", ORDER, "orderExecute", order))
    assert changeable.request(*cancel).status == 200
    again = order | {"price": "91"}
    assert (
        changeable.request(*signed(changeable, "POST", ORDER, "orderExecute", again)).status == 200
    )
    assert changeable.request(*cancel).status == 409


def test_the_same_signature_for_one_order_and_a_batch_of_one(changeable):
    order = BID | {"price": "89"}
    one = signed(changeable, "POST", ORDER, "orderExecute", order)
    batch = ("POST", ORDERS, body_of([order]), one[3])
    first, again = sent_twice(changeable, one, batch)
    assert (first.status, again.status) == (200, 409)


def test_the_same_signature_with_fields_in_another_order_or_values_of_another_type(changeable):
    order = BID | {"clientId": 8}
    one = signed(changeable, "POST", ORDER, "orderExecute", order)
    turned = json.dumps(dict(reversed(list((order | {"clientId": "8"}).items())))).encode()
    first, again = sent_twice(changeable, one, ("POST", ORDER, turned, one[3]))
    assert (first.status, again.status) == (200, 409)


def test_reads_may_be_repeated(changeable):
    headers = signed_headers(changeable.trader, "balanceQuery")
    for _ in range(2):
        assert changeable.request("GET", "/api/v1/capital", headers=headers).status == 200


def test_a_field_that_names_somebody_else_is_not_honoured(changeable):
    other = changeable.exchange.open_account("other", {"USDC": "1000"})
    order = BID | {"accountId": other.account, "status": "Filled", "fee": "0", "clientId": 9}
    answer = changeable.request(*signed(changeable, "POST", ORDER, "orderExecute", order))
    assert json.loads(answer.body)["status"] == "New"
    assert changeable.exchange.engine.open_orders(other.account, None) == []
