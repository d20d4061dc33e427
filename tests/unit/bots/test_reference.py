"""The price that a market maker quotes around."""

from decimal import Decimal

import pytest

from truebook.bots.maker import anchor_of
from truebook.bots.reference import Walk, read_prices, toward
from truebook.config import UserError

TICK = Decimal("0.01")


def walk(seed="1:SOL_USDC", start=10_000, volatility_bp=1.0):
    return Walk(seed, anchor=10_000, start=start, volatility_bp=volatility_bp, step_s=0.5)


def test_the_same_seed_gives_the_same_walk_and_another_seed_another():
    first, second, other = walk(), walk(), walk("2:SOL_USDC")
    seconds = range(0, 2_000, 7)
    prices = [first.price(s) for s in seconds]
    assert prices == [second.price(s) for s in seconds]
    assert prices != [other.price(s) for s in seconds]
    assert len(set(prices)) > 20


def test_a_walk_does_not_depend_on_how_often_it_is_asked():
    often, seldom = walk(), walk()
    for tenth in range(1_000):
        often.price(tenth / 10)
    assert often.price(100) == seldom.price(100)


def test_a_walk_stays_within_its_reach_and_comes_back():
    wild = walk(volatility_bp=100)
    prices = [wild.price(s) for s in range(20_000)]
    assert 9_200 <= min(prices) < 9_900
    assert 10_100 < max(prices) <= 10_800
    assert 9_800 < sum(prices) / len(prices) < 10_200


def test_a_walk_begins_where_the_market_is_and_returns_from_there():
    calm = walk(start=10_700, volatility_bp=0)
    assert calm.price(0) == 10_700
    assert calm.price(10_000) < 10_500
    assert walk(start=99_999).price(0) == 10_800


def test_prices_of_a_file_last_until_the_next_and_come_again(tmp_path):
    path = tmp_path / "prices.csv"
    path.write_text("time,price\n100,1.00\n102,1.50\n103.5,2\n")
    prices = read_prices(path, TICK, 1.0)
    seen = [prices.price(s) for s in (0, 1.9, 2, 3.4, 3.5, 5.2, 5.25, 7.25)]
    assert seen == [100, 100, 150, 150, 200, 200, 100, 150]


def test_one_price_a_line_lasts_a_step(tmp_path):
    path = tmp_path / "prices.csv"
    path.write_text("1\n2\n\n3\n")
    prices = read_prices(path, TICK, 10.0)
    assert [prices.price(s) for s in (0, 9, 10, 29, 30)] == [100, 100, 200, 300, 100]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "has no prices"),
        ("1\nx\n", "line 2: not a price"),
        ("1\n0\n", "line 2: the price is below one tick"),
        ("1,1\n1,2\n", "times must grow"),
        ("1\nNaN\n", "line 2: not a price"),
        ("1,1\nInfinity,2\nNaN,3\n", "line 2: not a price"),
    ],
)
def test_a_file_without_sensible_prices_is_refused_with_the_place(tmp_path, text, reason):
    path = tmp_path / "prices.csv"
    path.write_text(text)
    with pytest.raises(UserError, match=reason):
        read_prices(path, TICK, 1.0)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UserError, match=r"bots\.prices: can't read .*none\.csv"):
        read_prices(tmp_path / "none.csv", TICK, 1.0)


def test_a_distant_price_is_approached_step_by_step():
    assert toward(10_000, 10_050) == 10_050
    assert toward(10_000, 20_000) == 10_100
    assert toward(10_000, 1) == 9_900
    assert toward(3, 10) == 4


@pytest.mark.parametrize(
    ("configured", "last", "anchor"),
    [(None, None, None), (100, None, 100), (None, 90, 90), (100, 115, 100), (100, 250, 250)],
)
def test_the_anchor_is_the_configured_price_unless_the_market_is_elsewhere(
    configured, last, anchor
):
    configured, last, anchor = (p and Decimal(p) for p in (configured, last, anchor))
    assert anchor_of(configured, last) == anchor
