"""An order payload means one order, or an error that names the field."""

import json

import numpy as np
import pytest
from venue.local import LocalExchange
from venue.values import HOSTILE

from truebook.api.conditions import ATTACHED
from truebook.api.errors import ApiError
from truebook.api.order_payload import place_command
from truebook.api.strict_json import decode
from truebook.messages import COMMAND, OrderType, PlaceFlag, SelfTrade, Side, TimeInForce

LIMIT = {
    "symbol": "SOL_USDC",
    "side": "Bid",
    "orderType": "Limit",
    "price": "100.25",
    "quantity": "1.5",
}
MARKET = {"symbol": "SOL_USDC", "side": "Ask", "orderType": "Market"}
NUMERIC = [
    (LIMIT, "price"),
    (LIMIT, "quantity"),
    (LIMIT, "clientId"),
    (MARKET, "quantity"),
    (MARKET, "quoteQuantity"),
    (LIMIT, "triggerPrice"),
    (LIMIT, "triggerQuantity"),
    (LIMIT, "stopLossTriggerPrice"),
    (LIMIT, "takeProfitLimitPrice"),
    (MARKET | {"quantity": "1"}, "slippageTolerance"),
]
ALLOWED = {("clientId", "leading zeros as number")}


@pytest.fixture(scope="module")
def directory():
    return LocalExchange().directory


@pytest.fixture
def placed(directory):
    def place(fields=None, **changes):
        payload = (fields or LIMIT) | changes
        record = place_command(decode(json.dumps(payload).encode()), directory, 7, 9)
        return np.frombuffer(record, COMMAND)[0]

    return place


@pytest.fixture
def refused(placed):
    def refuse(fields=None, **changes):
        with pytest.raises(ApiError) as caught:
            placed(fields, **changes)
        assert 400 <= caught.value.status < 500
        return caught.value

    return refuse


def test_a_limit_order_becomes_ticks_and_lots(placed):
    order = placed(clientId=42)
    assert (order["account"], order["market"], order["order_id"]) == (7, 0, 9)
    assert (order["price"], order["quantity"], order["client_id"]) == (10_025, 150, 42)
    assert order["side"] == Side.BID
    assert order["order_type"] == OrderType.LIMIT
    assert order["time_in_force"] == TimeInForce.GTC
    assert order["self_trade"] == SelfTrade.REJECT_TAKER
    assert order["flags"] == PlaceFlag.HAS_CLIENT_ID


def test_market_orders_are_by_quantity_or_by_quote(placed):
    by_quantity = placed(MARKET, quantity="2.5")
    assert (by_quantity["order_type"], by_quantity["quantity"]) == (OrderType.MARKET, 250)
    by_quote = placed(MARKET, quoteQuantity="50.000001")
    assert by_quote["order_type"] == OrderType.MARKET_BY_QUOTE
    assert by_quote["quantity"] == 50_000_001


@pytest.mark.parametrize(
    "payload",
    [
        {"orderType": "Limit", "postOnly": True, "price": "100.25", "quantity": "1.5"}
        | {"side": "Bid", "symbol": "SOL_USDC", "clientId": 42},
        {"orderType": "Limit", "price": "100", "quantity": "1", "side": "Ask"}
        | {"selfTradePrevention": "RejectMaker", "symbol": "SOL_USDC", "timeInForce": "IOC"},
        {"orderType": "Market", "quoteQuantity": "50", "side": "Bid", "symbol": "SOL_USDC"},
        {"symbol": "SOL_USDC", "side": "Bid", "quantity": "1", "clientId": 4294967295}
        | {"orderType": "Limit", "price": "100", "postOnly": False, "timeInForce": "GTC"},
        LIMIT
        | {"brokerId": 5, "reduceOnly": False, "autoLend": True, "autoLendRedeem": True}
        | {"autoBorrow": False, "autoBorrowRepay": False},
        LIMIT | {"accountId": 1, "fee": "0", "status": "Filled", "anything": None},
        LIMIT | {"price": 100.25, "quantity": 2},
        LIMIT | {"price": "100.250", "triggerPrice": None, "clientId": None, "kind": None},
    ],
)
def test_what_clients_really_send_is_an_order(placed, payload):
    assert placed(payload)["account"] == 7


