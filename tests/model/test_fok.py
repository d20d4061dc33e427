"""The scan of fill-or-kill foresees exactly what matching does.

Each scan of a random run is compared with matching tried out: on a copy of the whole state, with
unlimited funds, the order is matched, and it shows whether it fills and what it costs.
"""

from copy import deepcopy

import pytest
from model.campaign import fresh_seed
from model.commands import Commands

from truebook.engine.naive import NaiveEngine, entering
from truebook.engine.naive.book import Order
from truebook.engine.naive.fok import Scan, scan
from truebook.engine.naive.journal import Journal
from truebook.engine.naive.matching import match
from truebook.engine.naive.settings import Market
from truebook.engine.naive.state import State
from truebook.messages import CloseReason, Side

PLENTY = 1 << 62


def tried_out(state: State, market: Market, order: Order) -> Scan:
    """Match a copy of the order on a copy of the state; return what the scan should have said."""
    available = state.ledger.available(order.user_id, market.held_asset(order.side))
    copy, taker = deepcopy((state, order))
    place = copy.markets[market.index]
    funds = copy.ledger.balances[taker.user_id, place.held_asset(taker.side)]
    funds.available = PLENTY
    matched = match(copy, Journal(copy), place, taker)
    if taker.remaining_qty and matched.reason != CloseReason.FILLED:
        return Scan.KILLED
    is_bid = taker.side == Side.BID
    cost = taker.executed_quote if is_bid else taker.executed_qty * place.lot_atoms
    return Scan.FILLS if cost <= available else Scan.UNFUNDED


def compare(seed: int, commands: int, monkeypatch: pytest.MonkeyPatch) -> set[Scan]:
    """Compare every scan of a run; return which outcomes came up."""
    seen: set[Scan] = set()

    def compared(state: State, market: Market, order: Order) -> Scan:
        found = scan(state, market, order)
        assert found is tried_out(state, market, order), f"seed {seed}: {order}"
        seen.add(found)
        return found

    monkeypatch.setattr(entering, "scan", compared)
    engine = NaiveEngine()
    for entries in Commands(seed, 2).inputs(commands, 64):
        engine.apply(entries)
    return seen


def test_the_scan_says_what_matching_does(monkeypatch):
    assert compare(5, 8_000, monkeypatch) == set(Scan)


@pytest.mark.night
@pytest.mark.timeout(0)
def test_the_scan_says_what_matching_does_in_half_a_million_commands(monkeypatch):
    seed = fresh_seed()
    for part in range(40):
        compare(seed + part, 12_500, monkeypatch)
