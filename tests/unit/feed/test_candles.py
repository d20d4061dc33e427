"""Candles and rolling figures are what was traded in them, however they are loaded and read."""

import random

import pytest

from truebook.feed.candles import RECENT_MAX, Candles, Traded
from truebook.feed.intervals import INTERVALS
from truebook.history import Candle

START_S = 1_790_000_000 - 1_790_000_000 % 86_400


def naive(trades, from_s, to_s):
    """One candle of the trades in a span of time."""
    inside = [t for t in trades if from_s <= t.time_s < to_s]
    if not inside:
        return None
    prices = [t.price for t in inside]
    return Candle(
        from_s,
        prices[0],
        max(prices),
        min(prices),
        prices[-1],
        sum(t.quantity for t in inside),
        sum(t.price * t.quantity for t in inside),
        len(inside),
    )


def walk(seed, count, seconds_max=400):
    dice = random.Random(seed)
    time_s, price, trades = START_S, 10_000, []
    for number in range(1, count + 1):
        time_s += dice.choice([0, 0, 1, dice.randrange(seconds_max)])
        price += dice.randrange(-5, 6)
        quantity = dice.randrange(1, 50)
        trades.append(Traded(number, time_s, price, quantity))
    return trades


def kept(trades):
    """What history has of them."""
    starts = {
        name: sorted({INTERVALS[name].start_of(t.time_s) for t in trades})
        for name in ("1s", "1m", "1h", "1d")
    }
    return {
        name: [naive(trades, s, INTERVALS[name].next_start(s)) for s in found]
        for name, found in starts.items()
    }


@pytest.mark.parametrize("name", INTERVALS)
def test_the_present_candle_of_every_interval_is_made_of_its_trades(name):
    interval = INTERVALS[name]
    candles, trades = Candles(), walk(1, 1500)
    for count, trade in enumerate(trades, 1):
        candles.trade(trade)
        if count % 13 == 0:
            start_s = interval.start_of(trade.time_s)
            expected = naive(trades[:count], start_s, interval.next_start(start_s))
            assert candles.candle(interval, start_s) == expected


@pytest.mark.parametrize("hours", [1, 24, 168])
def test_rolling_figures_are_those_of_the_last_hours(hours):
    candles, trades = Candles(), walk(2, 4000)
    step = 60 if hours <= 24 else 3600
    for count, trade in enumerate(trades, 1):
        candles.trade(trade)
        if count % 97 == 0:
            now_s = trade.time_s + count % 3 * 100
            from_s = now_s - now_s % step - hours * 3600 + step
            found, expected = (
                candles.rolling(now_s, hours),
                naive(trades[:count], from_s, now_s + 1),
            )
            assert (found and found[1:]) == (expected and expected[1:])


def test_figures_of_a_day_without_trades_are_nothing():
    candles = Candles()
    candles.trade(Traded(1, START_S, 100, 1))
    assert candles.rolling(START_S + 60).trades == 1
    assert candles.rolling(START_S + 86_400 + 60) is None


@pytest.mark.parametrize("known", [0, 1, 400, 999, 1000])
def test_loading_history_while_trades_go_on_counts_each_once(known):
    trades = walk(3, 1000, seconds_max=60)
    whole, late = Candles(), Candles()
    for trade in trades:
        whole.trade(trade)
    for trade in trades[200:]:
        late.trade(trade)
    assert late.load(kept(trades[:known]), known, 0) == (known >= 200)
    if known >= 200:
        now_s = trades[-1].time_s
        assert late.rolling(now_s) == whole.rolling(now_s)
        for interval in INTERVALS.values():
            start_s = interval.start_of(now_s)
            assert late.candle(interval, start_s) == whole.candle(interval, start_s)
        assert late.last_price == whole.last_price


def test_history_must_have_what_was_traded_before_the_feed_began():
    candles = Candles()
    assert not candles.load({}, 0, 0)
    candles.begin(7, 100)
    assert candles.last_price == 100
    assert not candles.load({}, 6, 90)
    assert not candles.is_loaded
    assert candles.load({}, 7, 100)
    assert candles.is_loaded


def test_after_a_loss_history_is_needed_again():
    candles = Candles()
    candles.begin(0, 0)
    assert candles.load({}, 0, 0)
    candles.trade(Traded(1, START_S, 100, 1))
    candles.lose()
    candles.begin(5, 110)
    candles.trade(Traded(7, START_S + 1, 120, 1))
    assert not candles.load({}, 5, 110)
    assert candles.load({"1m": [naive(walk(4, 6), START_S, START_S + 60)]}, 6, 110)
    assert candles.last_price == 120


def test_what_is_kept_is_bounded():
    candles = Candles()
    minutes = [60 * n for n in range(3 * 24 * 60)]
    hours = [3600 * n for n in range(3 * 24, 12 * 24)]
    days = [86_400 * n for n in range(12, 80)]
    for number, later_s in enumerate([*minutes, *hours, *days], 1):
        candles.trade(Traded(number, START_S + later_s, 100, 1))
    assert len(candles.recent) <= RECENT_MAX
    assert all(len(found) <= 1500 for found in candles._kept.values())
