"""What a market maker earns that quotes both sides while others trade at random.

Run it with `python examples/market_maker.py`. It builds a market, rests a ladder of quotes, sends
100,000 random orders as arrays, and reads trades, depth and balances back as arrays.
"""

import numpy as np

from truebook.messages import EventKind, Side, TimeInForce
from truebook.simulation import Simulation, limit_orders
from truebook.units import Grid

ORDERS = 100_000
MID = 10_000  # ticks


def main() -> dict[str, float]:
    """Simulate; the figures that are printed."""
    venue = Simulation()
    usd, sol = venue.add_asset("USD", 6), venue.add_asset("SOL", 6)
    market = venue.add_market(base=sol, quote=usd, tick=Grid(1, 2), step=Grid(1, 2))
    venue.set_fees(maker_bp=0, taker_bp=5)
    funds = {usd: 10**15, sol: 10**13}
    maker = venue.add_account("maker", funds)
    crowd = [venue.add_account(f"trader {i}", funds) for i in range(10)]

    rungs = np.arange(1, 51)
    ids = np.arange(1, 101)
    bids = limit_orders(maker, market, Side.BID, MID - rungs, 40_000, ids[:50])
    asks = limit_orders(maker, market, Side.ASK, MID + rungs, 40_000, ids[50:])
    venue.apply(np.concatenate([bids, asks]))

    random = np.random.default_rng(1)
    sides = random.integers(0, 2, ORDERS)
    away = random.integers(0, 40, ORDERS)
    outcome = venue.apply(
        limit_orders(
            random.choice(crowd, ORDERS),
            market,
            sides,
            np.where(sides == Side.BID, MID + away, MID - away),
            random.integers(1, 100, ORDERS),
            np.arange(101, 101 + ORDERS),
            time_in_force=TimeInForce.IOC,
        )
    )
    fills = outcome.of(EventKind.FILL)
    best_bids, best_asks = venue.depth(market, 1)
    return {
        "trades": len(fills),
        "lots": int(fills["quantity"].sum()),
        "spread in ticks": int(best_asks[0, 0] - best_bids[0, 0]),
        "maker's dollars": float(venue.balances(usd)[maker].sum() - funds[usd]) / 10**6,
        "venue's dollars": float(venue.balances(usd)[0, 0]) / 10**6,
    }


if __name__ == "__main__":
    for name, figure in main().items():
        print(f"{name:16} {figure:>16,.2f}")
