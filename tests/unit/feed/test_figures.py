"""Candles and figures are told when they are whole, and the last form of each one is told."""

import itertools
import json

import pytest
from venue.local import LocalExchange

from truebook import commands
from truebook.feed.candles import KEPT_SECONDS
from truebook.feed.interest import interest_in
from truebook.feed.intervals import INTERVALS
from truebook.feed.market_stream import MarketStream
from truebook.messages import OrderType, Side

MINUTE_MS = 60_000
CHANNELS = ("kline.1m.SOL_USDC", "ticker.SOL_USDC")


@pytest.fixture
def exchange():
    exchange = LocalExchange()
    for name in ("ann", "bob"):
        exchange.open_account(name, {"USDC": "100000", "SOL": "1000"})
    return exchange


def trade(exchange):
    """Account 1 sells a lot to account 2."""
    for account, side in ((1, Side.ASK), (2, Side.BID)):
        order = commands.place(
            account=account,
            market=0,
            order_id=exchange.next_order_id(),
            side=side,
            order_type=OrderType.LIMIT,
            quantity=1,
            price=10_000,
        )
        exchange.apply(order)


def told(fold, now_ms):
    """What a second later is told on the two channels."""
    messages = fold.step([], now_ms, (), True).messages
    return [json.loads(text) for channel, text in messages if channel in CHANNELS]


def test_nothing_is_told_of_candles_as_long_as_half_of_them_is_not_known(exchange):
    fold = exchange.feed._fold
    fold.has_history = True
    fold.interest = interest_in(CHANNELS)
    exchange.feed.follow = lambda position, events: None
    trade(exchange)
    fold.step(exchange.events[-2:], exchange.engine.time_ms(), (), False)
    assert told(fold, exchange.engine.time_ms()) == []
    fold.markets[0].candles.begin(0, 0)
    assert fold.markets[0].candles.load({}, 0, 0)
    assert [message["e"] for message in told(fold, fold.time_ms)] == ["kline", "ticker"]


def test_who_begins_to_listen_is_told_how_the_last_candle_ended(exchange):
    fold = exchange.feed._fold
    trade(exchange)
    fold.interest = interest_in(CHANNELS)
    later_ms = exchange.engine.time_ms() + MINUTE_MS + 2_000
    (kline,) = (message for message in told(fold, later_ms) if message["e"] == "kline")
    assert (kline["X"], kline["n"]) == (True, 1)
    assert [m for m in told(fold, later_ms + 1_000) if m["e"] == "kline"] == []


def test_only_a_candle_that_is_kept_as_a_whole_is_told_again(exchange):
    stream = MarketStream(exchange.directory.markets[0])
    for interval, day in itertools.product(INTERVALS.values(), range(0, 800, 13)):
        start_s = interval.start_of(1_790_000_000 + day * 86_400)
        first_s = stream._first_told(interval, start_s)
        end_s = interval.next_start(start_s)
        assert end_s - first_s <= KEPT_SECONDS[interval.made_of] or first_s == start_s
        assert (first_s == start_s) is (interval.name == "1month")
