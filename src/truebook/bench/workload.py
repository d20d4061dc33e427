"""Write the standard matching workloads, on which every engine is measured, as flat files.

Promise: a name, a count and a seed always give the same bytes, so that figures of different engines
belong to the same work. The records are `bench.kernel.WORKLOAD`.

    python -m truebook.bench.workload NAME OUT [--count N] [--seed S]

    flow    1 symbol, about 16k resting orders around a random-walking mid: 52 % limit, 42 % cancel,
            6 % immediate-or-cancel
    multi   100 symbols (Zipf), each like flow
    deep    1M orders resting on 100k levels; then half of the commands cancel a random one of them
            or add one back, and half are flow
    levels  1M orders on 1M price levels in random order, then all cancelled in random order
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truebook.bench.records import CANCEL, IMMEDIATE, LIMIT, WORKLOAD

Records = NDArray[Any]

MID = 1_000_000
USERS = 1000
_LIVE_MIN = 200
_LIVE_MAX = 5000


def _forget(live: list[Any], index: int) -> Any:
    """Take one out of a list whose order doesn't matter."""
    taken = live[index]
    live[index] = live[-1]
    live.pop()
    return taken


def flow(count: int, seed: int, symbols: int = 1, first_id: int = 1) -> Records:
    """Orders around a mid that walks; cancels of random earlier ones, a third of them filled."""
    rng = np.random.default_rng(seed)
    out = np.zeros(count, WORKLOAD)
    kinds = rng.choice(3, size=count, p=[0.52, 0.42, 0.06])
    sides = rng.integers(0, 2, count)
    weights = 1 / np.arange(1, symbols + 1)
    names = rng.choice(symbols, size=count, p=weights / weights.sum())
    away = rng.geometric(0.08, count)
    lots = rng.integers(1, 100, count)
    step = rng.choice([-1, 0, 1], size=count, p=[0.02, 0.96, 0.02])
    pick = rng.random(count)
    mid = np.full(symbols, MID, np.int64)
    live: list[list[tuple[int, int]]] = [[] for _ in range(symbols)]
    next_id = first_id
    for i in range(count):
        symbol = int(names[i])
        mid[symbol] += step[i]
        kind, mine = int(kinds[i]), live[symbol]
        if kind == CANCEL and len(mine) >= _LIVE_MIN:
            target, side = _forget(mine, int(pick[i] * len(mine)))
            out[i] = (CANCEL, side, symbol, 0, 0, 0, target)
            continue
        side = int(sides[i])
        toward = 1 if side else -1
        if kind == IMMEDIATE:
            price, quantity = mid[symbol] - toward * 3, int(lots[i]) * 2
        else:
            kind = LIMIT
            price, quantity = mid[symbol] + toward * int(away[i]), int(lots[i])
            mine.append((next_id, side))
            if len(mine) > _LIVE_MAX:  # forgotten, so it stays, as stale quotes do
                _forget(mine, int(pick[i] * len(mine)))
        out[i] = (kind, side, symbol, 0, price, quantity, next_id)
        next_id += 1
    return out


def multi(count: int, seed: int) -> Records:
    """A hundred symbols, some much busier than others."""
    return flow(count, seed, symbols=100)


def _far_orders(count: int, rng: np.random.Generator, first_id: int) -> Records:
    """Orders that rest 60 to 50,059 ticks from the mid."""
    out = np.zeros(count, WORKLOAD)
    side = rng.integers(0, 2, count)
    away = rng.integers(60, 50_060, count)
    out["side"] = side
    out["price"] = np.where(side == 0, MID - away, MID + away)
    out["quantity"] = rng.integers(1, 100, count)
    out["id"] = np.arange(first_id, first_id + count)
    return out


def deep(count: int, seed: int, resting: int = 1_000_000) -> Records:
    """A million orders far from the mid, of which some go and come while flow goes on."""
    rng = np.random.default_rng(seed)
    pairs = count // 4  # a quarter cancels far orders, a quarter adds them
    head = _far_orders(resting + pairs, rng, 1)
    rng.permutation(resting + pairs)  # keeps the stream of random numbers where it has always been
    near = flow(count - 2 * pairs, seed + 1, first_id=resting + pairs + 1)
    tail = np.zeros(count, WORKLOAD)
    parts = np.repeat(np.array([0, 1, 2]), [count - 2 * pairs, pairs, pairs])
    slot = rng.permutation(parts)
    tail[slot == 0] = near
    tail[slot == 1] = head[resting:]
    added = resting + np.cumsum(slot == 1)  # how many far orders exist by then
    alive = list(range(resting))
    rank = rng.random(count)
    upto = resting
    for i in np.flatnonzero(slot == 2):
        alive.extend(range(upto, int(added[i])))
        upto = int(added[i])
        k = _forget(alive, int(rank[i] * len(alive)))
        tail[i] = (CANCEL, head["side"][k], 0, 0, 0, 0, k + 1)
    return np.concatenate([head[:resting], tail])


def levels(count: int, seed: int) -> Records:
    """As many price levels as orders, added and cancelled in random order."""
    rng = np.random.default_rng(seed)
    half = count // 2
    tick = rng.permutation(half)
    out = np.zeros(2 * half, WORKLOAD)
    side = tick & 1
    out["side"][:half] = side
    out["price"][:half] = np.where(side == 0, MID - 1 - (tick >> 1), MID + 1 + (tick >> 1))
    out["quantity"][:half] = 1 + tick % 99
    out["id"][:half] = np.arange(1, half + 1)
    gone = rng.permutation(half)
    out["kind"][half:] = CANCEL
    out["side"][half:] = side[gone]
    out["id"][half:] = gone + 1
    return out


WORKLOADS: dict[str, Callable[[int, int], Records]] = {
    "flow": flow,
    "multi": multi,
    "deep": deep,
    "levels": levels,
}


def make(name: str, count: int, seed: int) -> Records:
    """The workload of that name, its users filled in."""
    made = WORKLOADS[name](count, seed)
    made["user"] = made["id"] % USERS
    return made


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Write a standard matching workload.")
    parser.add_argument("name", choices=WORKLOADS)
    parser.add_argument("out", type=Path)
    parser.add_argument("--count", type=int, default=2_000_000)
    parser.add_argument("--seed", type=int, default=7)
    chosen = parser.parse_args()
    commands = make(chosen.name, chosen.count, chosen.seed)
    commands.tofile(chosen.out)
    print(f"{chosen.name}: {len(commands):,} commands -> {chosen.out}")
