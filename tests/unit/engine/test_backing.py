"""Memory is there before it is needed, and nobody could tell but by the time it takes."""

import sys
from pathlib import Path
from threading import Event, Thread

import numpy as np
import pytest

from truebook.engine.backing import Backing
from truebook.engine.compiled import UNCOMPILED
from truebook.engine.fast import FastEngine
from truebook.engine.layout import MAP_PLACES_MAX
from truebook.engine.naive import NaiveEngine
from truebook.engine.pools import OFFSETS, POOLS
from truebook.messages import Side
from truebook.simulation import Simulation, limit_orders
from truebook.units import Grid

PAGE = 4096
ASSETS, ACCOUNTS = 5, 3

only_where_pages_can_be_seen = pytest.mark.skipif(
    sys.platform != "linux" or UNCOMPILED, reason="only Linux tells of pages, to compiled code"
)


def venue_of(engine):
    venue = Simulation(engine)
    assets = [venue.add_asset(f"A{number}", 6) for number in range(ASSETS)]
    for base in assets[1:3]:
        venue.add_market(base=base, quote=assets[0], tick=Grid(1, 2), step=Grid(1, 2))
    for number in range(1, ACCOUNTS):
        venue.add_account(f"a{number}", dict.fromkeys(assets, 1 << 60))
    return venue


def resting(first, count):
    ids = np.arange(first, first + count)
    return limit_orders(1 + ids % 2, ids % 2, Side.BID, 1 + ids % 5_000, 1, ids)


def missing(engine, name, count, first=0):
    """How many pages of these records of a pool have no memory yet (Linux: one bit a page)."""
    record, _ = POOLS[name]
    state, _ = engine.raw_state()
    begin = state + OFFSETS[name] + first * record.itemsize
    pages = begin // PAGE, (begin + count * record.itemsize - 1) // PAGE + 1
    with Path("/proc/self/pagemap").open("rb") as file:
        file.seek(pages[0] * 8)
        words = np.frombuffer(file.read((pages[1] - pages[0]) * 8), np.uint64)
    return int(np.count_nonzero(words >> np.uint64(63) == 0))


@only_where_pages_can_be_seen
def test_what_was_prepared_has_memory():
    engine = venue_of(FastEngine()).engine
    engine.prepare(orders=100_000, levels=50_000, client_ids=20_000)
    for name in ("orders", "links", "order_hashes"):
        assert missing(engine, name, 100_001) == 0
    assert missing(engine, "order_marks", 100_001 >> 6) == 0
    assert missing(engine, "levels", 50_001) == 0
    for market in range(2):
        assert missing(engine, "open_orders", ACCOUNTS, market << 22) == 0
    for group in range(2):
        assert missing(engine, "balance_hashes", 4 * ACCOUNTS, group << 24) == 0


@only_where_pages_can_be_seen
def test_orders_that_were_prepared_find_a_map_that_has_memory():
    venue = venue_of(FastEngine())
    venue.engine.prepare(orders=40_000)
    before = venue.engine.raw_state()[1]("maps")[0].item()
    venue.apply(resting(1, 40_000))
    base, bits, *_ = venue.engine.raw_state()[1]("maps")[0].item()
    assert bits > before[1]
    assert missing(venue.engine, "ids", 1 << bits, base) == 0
    assert missing(venue.engine, "ids", 1 << (bits - 1), MAP_PLACES_MAX - base) == 0


@only_where_pages_can_be_seen
def test_who_stays_ahead_has_memory_for_the_next_hundred_thousand_orders():
    venue = venue_of(FastEngine())
    for first in range(1, 60_000, 20_000):
        venue.apply(resting(first, 20_000))
        venue.engine.stay_ahead()
        assert missing(venue.engine, "orders", first + 120_000) == 0
        assert missing(venue.engine, "levels", 30_000) == 0
    assert missing(venue.engine, "orders", 1 << 20) > 0


def test_what_is_ahead_is_asked_for_once():
    venue = venue_of(FastEngine())
    assert venue.engine.stay_ahead() > 0
    assert venue.engine.stay_ahead() == 0
    venue.apply(resting(1, 1_000))
    assert venue.engine.stay_ahead() >= 1_000 * POOLS["orders"][0].itemsize
    assert venue.engine.stay_ahead() == 0


def test_more_than_there_is_room_for_is_prepared_as_far_as_there_is():
    engine = venue_of(FastEngine()).engine
    engine.prepare(levels=0, orders=-5)
    state_hash = engine.state_hash()
    backing = Backing(*engine.raw_state())
    record, length = POOLS["account_hashes"]
    assert backing._back("account_hashes", 0, 1 << 40) == record.itemsize * length
    assert engine.state_hash() == state_hash


def test_a_twin_has_nothing_to_prepare():
    engine = NaiveEngine()
    engine.prepare(orders=1_000_000)
    assert engine.stay_ahead() == 0


def test_touching_records_that_are_being_written_changes_nothing():
    fast, naive = venue_of(FastEngine()), venue_of(NaiveEngine())
    state, pool = fast.engine.raw_state()
    is_over = Event()

    def touch_again_and_again():
        while not is_over.is_set():
            Backing(state, pool).stay_ahead()

    beside = Thread(target=touch_again_and_again)
    beside.start()
    try:
        for first in range(1, 10_000, 1_000):
            batch = resting(first, 1_000)
            told = [venue.apply(batch) for venue in (fast, naive)]
            assert told[0].rows.tobytes() == told[1].rows.tobytes()
            assert told[0].replies.tobytes() == told[1].replies.tobytes()
    finally:
        is_over.set()
        beside.join()
    assert fast.engine.state_hash() == naive.engine.state_hash()
