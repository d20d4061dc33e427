"""`truebook bench recovery`: what snapshots cost, and how fast an engine is back.

Promise: everything is the real thing: a private log server and bus on a temporary folder, orders
that went through the log, a snapshot written by a fork, an engine started as a process. Times are
those of a clock on the wall. Two logs are replayed: the one whose orders all rest, and one of
ordinary flow (replaying.py).
"""

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truebook.bench.replaying import flow_replayed, timed
from truebook.bench.resting import founding, more, resting
from truebook.bench.returning import killed, restarted
from truebook.bench.servers import Venue, fill, venue_at_work
from truebook.bench.takeover import quorum_cost, takeovers
from truebook.bench.telling import print_figures, tell
from truebook.commandlog.chain import START
from truebook.commandlog.interface import GENESIS, Position
from truebook.engine.fast import FastEngine
from truebook.snapshots.file import Head, Snapshot
from truebook.snapshots.folder import kept_in
from truebook.snapshots.keeping import Keeper, Plan
from truebook.snapshots.restoring import restore

Told = dict[str, Any]
_FULL_S = 1.0
"""How long single batches are timed before and after a fork."""


def measure(orders: int, lost: int) -> Told:
    """Measure with so many resting orders, and so many times with the publisher lost."""
    with venue_at_work() as venue:
        fill(venue, founding(), resting(orders))
        told: Told = {"orders": orders}
        engine, at, replayed = _replayed(venue)
        told |= replayed | _paused(venue, engine, at)
        told |= restarted(venue) | _restored(venue)
    told |= killed(orders)
    with venue_at_work() as venue:
        told |= flow_replayed(venue, 2 * orders)
    return told | takeovers(lost) | quorum_cost()


def _replayed(venue: Venue) -> tuple[FastEngine, Position, Told]:
    """Replay from genesis, all of it from the log's server."""
    log = venue.log()
    found = timed(log)
    log.close()
    told = {
        "replayNsPerCommand": round(found.ns_per_command),
        "kernelNsPerCommand": round(found.kernel_ns_per_command),
    }
    return found.engine, found.position, told


def _paused(venue: Venue, engine: FastEngine, at: Position) -> Told:
    """Time batches of commands before, over and after the fork of a snapshot."""
    root = venue.folder / "paused"
    keeper = Keeper("bench", root, Plan(seconds=0.0), FastEngine)
    head = Head(at, GENESIS, 0, engine.time_ms(), engine.rules_version(), START, START, b"", "")

    def state() -> Snapshot:
        tables, state_hash = engine.export(), engine.state_hash()
        return Snapshot(head._replace(state_hash=state_hash), tables, b"", b"")

    entries = more(engine)
    before = _timed(engine, entries, lambda: False)
    keeper.applied(1)
    began_s = time.perf_counter()
    keeper.step(at, state)
    pause_s = time.perf_counter() - began_s
    after = _timed(engine, entries, lambda: keeper.fileno() >= 0 and not keeper.step(at, state))
    while keeper.fileno() >= 0:
        keeper.step(at, state)
        time.sleep(0.01)
    written_s = time.perf_counter() - began_s
    return {
        "pauseMs": round(pause_s * 1000, 2),
        "writtenS": round(written_s, 2),
        "snapshotBytes": kept_in(root / "bench")[0].path.stat().st_size,
        "batchUsBefore": _percentiles(before),
        "batchUsAfter": _percentiles(after),
    }


def _timed(
    engine: FastEngine, entries: Iterator[bytes], look: Callable[[], bool]
) -> NDArray[np.float64]:
    """What batches take, in seconds, for a second."""
    found = []
    end_s = time.perf_counter() + _FULL_S
    while (began_s := time.perf_counter()) < end_s:
        engine.apply(next(entries))
        found.append(time.perf_counter() - began_s)
        look()
    return np.array(found)


def _percentiles(seconds: NDArray[np.float64]) -> dict[str, float]:
    names = {"p50": 50.0, "p99": 99.0, "p999": 99.9, "max": 100.0}
    return {k: round(float(np.percentile(seconds, q)) * 1e6, 1) for k, q in names.items()}


def _restored(venue: Venue) -> Told:
    """Read, check and load the snapshot in this process."""
    log = venue.log()
    last = kept_in(venue.folder / "snapshots" / "engine-1")
    began_s = time.perf_counter()
    restored = restore(last, FastEngine, log.chain_at)
    took_s = time.perf_counter() - began_s
    log.close()
    assert restored is not None
    return {"restoreS": round(took_s, 2)}


def run(orders: int, lost: int, as_json: bool) -> None:
    """`truebook bench recovery`."""
    tell(measure(orders, lost), as_json, print_figures)
