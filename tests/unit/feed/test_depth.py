"""Level-2 depth, event by event; tests/model compares it with the engine's over long runs."""

import pytest

from truebook.feed.depth import Depth, DepthUpdate
from truebook.messages import Side

BID, ASK = Side.BID, Side.ASK


@pytest.fixture
def depth():
    depth = Depth()
    assert depth.load({90: 5, 89: 1}, {110: 7}, 10)
    return depth


def numbered(depth, event, *arguments):
    depth.number((depth.folded or depth.loaded) + 1)
    event(*arguments)


def test_nothing_is_told_before_the_levels_are_loaded():
    depth = Depth()
    depth.number(1)
    depth.accepted(BID, 1, 90, 5, True)
    assert depth.must_load
    assert depth.take() is None
    assert depth.load({90: 5}, {}, 1)
    assert depth.take() is None
    assert depth.snapshot() == ([(90, 5)], [])


def test_an_order_that_rests_adds_to_its_level(depth):
    numbered(depth, depth.accepted, BID, 1, 90, 3, True)
    assert depth.take() == DepthUpdate(11, 11, [(90, 8)], [])
    assert depth.best() == ((90, 8), (110, 7))


def test_a_taker_uses_up_levels_and_its_rest_stands_at_its_price(depth):
    numbered(depth, depth.accepted, BID, 1, 111, 10, False)
    numbered(depth, depth.filled, ASK, 110, 7, 99, 0)
    numbered(depth, depth.rested, 1, 3)
    assert depth.take() == DepthUpdate(11, 13, [(111, 3)], [(110, 0)])
    assert depth.snapshot() == ([(89, 1), (90, 5), (111, 3)], [])


def test_a_cancelled_order_leaves_its_level(depth):
    numbered(depth, depth.closed, BID, 7, 89, 1)
    assert depth.take() == DepthUpdate(11, 11, [(89, 0)], [])
    assert depth.snapshot(1) == ([(90, 5)], [(110, 7)])


def test_an_amended_order_leaves_where_it_stood(depth):
    numbered(depth, depth.accepted, ASK, 1, 120, 9, True)
    numbered(depth, depth.amended, ASK, 1, 120, 4, True)
    assert depth.take() == DepthUpdate(11, 12, [], [(120, 4)])
    numbered(depth, depth.amended, ASK, 1, 115, 6, False)
    numbered(depth, depth.rested, 1, 6)
    assert depth.take() == DepthUpdate(13, 14, [], [(115, 6), (120, 0)])


def test_an_amended_order_that_was_never_seen_needs_the_levels_again(depth):
    numbered(depth, depth.amended, BID, 5, 88, 4, False)
    numbered(depth, depth.rested, 5, 4)
    assert depth.must_load
    assert depth.take() is None
    assert not depth.load({}, {}, 11)
    assert depth.load({88: 4, 90: 2}, {110: 7}, 13)
    # All that is different is told, as one update.
    update = depth.take()
    assert (update.first, update.last) == (11, 13)
    assert set(update.bids) >= {(88, 4), (89, 0), (90, 2)}


def test_a_level_that_was_beyond_what_the_engine_told_needs_the_levels_again(depth):
    numbered(depth, depth.closed, BID, 7, 50, 1)
    assert depth.must_load


def test_a_missing_number_needs_the_levels_again(depth):
    numbered(depth, depth.accepted, BID, 1, 90, 3, True)
    depth.number(13)
    assert depth.must_load


def test_events_that_the_loaded_levels_have_in_them_are_not_counted_twice():
    depth = Depth()
    depth.number(4)
    depth.accepted(BID, 1, 90, 3, True)
    assert depth.load({90: 5}, {}, 6)
    depth.number(5)
    depth.accepted(BID, 2, 90, 2, True)
    depth.number(6)
    depth.closed(ASK, 3, 100, 1)
    assert depth.take() is None
    depth.number(7)
    depth.accepted(BID, 4, 90, 1, True)
    assert dict(depth.take().bids)[90] == 6


