"""Triggers, slippage tolerances and deadlines of orders: what each becomes, what is refused."""

import json

import numpy as np
import pytest
from venue.local import LocalExchange
from venue.values import HOSTILE

from truebook.api.conditions import deadline_ms_of
from truebook.api.errors import ApiError
from truebook.api.order_payload import place_command
from truebook.api.strict_json import decode
from truebook.messages import (
    COMMAND,
    PLACE_TRIGGER,
    CommandKind,
    OrderType,
    PlaceFlag,
    TriggerFlag,
)

LIMIT = {"symbol": "SOL_USDC", "side": "Ask", "orderType": "Limit", "price": "90"}
STOP = LIMIT | {"triggerPrice": "95", "triggerQuantity": "1"}
MARKET = {"symbol": "SOL_USDC", "side": "Ask", "orderType": "Market"}
BUY = {"symbol": "SOL_USDC", "side": "Bid", "orderType": "Market", "quantity": "1"}


@pytest.fixture(scope="module")
def directory():
    return LocalExchange().directory


@pytest.fixture
def command(directory):
    def made(fields, layout=PLACE_TRIGGER, deadline_ms=0, **changes):
        body = decode(json.dumps(fields | changes).encode())
        records = place_command(body, directory, 7, 9, deadline_ms)
        return np.frombuffer(records, layout)[0]

    return made


@pytest.fixture
def refused(command):
    def refuse(fields, **changes):
        with pytest.raises(ApiError) as caught:
            command(fields, **changes)
        assert caught.value.status == 400
        return caught.value

    return refuse


def test_a_limit_order_with_a_trigger_is_as_clients_send_it(command):
    order = command(STOP)
    assert (order["kind"], order["records"]) == (CommandKind.PLACE_TRIGGER, 2)
    assert (order["price"], order["quantity"], order["trigger_price"]) == (9_000, 100, 9_500)
    assert (order["order_type"], order["trigger_flags"]) == (OrderType.LIMIT, 0)


def test_a_market_order_with_a_trigger(command):
    order = command(MARKET, triggerPrice=95.5, triggerQuantity="2.5", triggerBy="LastPrice")
    assert (order["order_type"], order["price"]) == (OrderType.MARKET, 0)
    assert (order["quantity"], order["trigger_price"]) == (250, 9_550)


@pytest.mark.parametrize(("text", "bp"), [("80%", 8_000), ("0.01%", 1), ("100%", 10_000)])
def test_a_percentage_is_of_what_will_be_available(command, text, bp):
    order = command(MARKET, triggerPrice="95", triggerQuantity=text)
    assert (order["trigger_flags"], order["quantity"]) == (TriggerFlag.PERCENT, bp)


@pytest.mark.parametrize(
    "text", ["0%", "100.01%", "1.001%", "-1%", "%", "8 0%", "８0%", "80%%", "1e1%"]
)
def test_a_percentage_that_is_none_is_refused(refused, text):
    assert refused(MARKET, triggerPrice="95", triggerQuantity=text).field == "triggerQuantity"


def test_a_trigger_is_given_whole_or_not_at_all(refused):
    text = "Must specify both `triggerPrice` and `triggerQuantity` or neither"
    for missing, given in (
        ("triggerQuantity", {"triggerPrice": "95"}),
        ("triggerPrice", {"triggerQuantity": "1"}),
    ):
        error = refused(LIMIT, quantity="1", **given)
        assert (error.code, error.message) == ("INVALID_CLIENT_REQUEST", text)
        assert error.field == missing


@pytest.mark.parametrize("by", ["MarkPrice", "IndexPrice"])
def test_a_trigger_looks_at_the_last_price_only(refused, by):
    error = refused(STOP, triggerBy=by)
    assert error.field == "triggerBy"
    assert "LastPrice" in error.message


