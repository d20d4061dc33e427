"""The research interface: arrays in, arrays out."""

import runpy

import numpy as np
import pytest
from rules.source_tree import ROOT

from truebook.messages import EventKind, OrderStatus, Side
from truebook.simulation import Simulation, cancels, limit_orders
from truebook.units import Grid


@pytest.fixture
def venue():
    made = Simulation()
    usd, sol = made.add_asset("USD", 6), made.add_asset("SOL", 6)
    made.add_market(base=sol, quote=usd, tick=Grid(1, 2), step=Grid(1, 2))
    made.add_account("ann", {usd: 10**12, sol: 10**12})
    return made


def test_trades_come_back_as_an_array(venue):
    batch = limit_orders(1, 0, [Side.ASK, Side.BID], [100, 101], [5, 3], [1, 2], self_trade=3)
    outcome = venue.apply(batch)
    fills = outcome.of(EventKind.FILL)
    assert fills["price"].tolist() == [100]
    assert fills["quantity"].tolist() == [3]
    assert outcome.replies["status"].tolist() == [OrderStatus.NEW, OrderStatus.FILLED]
    bids, asks = venue.depth(0)
    assert (bids.tolist(), asks.tolist()) == ([], [[100, 2]])


def test_more_than_one_entry_of_commands_is_one_batch(venue):
    ids = np.arange(1, 10_001)
    venue.apply(limit_orders(1, 0, Side.BID, ids, 1, ids))
    assert venue.engine.counts()["orders"] == 10_000
    outcome = venue.apply(cancels(1, 0, ids))
    assert len(outcome.of(EventKind.CLOSED)) == 10_000
    assert venue.balances(0)[1].tolist() == [10**12, 0]


def test_an_empty_batch_is_nothing(venue):
    outcome = venue.apply(cancels(1, 0, []))
    assert len(outcome.rows) == len(outcome.replies) == 0


def test_a_refused_setting_raises(venue):
    with pytest.raises(ValueError, match="refused"):
        venue.add_asset("USD", 6)


def test_the_example_runs(capsys):
    example = runpy.run_path(str(ROOT / "examples" / "market_maker.py"))
    figures = example["main"]()
    assert figures["trades"] > 10_000
    assert figures["venue's dollars"] > 0
