"""What a command costs as the work grows: a table and a plot.

    python tools/bench/scaling.py OUT.md OUT.svg

One market, orders of random accounts placed and cancelled at random places in batches of 4,096
while the number of price levels, of resting orders, or of accounts is held. Every level has orders:
where there are more levels than orders would fill, there are as many orders. Thread CPU time of
`Engine.apply`; memory is ready before. All points three times in turn; the plot shows the medians.
What growing takes is measured by growth.py.
"""

import mmap
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truebook import commands
from truebook.messages import Side
from truebook.simulation import Simulation, cancels, limit_orders
from truebook.units import Grid

Array = NDArray[np.int64]

BATCH = 4096
ROUNDS = 30
"""Batches of one measurement; their median counts."""
RUNS = 3
MID = 1 << 24
STEPS = {
    "levels": [10, 100, 1_000, 10_000, 100_000, 1_000_000],
    "orders": [1_000, 10_000, 100_000, 1_000_000, 10_000_000],
    "accounts": [1_000, 10_000, 100_000, 1_000_000],
}
ORDERS, LEVELS, ACCOUNTS = 100_000, 1_000, 1_000
ORDERS_OF_AN_ACCOUNT = 65_000
_FACTOR = 0x9E3779B1
"""Spreads ids that are counted up over all accounts."""


def owners_of(ids: Array, accounts: int) -> Array:
    """The accounts that place the orders with these ids."""
    owners: Array = 1 + ((ids * _FACTOR) >> 12) % accounts
    return owners


def resident_bytes() -> int:
    """The memory that this process has now (Linux)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * mmap.PAGESIZE


def venue_of(accounts: int) -> Simulation:
    """One market and that many funded accounts."""
    venue = Simulation()
    usd, sol = venue.add_asset("USD", 0), venue.add_asset("SOL", 0)
    venue.add_market(base=sol, quote=usd, tick=Grid(1, 0), step=Grid(1, 0))
    for first in range(1, accounts + 1, 1_000):
        numbers = range(first, min(first + 1_000, accounts + 1))
        records = [commands.set_account(name=f"a{n}", open_orders_max=1 << 31) for n in numbers]
        for asset, atoms in ((usd, 1 << 41), (sol, 1 << 41)):
            records += [commands.deposit(account=n, asset=asset, amount=atoms) for n in numbers]
        venue.apply(np.frombuffer(b"".join(records), np.uint8))
    return venue


def cost(levels: int, orders: int, accounts: int) -> float:
    """Nanoseconds a command."""
    random = np.random.default_rng(1)
    venue = venue_of(max(accounts, -(-orders // ORDERS_OF_AN_ACCOUNT)))
    venue.engine.prepare(orders=orders, levels=levels)
    next_id = 1

    def placed(tick: Array) -> tuple[Array, NDArray[Any]]:
        nonlocal next_id
        ids = np.arange(next_id, next_id + len(tick))
        next_id += len(tick)
        side = tick & 1
        price = np.where(side == Side.BID, MID - 1 - tick // 2, MID + 1 + tick // 2)
        return ids, limit_orders(owners_of(ids, accounts), 0, side, price, 1, ids)

    alive = np.empty(orders, np.int64)
    every_level = random.permutation(orders) % levels
    for at in range(0, orders, BATCH):
        ids, batch = placed(every_level[at : at + BATCH])
        alive[at : at + len(ids)] = ids
        venue.apply(batch)
    venue.engine.state_hash()
    spent = []
    for _ in range(ROUNDS):
        count = min(BATCH // 2, orders)
        chosen = random.choice(orders, count, replace=False)
        ids, batch = placed(random.integers(0, levels, count))
        gone = cancels(owners_of(alive[chosen], accounts), 0, alive[chosen])
        alive[chosen] = ids
        both = np.empty(2 * count, batch.dtype)
        both[::2], both[1::2] = gone, batch
        begin = time.thread_time_ns()
        venue.apply(both)
        spent.append((time.thread_time_ns() - begin) / len(both))
    return float(np.median(spent))


def svg(measured: dict[str, list[tuple[int, float]]]) -> str:
    """The three curves over powers of ten."""
    colours = {"levels": "#1b6ca8", "orders": "#c0392b", "accounts": "#27855a"}
    top = 100 * -(-max(ns for row in measured.values() for _, ns in row) // 100)
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 320" font-family="sans-serif"',
        ' font-size="12"><rect width="640" height="320" fill="white"/>',
    ]
    for ns in range(0, int(top) + 1, 100):
        y = 280 - 250 * ns / top
        parts.append(
            f'<path d="M50 {y:.0f}H620" stroke="#ddd"/><text x="10" y="{y:.0f}">{ns}</text>'
        )
    for power in range(1, 8):
        parts.append(f'<text x="{50 + 80 * (power - 0.5):.0f}" y="300">10^{power}</text>')
    for row, (name, points) in enumerate(measured.items()):
        at = [(50 + 80 * (np.log10(n) - 0.4), 280 - 250 * ns / top) for n, ns in points]
        line = " ".join(f"{x:.0f},{y:.0f}" for x, y in at)
        colour = colours[name]
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts.append(f'<text x="{60 + 90 * row}" y="20" fill="{colour}">{name}</text>')
    return "".join([*parts, "</svg>\n"])


def points() -> Iterator[tuple[str, int, dict[str, int]]]:
    """What grows, to what, and what is held."""
    for name, steps in STEPS.items():
        for n in steps:
            held = {"levels": LEVELS, "orders": ORDERS, "accounts": ACCOUNTS, name: n}
            if name == "levels":
                held["orders"] = max(ORDERS, n)
            yield name, n, held


def main(table: Path, plot: Path) -> None:
    """Measure all, write both files."""
    found: dict[tuple[str, int], list[float]] = {}
    for run in range(1, RUNS + 1):
        for name, n, held in points():
            found.setdefault((name, n), []).append(cost(**held))
            print(f"run {run}: {name} {n:,}: {found[name, n][-1]:.0f} ns", flush=True)
    lines = ["| what grows | to | ns a command | least | most |", "|---|--:|--:|--:|--:|"]
    measured: dict[str, list[tuple[int, float]]] = {name: [] for name in STEPS}
    for (name, n), ns in found.items():
        measured[name].append((n, median(ns)))
        lines.append(f"| {name} | {n:,} | {median(ns):.0f} | {min(ns):.0f} | {max(ns):.0f} |")
    table.write_text("\n".join(lines) + "\n")
    plot.write_text(svg(measured))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
