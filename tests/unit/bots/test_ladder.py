"""What a market maker wants in the book, and what it does to get there."""

from decimal import Decimal

import pytest

from truebook.bots.client import Order
from truebook.bots.ladder import Quote, affordable, difference, ladder, skewed, steps
from truebook.bots.market import Market


def sides(quotes):
    return [q for q in quotes if q.is_bid], [q for q in quotes if not q.is_bid]


def order(market, quote, order_id="1", lots=None):
    lots = quote.quantity if lots is None else lots
    price, remaining = market.tick * quote.price, market.step * lots
    return Order(order_id, market.symbol, quote.is_bid, price, remaining)


def test_a_ladder_has_its_levels_on_both_sides_a_step_apart_and_growing(market, shape):
    bids, asks = sides(ladder(market, shape, 10_000))
    assert [bid.price for bid in bids] == [9_995, 9_990, 9_985, 9_980, 9_975]
    assert [ask.price for ask in asks] == [10_005, 10_010, 10_015, 10_020, 10_025]
    assert [bid.quantity for bid in bids] == sorted(bid.quantity for bid in bids)
    # 500 USDC at 99.95, in lots of 0.01
    assert bids[0].quantity == 500


@pytest.mark.parametrize("centre", [1, 2, 3, 7, 99, 101, 9_999, 123_457, 10**12])
def test_a_ladder_never_crosses_itself_and_every_price_is_above_zero(market, shape, centre):
    for spread_bp in (0, 1, 10, 2_000):
        quotes = ladder(market, shape._replace(spread_bp=spread_bp), centre)
        bids, asks = sides(quotes)
        assert asks
        assert all(quote.price > 0 and quote.quantity >= market.lots_min for quote in quotes)
        assert max([bid.price for bid in bids], default=0) < min(ask.price for ask in asks)
        assert len({(quote.is_bid, quote.price) for quote in quotes}) == len(quotes)


def test_while_the_reference_moves_within_a_step_no_price_changes(market, shape):
    first, second = (ladder(market, shape, centre) for centre in (10_001, 10_004))
    assert [quote.price for quote in first] == [quote.price for quote in second]


def test_when_the_reference_moves_by_a_step_one_level_at_each_end_changes(market, shape):
    resting = [order(market, quote) for quote in ladder(market, shape, 10_000)]
    wrong, missing = difference(market, ladder(market, shape, 10_005), resting)
    assert sorted(o.price for o in wrong) == [Decimal("99.75"), Decimal("100.05")]
    assert sorted(quote.price for quote in missing) == [10_000, 10_030]


def test_too_much_inventory_shifts_quotes_down_and_too_little_up_within_bounds(shape):
    assert skewed(10_000, shape, Decimal(0)) == 10_000
    assert skewed(10_000, shape, Decimal("0.5")) == 9_990
    assert skewed(10_000, shape, Decimal(50)) == 9_980
    assert skewed(10_000, shape, Decimal(-50)) == 10_020
    assert skewed(1, shape._replace(skew_bp=1_000), Decimal(1)) == 1


def test_quotes_that_can_not_be_paid_are_left_out_from_the_far_end(market, shape):
    quotes = ladder(market, shape, 10_000)
    bids, asks = sides(affordable(market, quotes, base=Decimal(13), quote=Decimal(0)))
    assert bids == []
    assert [ask.price for ask in asks] == [10_005, 10_010]


def test_what_is_right_stays_and_a_second_order_at_its_price_goes(market):
    quote = Quote(True, 9_990, 100)
    first, second = order(market, quote, "1"), order(market, quote, "2")
    assert difference(market, [quote], [first, second]) == ([second], [])


@pytest.mark.parametrize(("lots", "is_right"), [(49, False), (50, True), (200, True), (201, False)])
def test_an_order_is_right_between_half_and_twice_the_wanted_quantity(market, lots, is_right):
    quote = Quote(False, 10_010, 100)
    resting = order(market, quote, lots=lots)
    expected = ([], []) if is_right else ([resting], [quote])
    assert difference(market, [quote], [resting]) == expected


def test_an_order_on_the_other_side_at_a_wanted_price_is_wrong(market):
    quote = Quote(False, 10_010, 100)
    resting = order(market, quote)._replace(is_bid=True)
    assert difference(market, [quote], [resting]) == ([resting], [quote])


def test_sizes_suit_the_market():
    filters = {
        "price": {"tickSize": "0.1"},
        "quantity": {"stepSize": "0.00001", "minQuantity": "0.001"},
    }
    names = {"symbol": "BTC_USDC", "baseSymbol": "BTC", "quoteSymbol": "USDC"}
    bitcoin = Market.from_json(names | {"filters": filters})
    assert bitcoin.lots_worth(Decimal(500), 1_000_000) == 500
    assert bitcoin.quantity_text(500) == "0.00500"
    assert bitcoin.lots_worth(Decimal(1), 1_000_000) == bitcoin.lots_min == 100
    assert bitcoin.price_text(1_000_001) == "100000.1"
    assert Decimal(bitcoin.amount_text(Decimal("12.3456789"))) == Decimal("12.345678")


@pytest.mark.parametrize("jump", [-500, -30, -5, 0, 5, 30, 500])
def test_on_the_way_to_another_ladder_no_side_is_empty_and_nothing_crosses(market, shape, jump):
    resting = [order(market, q, str(n)) for n, q in enumerate(ladder(market, shape, 10_000))]
    wanted = ladder(market, shape, 10_000 + jump)
    todo = steps(market, *difference(market, wanted, resting))
    book = {(o.is_bid, market.ticks(o.price)) for o in resting}

    def check():
        bids, asks = ([price for is_bid, price in book if is_bid is side] for side in (True, False))
        assert bids
        assert asks
        assert max(bids) < min(asks)

    for placed, cancelled in ((todo.place, todo.make_way), (todo.place_then, todo.cancel)):
        for quote in placed:
            book.add((quote.is_bid, quote.price))
            check()
        for gone in cancelled:
            book.remove((gone.is_bid, market.ticks(gone.price)))
            check()
    assert book == {(quote.is_bid, quote.price) for quote in wanted}