def test_a_quantity_beside_the_trigger_must_say_the_same(command, refused):
    assert command(STOP, quantity="1.0")["quantity"] == 100
    assert command(STOP, quantity="80%", triggerQuantity="80%")["quantity"] == 8_000
    assert refused(STOP, quantity="2").field == "quantity"
    assert refused(STOP, quantity="1", triggerQuantity="80%").field == "quantity"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"triggerPrice": "0"}, "triggerPrice"),
        ({"triggerPrice": "95.001"}, "triggerPrice"),
        ({"triggerPrice": str(1 << 45)}, "triggerPrice"),
        ({"triggerQuantity": "0"}, "triggerQuantity"),
        ({"triggerQuantity": "0.001"}, "triggerQuantity"),
        ({"quoteQuantity": "5"}, "quoteQuantity"),
        ({"price": "0"}, "price"),
        ({"price": None}, "price"),
    ],
)
def test_what_a_trigger_can_not_be(refused, changes, field):
    assert refused(STOP, **changes).field == field


def test_a_slippage_tolerance_in_ticks_or_in_per_cent(command):
    ticks = command(BUY, COMMAND, slippageTolerance="5", slippageToleranceType="TickSize")
    assert (ticks["flags"], ticks["price"]) == (PlaceFlag.SLIPPAGE_TICKS, 5)
    percent = command(BUY, COMMAND, slippageTolerance="0.5", slippageToleranceType="Percent")
    assert (percent["flags"], percent["price"]) == (PlaceFlag.SLIPPAGE_BASIS_POINTS, 50)
    none = command(BUY, COMMAND, slippageTolerance="0", slippageToleranceType="Percent")
    assert (none["flags"], none["price"]) == (PlaceFlag.SLIPPAGE_BASIS_POINTS, 0)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"slippageTolerance": "5"}, "slippageToleranceType"),
        ({"slippageToleranceType": "Percent"}, "slippageTolerance"),
        ({"slippageTolerance": "5", "slippageToleranceType": "Parts"}, "slippageToleranceType"),
        ({"slippageTolerance": "0.5", "slippageToleranceType": "TickSize"}, "slippageTolerance"),
        ({"slippageTolerance": "100.01", "slippageToleranceType": "Percent"}, "slippageTolerance"),
    ],
)
def test_what_a_slippage_tolerance_can_not_be(refused, changes, field):
    assert refused(BUY, **changes).field == field


def test_a_limit_order_has_no_slippage_tolerance(refused):
    slippage = {"slippageTolerance": "5", "slippageToleranceType": "TickSize"}
    assert refused(LIMIT, quantity="1", **slippage).field == "slippageTolerance"


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        (STOP, "triggerPrice"),
        (STOP, "triggerQuantity"),
        (BUY | {"slippageToleranceType": "TickSize"}, "slippageTolerance"),
        (BUY | {"slippageToleranceType": "Percent"}, "slippageTolerance"),
    ],
    ids=lambda part: str(part)[-20:],
)
def test_no_numeric_field_takes_a_hostile_value(directory, payload, field):
    rest = json.dumps({name: other for name, other in payload.items() if name != field})
    for value, text in HOSTILE.items():
        body = f'{rest[:-1]}, "{field}": {text}}}'.encode()
        with pytest.raises(ApiError) as caught:
            place_command(decode(body), directory, 7, 9)
        assert caught.value.status == 400, value


def test_a_deadline_travels_with_the_order(command):
    assert command(BUY, COMMAND, deadline_ms=250)["deadline_ms"] == 250
    assert command(STOP, deadline_ms=250)["deadline_ms"] == 250


def test_a_deadline_can_only_be_shorter_than_usual():
    assert [deadline_ms_of(text) for text in (b"", b"1", b"5000")] == [0, 1, 5000]
    for text in (b"0", b"5001", b"-1", b"1.5", b"1" * 40, b"\xef\xbc\x91"):
        with pytest.raises(ApiError, match="X-Deadline"):
            deadline_ms_of(text)
