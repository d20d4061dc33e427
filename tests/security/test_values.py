"""Hostile values and bodies over HTTP: a 4xx that names the field, and nothing else happens."""

import json

import pytest
from venue.values import HOSTILE, HOSTILE_BODIES

ORDER, ORDERS = "/api/v1/order", "/api/v1/orders"
LIMIT = {"symbol": "SOL_USDC", "side": "Bid", "orderType": "Limit", "price": "1", "quantity": "1"}
STOP = LIMIT | {"triggerPrice": "1", "triggerQuantity": "1"}
MARKET = {"symbol": "SOL_USDC", "side": "Bid", "orderType": "Market"}
FIELDS = [
    (LIMIT, "price"),
    (LIMIT, "quantity"),
    (LIMIT, "clientId"),
    (MARKET, "quantity"),
    (MARKET, "quoteQuantity"),
    (STOP, "triggerPrice"),
    (STOP, "triggerQuantity"),
]
UNREADABLE = {
    "NaN",
    "Infinity",
    "minus Infinity",
    "leading zeros as number",
    "NUL",
    "lone surrogate",
}
"""These are no JSON, or no text: the error can't name the field, it names the reason."""

CALLS = [
    ("POST", ORDER, "orderExecute"),
    ("POST", ORDERS, "orderExecute"),
    ("DELETE", ORDER, "orderCancel"),
    ("DELETE", ORDERS, "orderCancelAll"),
    ("PATCH", "/api/v1/account", "accountUpdate"),
]


def with_value(fields, field, text):
    """The payload with a field of that JSON text."""
    rest = json.dumps({name: value for name, value in fields.items() if name != field})
    return f'{rest[:-1]}, "{field}": {text}}}'.encode()


@pytest.mark.parametrize(("payload", "field"), FIELDS, ids=[name for _, name in FIELDS])
def test_a_hostile_value_of_an_order_is_a_400_that_names_the_field(target, payload, field):
    for value, text in HOSTILE.items():
        body = with_value(payload, field, text)
        answer = target.signed("POST", ORDER, "orderExecute", body)
        assert answer.status == 400, (value, answer)
        if value not in UNREADABLE:
            told = json.loads(answer.body)
            assert told["field"] == field, (value, told)
            assert field.lower() in told["message"].lower(), (value, told)


@pytest.mark.parametrize("field", ["orderId", "clientId"])
def test_a_hostile_target_of_a_cancellation_finds_nothing(target, field):
    for value in HOSTILE.keys() - {"2^63-1"}:  # which could be an order
        body = with_value({"symbol": "SOL_USDC"}, field, HOSTILE[value])
        answer = target.signed("DELETE", ORDER, "orderCancel", body)
        assert answer.status == 400, (value, answer)


@pytest.mark.parametrize(
    ("path", "instruction", "field"),
    [
        (ORDER, "orderQuery", "orderId"),
        (ORDER, "orderQuery", "clientId"),
        ("/api/v1/account/limits/order", "maxOrderQuantity", "price"),
    ],
)
def test_a_hostile_value_of_a_query_is_a_400_that_names_the_field(target, path, instruction, field):
    for value in ("1e5", "-1", "", "９", "NaN", str(1 << 64), "0x1", "1" * 500):
        fields = {"symbol": "SOL_USDC", "side": "Bid", field: value}
        answer = target.signed_query(path, instruction, fields)
        assert (answer.status, json.loads(answer.body)["field"]) == (400, field), value


@pytest.mark.parametrize(("method", "path", "instruction"), CALLS)
def test_a_hostile_body_is_refused(target, method, path, instruction):
    for name in HOSTILE_BODIES.keys() - {"nothing"}:
        answer = target.signed(method, path, instruction, HOSTILE_BODIES[name])
        assert answer.status in {400, 401, 413}, (name, answer)
        assert answer.code in {"INVALID_CLIENT_REQUEST", "INVALID_SIGNATURE"}, name


@pytest.mark.parametrize("value", ["NaN", "1e999999", "true", '"007"', "[1]", '{"a": 1}'])
def test_a_hostile_order_in_a_batch(target, value):
    order = with_value(LIMIT, "price", value)
    answer = target.signed("POST", ORDERS, "orderExecute", b"[" + order + b"]")
    if answer.status == 200:
        assert [result["operation"] for result in json.loads(answer.body)] == ["Err"]
    else:
        assert answer.status == 400


def test_a_hostile_value_without_a_signature_is_no_5xx_either(target):
    for value, text in HOSTILE.items():
        body = with_value(LIMIT, "price", text)
        assert target.request("POST", ORDER, body).status in {400, 401}, value
