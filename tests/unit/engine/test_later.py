"""What the kernel keeps for later, at numbers that random commands don't reach: many timers, many
withdrawals, long chains of orders that fire one another."""

import numpy as np
import pytest

from truebook import commands as c
from truebook.engine.fast import FastEngine
from truebook.engine.naive import NaiveEngine
from truebook.messages import EventKind, OrderType, Side, Timer, WithdrawalState
from truebook.simulation import Simulation
from truebook.units import Grid

ACCOUNTS = 300


def venue_of(engine):
    venue = Simulation(engine)
    usd, sol = venue.add_asset("USD", 6), venue.add_asset("SOL", 6)
    venue.add_market(base=sol, quote=usd, tick=Grid(1, 2), step=Grid(1, 2))
    venue.add_account("ann", {usd: 1 << 60, sol: 1 << 60})
    for number in range(2, ACCOUNTS + 1):
        venue.add_account(f"trader {number}", {usd: 1 << 40})
    return venue


@pytest.fixture
def venues():
    return venue_of(FastEngine()), venue_of(NaiveEngine())


def told_alike(venues, records, time_ms=None):
    batch = np.frombuffer(b"".join(records), np.uint8)
    outcomes = [venue.apply(batch, time_ms) for venue in venues]
    assert outcomes[0].rows.tobytes() == outcomes[1].rows.tobytes()
    assert outcomes[0].replies.tobytes() == outcomes[1].replies.tobytes()
    fast, naive = (venue.engine for venue in venues)
    assert fast.state_hash() == naive.state_hash()
    return outcomes[0]


def test_many_timers_run_out_in_order_of_time_account_and_kind(venues):
    random = np.random.default_rng(5)
    now = 0
    for _ in range(60):
        size = int(random.integers(1, 200))
        told_alike(
            venues,
            [
                c.cancel_after(account=int(account), timeout_ms=int(timeout), timer=Timer(timer))
                for account, timeout, timer in zip(
                    random.integers(1, ACCOUNTS + 1, size),
                    random.integers(0, 40, size) * random.integers(0, 2, size) * 5,
                    random.integers(0, 2, size),
                    strict=True,
                )
            ],
            now,
        )
        now += int(random.integers(0, 20))
        fast, naive = (venue.engine for venue in venues)
        assert fast.timers() == naive.timers()
        assert fast.next_timer_ms() == naive.next_timer_ms()
    assert len(told_alike(venues, [c.tick()], now + 1_000).of(EventKind.TIMER_SET)) > 20
    assert venues[0].engine.timers() == []


def test_withdrawals_are_found_whatever_was_settled_before(venues):
    random = np.random.default_rng(6)
    ids = random.permutation(np.arange(1, 3_001)) * 977
    for part in ids.reshape(6, 500):
        requested = [
            c.request_withdrawal(account=1, asset=0, amount=1 + int(i) % 9, withdrawal_id=int(i))
            for i in part
        ]
        settled = [
            c.settle_withdrawal(withdrawal_id=int(i), state=WithdrawalState(1 + int(i) % 2))
            for i in random.choice(ids, 450)
        ]
        told_alike(venues, requested + settled)
    fast, naive = (venue.engine for venue in venues)
    assert fast.pending_withdrawals() == naive.pending_withdrawals()
    assert len(fast.pending_withdrawals(1)) == fast.counts()["withdrawals"] > 500


def test_a_reference_counts_once_among_many(venues):
    numbers = np.random.default_rng(7).integers(1, 2_000, 3_000)
    deposits = [
        c.deposit(account=1, asset=0, amount=1, reference=int(number).to_bytes(16, "little"))
        for number in numbers
    ]
    outcome = told_alike(venues, deposits)
    assert len(outcome.of(EventKind.REFERENCE_SET)) == len(set(numbers.tolist()))


def ladder_of_triggers(count):
    """Asks at 101, 102 …; bids by market that each rise with the fill of the one before."""
    common = {"account": 1, "market": 0, "quantity": 1}
    for step in range(count):
        yield c.place(
            **common, order_id=1 + step, side=Side.ASK, order_type=OrderType.LIMIT, price=101 + step
        )
        yield c.place_trigger(
            **(common | {"account": 2}),
            order_id=10_001 + step,
            side=Side.BID,
            order_type=OrderType.MARKET,
            trigger_price=101 + step,
        )
    yield c.place(
        **(common | {"account": 2}), order_id=20_001, side=Side.BID, order_type=OrderType.MARKET
    )


@pytest.mark.parametrize("event_rows", [8, 13, 64])
def test_orders_that_fire_one_another_do_so_whatever_the_size_of_the_buffer(event_rows):
    venues = venue_of(FastEngine(event_rows)), venue_of(NaiveEngine())
    outcome = told_alike(venues, ladder_of_triggers(500))
    assert len(outcome.of(EventKind.FILL)) == 500
    assert set(outcome.of(EventKind.FILL)["command"].tolist()) == {1_000}
    # The last one to fire finds nobody left.
    assert outcome.of(EventKind.CLOSED)["order_id"].tolist() == [10_500]
    assert venues[0].engine.counts()["triggers"] == 0
