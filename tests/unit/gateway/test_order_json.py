"""Orders in the contract's shape, key for key."""

import json

import numpy as np
import pytest
from venue.local import LocalExchange

from truebook.api.order_json import STATUSES, json_of_reply, json_of_row, replies_of
from truebook.api.response import encode
from truebook.messages import (
    ORDER_HAS_CLIENT_ID,
    ORDER_POST_ONLY,
    ORDER_SELF_TRADE_SHIFT,
    ORDER_SIDE_SHIFT,
    ORDER_TIME_IN_FORCE_SHIFT,
    ORDER_TIME_SHIFT,
    ORDER_TYPE_SHIFT,
    REPLY,
    OrderStatus,
    OrderType,
    SelfTrade,
    Side,
    TimeInForce,
)
from truebook.queries import OrderRow

# The captured examples of the contract, but for amounts finer than the market's.
LIMIT = """{"orderType":"Limit","id":"4228978331","clientId":123456789,"createdAt":1753626206762,
"executedQuantity":"0","executedQuoteQuantity":"0","postOnly":true,"price":"3000",
"quantity":"0.001","reduceOnly":null,"relatedOrderId":null,"selfTradePrevention":"RejectTaker",
"side":"Bid","status":"New","stopLossLimitPrice":null,"stopLossTriggerBy":null,
"stopLossTriggerPrice":null,"strategyId":null,"symbol":"ETH_USDC","takeProfitLimitPrice":null,
"takeProfitTriggerBy":null,"takeProfitTriggerPrice":null,"timeInForce":"GTC","triggerBy":null,
"triggerPrice":null,"triggerQuantity":null,"triggeredAt":null}"""
MARKET = """{"orderType":"Market","id":"4227701917","clientId":null,"createdAt":1753624283415,
"executedQuantity":"0.001","executedQuoteQuantity":"3.81428","quantity":"0.001",
"quoteQuantity":"3.82","reduceOnly":null,"relatedOrderId":null,
"selfTradePrevention":"RejectTaker","side":"Bid","status":"Filled","stopLossLimitPrice":null,
"stopLossTriggerBy":null,"stopLossTriggerPrice":null,"strategyId":null,"symbol":"ETH_USDC",
"takeProfitLimitPrice":null,"takeProfitTriggerBy":null,"takeProfitTriggerPrice":null,
"timeInForce":"GTC","triggerBy":null,"triggerPrice":null,"triggerQuantity":null,
"triggeredAt":null}"""


@pytest.fixture(scope="module")
def market():
    return LocalExchange().directory.market_by_symbol["ETH_USDC"]


def reply_of(**values):
    record = np.zeros(1, REPLY)
    for name, value in values.items():
        record[name] = value
    return replies_of(record)[0]


def test_a_limit_order_is_the_captured_example(market):
    reply = reply_of(
        order_id=4228978331,
        client_id=123456789,
        price=300_000,
        quantity=10,
        time_flags=1753626206762 << ORDER_TIME_SHIFT | ORDER_POST_ONLY | ORDER_HAS_CLIENT_ID,
    )
    assert encode(json_of_reply(reply, market)).decode() == LIMIT.replace("\n", "")


def test_a_market_order_by_quote_is_the_captured_example(market):
    reply = reply_of(
        status=OrderStatus.FILLED,
        order_id=4227701917,
        quantity=3_820_000,
        executed=10,
        executed_quote=3_814_280,
        time_flags=1753624283415 << ORDER_TIME_SHIFT
        | OrderType.MARKET_BY_QUOTE << ORDER_TYPE_SHIFT,
    )
    assert encode(json_of_reply(reply, market)).decode() == MARKET.replace("\n", "")


def test_a_market_order_by_quantity_has_no_quote_quantity(market):
    flags = OrderType.MARKET << ORDER_TYPE_SHIFT
    order = json_of_reply(reply_of(quantity=25, executed=10, time_flags=flags, status=4), market)
    assert (order["quantity"], order["quoteQuantity"]) == ("0.0025", None)
    assert (order["executedQuantity"], order["status"]) == ("0.001", "Expired")
    assert order.keys() == json.loads(MARKET).keys()


def test_flags_become_words(market):
    flags = (
        Side.ASK << ORDER_SIDE_SHIFT
        | TimeInForce.FOK << ORDER_TIME_IN_FORCE_SHIFT
        | SelfTrade.ALLOW << ORDER_SELF_TRADE_SHIFT
    )
    order = json_of_reply(reply_of(time_flags=flags), market)
    assert (order["side"], order["timeInForce"]) == ("Ask", "FOK")
    assert (order["selfTradePrevention"], order["clientId"]) == ("Allow", None)


def test_a_resting_order_tells_what_it_has_filled(market):
    row = OrderRow(
        order_id=5,
        account=1,
        market=2,
        client_id=0,
        price=300_000,
        quantity=30,
        remaining=20,
        executed_quote=3_000_000,
        priority=9,
        time_flags=1 << ORDER_TIME_SHIFT | ORDER_HAS_CLIENT_ID,
    )
    order = json_of_row(row, market)
    assert (order["status"], order["executedQuantity"]) == ("PartiallyFilled", "0.001")
    assert (order["executedQuoteQuantity"], order["clientId"]) == ("3", 0)
    assert order.keys() == json.loads(LIMIT).keys()


def test_every_status_of_an_order_has_a_word():
    assert STATUSES.keys() == set(OrderStatus) - {OrderStatus.REJECTED, OrderStatus.DONE}
