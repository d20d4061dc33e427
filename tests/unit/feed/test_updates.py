"""Private updates have the keys and forms of the lines that were captured (contract A7)."""

import json
import re
from decimal import Decimal

import pytest
from venue.local import LocalExchange

from truebook.feed.account_orders import AccountOrders
from truebook.feed.events import Accepted, Closed, Fill, TriggerFailed, TriggerPlaced
from truebook.messages import (
    ACCEPTED_RESTS,
    ACCEPTED_TRIGGERED,
    ORDER_HAS_CLIENT_ID,
    ORDER_PERCENT,
    ORDER_RISES,
    ORDER_TIME_SHIFT,
    ORDER_TRIGGER,
    ORDER_TYPE_SHIFT,
    CloseReason,
    OrderType,
    RejectCode,
    Side,
)
from truebook.queries import OrderRow

ACCEPTED = """
{"E":1748288615134547,"O":"USER","Q":"3568.3445","S":"Ask","T":1748288615133255,"V":"RejectTaker",
"X":"New","Z":"0","e":"orderAccepted","f":"GTC","i":"114575842681290753","o":"LIMIT","p":"178.15",
"q":"20.03","r":false,"s":"SOL_USDC","t":null,"z":"0"}"""
FILLED = """
{"E":1754939110175879,"L":"4299.16","N":"ETH","O":"USER","Q":"4.30","S":"Bid","T":1754939110174705,
"V":"RejectTaker","X":"Filled","Z":"4.299160","e":"orderFill","f":"GTC","i":"5406825793",
"l":"0.0010","m":false,"n":"0.000001","o":"MARKET","q":"0.0010","r":false,"s":"ETH_USDC",
"t":2888471,"z":"0.0010"}"""
PLACED = """
{"E":1748288167010366,"O":"USER","P":"178.05","Q":"0","S":"Ask","T":1748288167009460,
"V":"RejectTaker","X":"TriggerPending","Y":"20.03","Z":"0","e":"triggerPlaced","f":"GTC",
"i":"114575813313101824","o":"LIMIT","p":"178.15","q":"0","r":false,"s":"SOL_USDC","t":null,
"z":"0"}"""
CANCELLED = """
{"B":"LastPrice","E":1748289564405220,"O":"USER","P":"178.55","S":"Ask","T":1748289564404373,
"V":"RejectTaker","X":"Cancelled","Y":"80%","Z":"0","e":"orderCancelled","f":"GTC",
"i":"114575904705282048","o":"MARKET","q":"0","r":false,"s":"SOL_USDC","t":null,"z":"0"}"""

AMOUNTS = set("qQpPzZlLn")
ACCOUNT = 3
TIME_MS = 1_748_288_167_010
PENDING = ORDER_TRIGGER | ORDER_RISES
MARKET_TYPE = OrderType.MARKET << ORDER_TYPE_SHIFT
BY_QUOTE = OrderType.MARKET_BY_QUOTE << ORDER_TYPE_SHIFT
SOL, ETH = 0, 2


@pytest.fixture
def orders():
    return AccountOrders(ACCOUNT, LocalExchange().directory)


def only(updates):
    (update,) = updates
    return json.loads(update.text)


def compare(told, captured, unlike=(), added=()):
    """The same keys, but for those that are added; the same forms; the same values, but for what
    is unlike here."""
    line = json.loads(captured)
    assert set(told) == set(line) | {"seq", *added}
    for key, value in line.items():
        assert type(told[key]) is type(value), key
        if key in ("E", "T"):
            assert len(str(told[key])) == len(str(value))
        elif key == "i":
            assert re.fullmatch("[1-9][0-9]*", told[key])
        elif key in AMOUNTS:
            assert key in unlike or Decimal(told[key]) == Decimal(value), key
        else:
            assert told[key] == value, key


def flags(*parts):
    return sum(parts) | Side.ASK | TIME_MS << ORDER_TIME_SHIFT


def placed(price=17815, quantity=2003, trigger=17805, order_flags=0, sequence=1):
    word = flags(PENDING, order_flags)
    numbers = 1, sequence, word, trigger
    return TriggerPlaced(Side.ASK, 0, ACCOUNT, 77, price, quantity, SOL, 9, *numbers)


def fired(price=17815, quantity=2003, word=0, sequence=2):
    bits = ACCEPTED_TRIGGERED | ACCEPTED_RESTS
    numbers = 5, sequence, word or flags(PENDING)
    return Accepted(Side.ASK, 0, ACCOUNT, 77, price, quantity, bits, SOL, 9, *numbers)


def closed(reason=CloseReason.CANCELLED, sequence=2):
    return Closed(reason, 0, ACCOUNT, 77, 8000, 0, Side.ASK, SOL, 2, 5, sequence)