def test_a_tick_is_an_empty_update(depth):
    depth.number(11)
    assert depth.take() == DepthUpdate(11, 11, [], [])
    assert depth.take() is None


def test_each_period_has_a_chain_of_its_own(depth):
    numbered(depth, depth.accepted, BID, 1, 90, 1, True)
    depth.take()
    assert depth.take_period("200ms") == DepthUpdate(11, 11, [(90, 6)], [])
    numbered(depth, depth.accepted, BID, 2, 91, 1, True)
    depth.take()
    assert not depth.is_told
    assert depth.take_period("200ms") == DepthUpdate(12, 12, [(91, 1)], [])
    assert depth.take_period("1000ms") == DepthUpdate(11, 12, [(90, 6), (91, 1)], [])
    assert depth.take_period("1000ms") is None
    assert depth.told == {"": 12, "200ms": 12, "600ms": 10, "1000ms": 12}


def test_a_resumed_chain_begins_behind_its_last_update():
    depth = Depth()
    depth.load({90: 5}, {}, 8)
    depth.resume({"": 6, "200ms": 4})
    assert depth.take() is None
    for number in (5, 6, 7, 8):
        assert depth.is_behind
        depth.number(number)
        depth.accepted(BID, number, 86 + number, 1, True)
    assert not depth.is_behind
    update = depth.take()
    assert (update.first, update.last) == (7, 8)
    assert depth.take_period("200ms").first == 5


def test_a_resumed_market_without_events_since_its_last_update_has_no_gap():
    depth = Depth()
    depth.load({90: 5}, {}, 8)
    depth.resume({"": 8, "200ms": 4})
    assert depth.is_behind
    depth.end_resuming()
    assert depth.can_tell
    assert not depth.must_load
    numbered(depth, depth.accepted, BID, 1, 90, 1, True)
    assert depth.take() == DepthUpdate(9, 9, [(90, 6)], [])
    assert depth.take_period("200ms") == DepthUpdate(9, 9, [(90, 6)], [])


def test_a_resumed_market_whose_events_do_not_come_needs_the_levels_again():
    depth = Depth()
    depth.load({90: 5}, {}, 8)
    depth.resume({"": 7, "200ms": 4})
    depth.end_resuming()
    assert depth.must_load
    assert depth.load({90: 6}, {}, 9)
    assert depth.told == {"": 9, "200ms": 9, "600ms": 9, "1000ms": 9}


def test_levels_that_were_loaded_again_are_shown_once_the_update_to_them_is_told(depth):
    numbered(depth, depth.accepted, BID, 1, 91, 3, True)
    depth.take()
    depth.lose()
    assert not depth.can_show
    assert depth.load({90: 5}, {110: 7}, 20)
    assert not depth.can_show, "the last update has levels that are gone"
    assert depth.take() == DepthUpdate(12, 20, [(89, 0), (91, 0)], [])
    assert depth.can_show
    assert depth.snapshot() == ([(90, 5)], [(110, 7)])


def test_a_chain_whose_events_are_gone_begins_anew():
    depth = Depth()
    depth.load({90: 5}, {}, 8)
    depth.resume({"": 3})
    depth.number(6)
    depth.accepted(BID, 1, 90, 1, True)
    assert depth.must_load
    depth.load({90: 5}, {}, 8)
    for number in (7, 8, 9):
        depth.number(number)
    assert depth.take() == DepthUpdate(9, 9, [], [])


def test_numbers_that_are_passed_over_leave_no_gap(depth):
    numbered(depth, depth.accepted, BID, 1, 90, 3, True)
    depth.pass_over([(12, 14), (16, 16)])
    depth.number(15)
    depth.closed(BID, 1, 90, 3)
    depth.end_passing()
    assert depth.take() == DepthUpdate(11, 16, [(90, 5)], [])


def test_a_number_that_is_missing_among_those_passed_over_needs_the_levels_again(depth):
    numbered(depth, depth.accepted, BID, 1, 90, 3, True)
    depth.pass_over([(12, 12), (14, 14)])
    depth.end_passing()
    assert depth.must_load
    assert depth.folded == 14
