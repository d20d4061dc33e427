"""Maps grow while orders come and go, and nobody is lost."""

import numpy as np
import pytest

from truebook import commands as c
from truebook.engine.fast import FastEngine
from truebook.engine.naive import NaiveEngine
from truebook.limits import ORDER_COUNTER_BITS
from truebook.messages import NO_MARKET, RejectCode, Side
from truebook.simulation import Outcome, Simulation, cancels, limit_orders
from truebook.units import Grid


def venue_of(engine):
    venue = Simulation(engine)
    usd, sol = venue.add_asset("USD", 6), venue.add_asset("SOL", 6)
    venue.add_market(base=sol, quote=usd, tick=Grid(1, 2), step=Grid(1, 2))
    venue.add_account("ann", {usd: 1 << 60, sol: 1 << 60})
    return venue


def spread_ids(random, count):
    """Ids of five gateways that each count up, and some that nobody would give."""
    gateways = random.integers(0, 5, count) << ORDER_COUNTER_BITS
    ids = gateways + 1 + np.arange(count) // 2
    ids[::7] = random.integers(1, 1 << 62, len(ids[::7]))
    return np.unique(ids)


@pytest.mark.parametrize("seed", range(3))
def test_orders_are_found_while_the_map_of_their_ids_grows(seed):
    random = np.random.default_rng(seed)
    fast, naive = venue_of(FastEngine()), venue_of(NaiveEngine())
    ids = random.permutation(spread_ids(random, 12_000))
    alive = []
    for at in range(0, len(ids), 500):
        some = ids[at : at + 500]
        prices = random.integers(1, 1 << 20, len(some))
        batch = limit_orders(1, 0, Side.BID, prices, 1, some)
        alive.extend(some.tolist())
        gone = [alive.pop(random.integers(len(alive))) for _ in range(len(alive) // 8)]
        batch = np.concatenate([batch, cancels(1, NO_MARKET, gone + gone[:5])])
        told: list[Outcome] = [venue.apply(batch) for venue in (fast, naive)]
        assert told[0].rows.tobytes() == told[1].rows.tobytes()
        assert told[0].replies.tobytes() == told[1].replies.tobytes()
        for order_id in [*some.tolist(), *gone]:
            assert fast.engine.order(order_id) == naive.engine.order(order_id)
        assert fast.engine.state_hash() == naive.engine.state_hash()
    assert fast.engine.open_orders(1) == naive.engine.open_orders(1)


def test_client_ids_are_found_while_their_map_grows():
    fast, naive = venue_of(FastEngine()), venue_of(NaiveEngine())
    for start in range(1, 4_000, 400):
        placed = [
            c.place(
                account=1,
                market=0,
                order_id=number,
                side=Side.BID,
                order_type=0,
                price=1 + number,
                quantity=1,
                client_id=number * 7,
            )
            for number in range(start, start + 400)
        ]
        gone = [c.cancel(account=1, client_id=number * 7) for number in range(start, start + 90)]
        batch = np.frombuffer(b"".join(placed + gone + placed[-3:]), np.uint8)
        told = [venue.apply(batch) for venue in (fast, naive)]
        assert told[0].rows.tobytes() == told[1].rows.tobytes()
        assert set(told[0].replies["code"].tolist()) >= {RejectCode.DUPLICATE_ORDER_ID}
        assert fast.engine.state_hash() == naive.engine.state_hash()
    assert fast.engine.counts() == naive.engine.counts()
