"""The state hash is folded when it is asked for, and what nobody touched must be what it was."""

import numpy as np
import pytest

from truebook.engine.fast import FastEngine
from truebook.engine.folding import ACCOUNTS, BALANCES, MARKETS, ORDERS, fold, scrub
from truebook.engine.naive import NaiveEngine
from truebook.messages import Side
from truebook.simulation import Simulation, cancels, limit_orders
from truebook.units import Grid

POOLS = {"orders": ORDERS, "balances": BALANCES, "accounts": ACCOUNTS, "markets": MARKETS}


def venue_of(engine):
    venue = Simulation(engine)
    usd, sol = venue.add_asset("USD", 6), venue.add_asset("SOL", 6)
    venue.add_market(base=sol, quote=usd, tick=Grid(1, 2), step=Grid(1, 2))
    venue.add_account("ann", {usd: 1 << 60, sol: 1 << 60})
    return venue


def with_orders(engine, first=1, count=100):
    venue = venue_of(engine)
    numbers = np.arange(first, first + count)
    venue.apply(limit_orders(1, 0, Side.BID, numbers, 1, numbers))
    return venue


@pytest.fixture
def engine():
    made = with_orders(FastEngine()).engine
    fold(made._state)
    return made


def scrubbed(engine, pool, count=128):
    return scrub(engine._state, POOLS[pool], 0, count)


def test_asking_seldom_or_often_gives_the_same_hash():
    fast, naive = venue_of(FastEngine()), venue_of(NaiveEngine())
    often = venue_of(FastEngine())
    for first in range(1, 1_000, 100):
        numbers = np.arange(first, first + 100)
        placed = limit_orders(1, 0, Side.ASK if first % 200 > 1 else Side.BID, 500, 1, numbers)
        batch = np.concatenate([placed, cancels(1, 0, numbers[::3])])
        for venue in (fast, naive, often):
            venue.apply(batch)
        often.engine.state_hash()
    assert fast.engine.state_hash() == naive.engine.state_hash() == often.engine.state_hash()


@pytest.mark.parametrize("pool", POOLS)
def test_what_the_kernel_wrote_passes_the_scrub(engine, pool):
    assert scrubbed(engine, pool) == -1


@pytest.mark.parametrize(
    ("pool", "slot", "field"),
    [
        ("orders", 17, "remaining"),
        ("orders", 100, "order_id"),
        ("balances", 5, "available"),
        ("balances", 100, "locked"),
        ("accounts", 1, "sequence"),
        ("markets", 0, "last_price"),
    ],
)
def test_the_scrub_finds_one_changed_bit(engine, pool, slot, field):
    engine._pool(pool)[slot][field] ^= 1 << 5
    assert scrubbed(engine, pool) == slot
    assert scrub(engine._state, POOLS[pool], slot + 1, 20) == -1


def test_the_scrub_leaves_out_what_was_not_folded_yet():
    engine = with_orders(FastEngine()).engine
    engine._pool("orders")[17]["remaining"] += 1
    assert scrubbed(engine, "orders") == -1