def test_an_order_is_accepted_as_in_the_captured_line(orders):
    event = Accepted(Side.ASK, 0, ACCOUNT, 77, 17815, 2003, 1, SOL, 0, 1, 1, flags())
    compare(only(orders.accepted(event, TIME_MS)), ACCEPTED)


def test_a_fill_is_told_as_in_the_captured_line(orders):
    market = orders._directory.markets[ETH]
    spent = 429916 * market.unit * 10
    word = BY_QUOTE | TIME_MS << ORDER_TIME_SHIFT
    event = Accepted(Side.BID, 0, ACCOUNT, 77, 450000, spent, 0, ETH, 0, 1, 1, word)
    list(orders.accepted(event, TIME_MS))
    fee = 10**market.base.decimals // 10**6
    fill = Fill(0, 0, 4, 70, 429916, 10, ETH, ACCOUNT, 77, 2888471, 2, 0, fee, 0, 9, 2)
    compare(only(orders.filled(fill, TIME_MS)), FILLED, unlike={"Q"})


def test_an_order_waits_for_its_trigger_as_in_the_captured_line(orders):
    compare(only(orders.trigger_placed(placed(), TIME_MS)), PLACED, added={"B"})


def test_a_pending_order_is_cancelled_as_in_the_captured_line(orders):
    percent = ORDER_PERCENT | MARKET_TYPE
    event = placed(price=0, quantity=8000, trigger=17855, order_flags=percent)
    list(orders.trigger_placed(event, TIME_MS))
    compare(only(orders.closed(closed(), TIME_MS)), CANCELLED)


def test_parts_of_a_percent_are_told(orders):
    event = placed(quantity=1, order_flags=ORDER_PERCENT)
    assert only(orders.trigger_placed(event, TIME_MS))["Y"] == "0.01%"


def test_an_order_by_quote_waits_with_its_amount(orders):
    amount = 12 * 10 ** orders._directory.markets[SOL].quote.decimals
    event = placed(price=0, quantity=amount, order_flags=BY_QUOTE)
    told = only(orders.trigger_placed(event, TIME_MS))
    assert (told["Y"], told["q"], told["Q"]) == ("12", "0", "0")


def test_an_order_that_fires_tells_its_trigger_for_the_last_time(orders):
    list(orders.trigger_placed(placed(order_flags=ORDER_HAS_CLIENT_ID), TIME_MS))
    told = only(orders.accepted(fired(), TIME_MS))
    assert (told["e"], told["X"], told["q"]) == ("orderAccepted", "New", "20.03")
    assert (told["P"], told["B"], told["Y"]) == ("178.05", "LastPrice", "20.03")
    told = only(orders.closed(closed(sequence=3), TIME_MS))
    assert (told["X"], told["q"]) == ("Cancelled", "20.03")
    assert not told.keys() & {"P", "B", "Y"}


def test_an_order_that_fires_in_vain_says_why(orders):
    list(orders.trigger_placed(placed(), TIME_MS))
    code = RejectCode.INSUFFICIENT_FUNDS
    failed = TriggerFailed(Side.ASK, 0, ACCOUNT, 77, code, SOL, 5, 2)
    told = only(orders.trigger_failed(failed, TIME_MS))
    assert (told["e"], told["X"], told["R"]) == (
        "triggerFailed",
        "TriggerFailed",
        "InsufficientFunds",
    )
    assert (told["P"], told["q"], told["seq"]) == ("178.05", "0", 2)


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        (CloseReason.SLIPPAGE, "SlippageToleranceExceeded"),
        (CloseReason.DEADLINE, "Unknown"),
        (CloseReason.IMMEDIATE_OR_CANCEL, "ImmediateOrCancel"),
    ],
)
def test_an_order_that_expires_says_why(orders, reason, word):
    event = Accepted(Side.ASK, 0, ACCOUNT, 77, 17815, 2003, 0, SOL, 0, 1, 1, flags())
    list(orders.accepted(event, TIME_MS))
    told = only(orders.closed(closed(reason), TIME_MS))
    assert (told["e"], told["X"], told["R"]) == ("orderExpired", "Expired", word)


def test_what_an_engine_tells_of_a_pending_order_is_what_its_event_told(orders):
    list(orders.trigger_placed(placed(quantity=8000, order_flags=ORDER_PERCENT), TIME_MS))
    word = flags(PENDING, ORDER_PERCENT)
    row = OrderRow(77, ACCOUNT, SOL, 9, 17815, 8000, 8000, 0, 1, word, 17805)
    late = AccountOrders(ACCOUNT, orders._directory)
    late.load(1, [row])
    for event in (fired(), closed(sequence=3)):
        take = AccountOrders.accepted if isinstance(event, Accepted) else AccountOrders.closed
        assert list(take(late, event, TIME_MS)) == list(take(orders, event, TIME_MS))
