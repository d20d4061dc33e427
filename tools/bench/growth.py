"""The longest batch while a book grows, and the memory that an order takes.

    python tools/bench/growth.py [--without] [--orders N] [--rate N]

Orders of random accounts come to rest in batches of 4,096, so many a second, and MemoryAhead stays
ahead as it does in an engine's process; `--without` it every page is given when an order needs it.
Thread CPU time of `Engine.apply`; memory is that of the whole process, less what it had before.

One run is one process. Memory that another has just given back is had again for little; a minute
later a virtual machine may have given it back to its host.
"""

import argparse
import time
from contextlib import closing
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scaling import BATCH, MID, ORDERS_OF_AN_ACCOUNT, owners_of, resident_bytes, venue_of

from truebook.memoryahead import MemoryAhead
from truebook.messages import Side
from truebook.simulation import Simulation, limit_orders

LEVELS = 1_000
ACCOUNTS_MIN = 1_000


class Grown(NamedTuple):
    """What was found."""

    batch_ms: NDArray[np.float64]
    """What each batch took of the processor."""
    bytes_of_an_order: float
    seconds: float
    """On the wall."""


def grow(orders: int, rate: int, is_ahead: bool) -> Grown:
    """Place so many orders, so many a second."""
    accounts = max(ACCOUNTS_MIN, -(-orders // ORDERS_OF_AN_ACCOUNT))
    before = resident_bytes()
    venue = venue_of(accounts)
    with closing(MemoryAhead(venue.engine.stay_ahead if is_ahead else lambda: 0)) as memory:
        memory.begin()
        time.sleep(1.0)  # a venue stands a while before its first order
        began_s = time.perf_counter()
        batch_ms = _placed(venue, memory, orders, accounts, rate)
        seconds = time.perf_counter() - began_s
    venue.engine.state_hash()
    return Grown(np.array(batch_ms), (resident_bytes() - before) / orders, seconds)


def _placed(
    venue: Simulation, memory: MemoryAhead, orders: int, accounts: int, rate: int
) -> list[float]:
    random = np.random.default_rng(1)
    taken_ms = []
    began_s = time.perf_counter()
    for first in range(1, orders + 1, BATCH):
        ids = np.arange(first, min(first + BATCH, orders + 1))
        tick = random.integers(0, LEVELS, len(ids))
        side = tick & 1
        price = np.where(side == Side.BID, MID - 1 - tick // 2, MID + 1 + tick // 2)
        batch = limit_orders(owners_of(ids, accounts), 0, side, price, 1, ids)
        time.sleep(max(0.0, began_s + first / rate - time.perf_counter()))
        begin_ns = time.thread_time_ns()
        venue.apply(batch)
        taken_ms.append((time.thread_time_ns() - begin_ns) / 1e6)
        memory.applied(len(ids))
    return taken_ms


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--without", action="store_true")
    parser.add_argument("--orders", type=int, default=10_000_000)
    parser.add_argument("--rate", type=int, default=600_000)
    given = parser.parse_args()
    grown = grow(given.orders, given.rate, not given.without)
    p50, p99 = np.percentile(grown.batch_ms, (50, 99))
    print(
        f"{given.orders:,} orders in {grown.seconds:.1f} s: batches of {BATCH:,} took p50"
        f" {p50:.2f}, p99 {p99:.2f}, the first {grown.batch_ms[0]:.1f}, the longest other"
        f" {grown.batch_ms[1:].max():.1f} ms; {grown.bytes_of_an_order:.0f} bytes an order"
    )


if __name__ == "__main__":
    main()
