"""What was true at any moment."""

from datetime import UTC, datetime

import pytest
from venue.snapshotted import Exchange, work

from truebook.clock import ManualClock
from truebook.commandlog.interface import GENESIS, Position
from truebook.commandlog.memory import MemoryLogReader
from truebook.engine.naive.engine import NaiveEngine
from truebook.snapshots.folder import kept_by_all
from truebook.verify.travel import (
    Unknown,
    balances_at,
    depth_at,
    order_at,
    parse_moment,
    travel,
)


@pytest.fixture(scope="module")
def exchange(tmp_path_factory):
    """Ten orders, a snapshot at the sixth."""
    exchange = Exchange(tmp_path_factory.mktemp("travel"))
    node = exchange.node()
    exchange.found()
    for number in range(2, 11):
        exchange.trade(number)
        work(node)
        if number == 6:
            exchange.snapshot(node)
    yield exchange
    node.close()


def at(exchange, to):
    log = MemoryLogReader(exchange.log)
    return travel(log, kept_by_all(exchange.root), NaiveEngine, ManualClock(), to)


@pytest.mark.parametrize("orders", range(1, 11))
def test_the_book_is_as_it_was_after_each_entry(exchange, orders):
    entry = exchange.log.entries[1 + orders]
    moment = at(exchange, entry.position)
    assert moment.position == entry.position
    depth = depth_at(moment, "SOL_USDC")
    assert depth["bids"] == [[f"90.{n:02d}".rstrip("0"), "0.01"] for n in range(orders, 0, -1)]
    assert depth["asks"] == []
    assert order_at(moment, orders)["price"] == f"90.{orders:02d}".rstrip("0")
    with pytest.raises(Unknown, match=f"no order {orders + 1} rested or was pending at"):
        order_at(moment, orders + 1)


def test_balances_are_told_by_name_or_number(exchange):
    moment = at(exchange, exchange.log.entries[1].position)
    held = {"USDC": {"available": "1000", "locked": "0"}}
    assert balances_at(moment, "a") == {"account": "a", "number": 1, "balances": held}
    assert balances_at(moment, "1") == balances_at(moment, "a")
    with pytest.raises(Unknown, match="there was no account b"):
        balances_at(moment, "b")
    with pytest.raises(Unknown, match="there was no market X"):
        depth_at(moment, "X")


def test_a_time_between_two_entries_is_the_state_after_the_first(exchange):
    third, fourth = exchange.log.entries[3], exchange.log.entries[4]
    assert third.time_ms < fourth.time_ms
    assert at(exchange, parse_moment(str(third.time_ms))).position == third.position
    assert at(exchange, Position(fourth.time_ms, 0)).position in (third.position, fourth.position)
    assert at(exchange, parse_moment("9999-01-01")).position == exchange.log.entries[-1].position
    before = at(exchange, parse_moment("1970-01-01"))
    assert before.position == GENESIS
    with pytest.raises(Unknown):
        depth_at(before, "SOL_USDC")


def test_moments_are_positions_times_or_milliseconds():
    assert parse_moment("1795246042096-3") == Position(1795246042096, 3)
    expected = round(datetime(2026, 11, 21, 7, 27, 22, 96000, UTC).timestamp() * 1000)
    for text in (str(expected), "2026-11-21T07:27:22.096", "2026-11-21T08:27:22.096+01:00"):
        assert parse_moment(text).high == expected
    for text in ("yesterday", "-5", "1969-01-01", "1-2-3x", "١٢"):
        with pytest.raises(ValueError, match=text):
            parse_moment(text)