@pytest.mark.parametrize(
    ("changes", "time_in_force", "post_only"),
    [
        ({"kind": "ioc"}, TimeInForce.FOK, False),
        ({"kind": "post_only"}, TimeInForce.GTC, True),
        ({"timeInForce": "IOC"}, TimeInForce.IOC, False),
        ({"timeInForce": "FOK", "postOnly": False}, TimeInForce.FOK, False),
        ({"timeInForce": "GTC", "postOnly": True}, TimeInForce.GTC, True),
    ],
)
def test_both_vocabularies_of_execution(placed, changes, time_in_force, post_only):
    order = placed(**changes)
    assert order["time_in_force"] == time_in_force
    assert bool(order["flags"] & PlaceFlag.POST_ONLY) == post_only


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "ioc", "timeInForce": "IOC"}, "kind"),
        ({"kind": "ioc", "postOnly": False}, "kind"),
        ({"kind": "post_only", "postOnly": True}, "kind"),
        ({"kind": "IOC"}, "kind"),
        ({"postOnly": True, "timeInForce": "IOC"}, "postOnly"),
        ({"postOnly": "true"}, "postOnly"),
        ({"side": "buy"}, "side"),
        ({"side": None}, "side"),
        ({"orderType": "Stop"}, "orderType"),
        ({"timeInForce": "GTD"}, "timeInForce"),
        ({"selfTradePrevention": "None"}, "selfTradePrevention"),
        ({"symbol": "SOL_USD"}, "symbol"),
        ({"symbol": None}, "symbol"),
        ({"symbol": ["SOL_USDC"]}, "symbol"),
        ({"price": None}, "price"),
        ({"quantity": None}, "quantity"),
        ({"quoteQuantity": "5"}, "quoteQuantity"),
        ({"price": "100.255"}, "price"),
        ({"price": "0"}, "price"),
        ({"quantity": "0.00"}, "quantity"),
    ],
)
def test_a_limit_order_that_cannot_be_meant_is_refused_by_field(refused, changes, field):
    assert refused(**changes).field == field


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({}, "quantity"),
        ({"quantity": "1", "quoteQuantity": "1"}, "quoteQuantity"),
        ({"quantity": "1", "price": "100"}, "price"),
        ({"quantity": "1", "postOnly": True}, "postOnly"),
        ({"quantity": "1", "kind": "post_only"}, "postOnly"),
        ({"quantity": "0"}, "quantity"),
        ({"quoteQuantity": "0"}, "quoteQuantity"),
    ],
)
def test_a_market_order_that_cannot_be_meant_is_refused_by_field(refused, changes, field):
    assert refused(MARKET, **changes).field == field


def test_messages_known_in_the_wild(refused):
    assert refused(price="100.255").message == "Price decimal too long"
    assert refused(quantity="1.001").message == "Quantity decimal too long"
    assert refused(quantity="0").message == "Quantity is below the minimum allowed value"


@pytest.mark.parametrize("field", ATTACHED)
def test_what_is_not_built_yet_is_refused_rather_than_ignored(refused, field):
    error = refused(**{field: "1"})
    assert (error.status, error.code, error.field) == (400, "NOT_IMPLEMENTED", field)


@pytest.mark.parametrize(("payload", "field"), NUMERIC, ids=lambda part: str(part)[:20])
def test_no_numeric_field_takes_a_hostile_value(directory, payload, field):
    rest = json.dumps({name: other for name, other in payload.items() if name != field})
    for value, text in HOSTILE.items():
        body = f'{rest[:-1]}, "{field}": {text}}}'.encode()
        with pytest.raises(ApiError) as caught:
            place_command(decode(body), directory, 7, 9)
        assert 400 <= caught.value.status < 500, value


@pytest.mark.parametrize(
    ("text", "client_id"), [("0", 0), ("4294967295", 4294967295), ('"42"', 42)]
)
def test_client_ids_are_32_bits(directory, text, client_id):
    body = json.dumps(LIMIT)[:-1] + f', "clientId": {text}}}'
    order = np.frombuffer(place_command(decode(body.encode()), directory, 7, 9), COMMAND)[0]
    assert order["client_id"] == client_id


@pytest.mark.parametrize("text", ["4294967296", "1.5", "-1", '"x"', "true"])
def test_a_client_id_that_does_not_fit_is_refused(refused, text):
    assert refused(clientId=json.loads(text)).field == "clientId"
