"""What each thing that a command does costs: fitted to many small entries.

Promise: the parts are estimated, not measured one by one, and say so: entries of 64 commands differ
in how many orders they let rest, fill and cancel, and the least squares over thousands of them tell
what one of each takes. `entry` is what an entry takes whatever is in it, the call from Python
included; `balance` telling one balance that moved, and what its first touch in an entry costs.
`explained` is the share of the differences between entries that the parts account for: with little
of it, the machine was busy with something else.
"""

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truebook.engine.fast import FastEngine
from truebook.messages import ACCEPTED_RESTS, EVENT_ROW, EventKind

COMMANDS_OF_AN_ENTRY = 64
PARTS = ("entry", "rest", "take", "fill", "cancel", "reject", "balance")
_OUTLIERS = 0.02
"""So many entries were interrupted; they tell of the machine, not of the engine."""


def counts_of(events: bytes) -> list[int]:
    """How many of each of PARTS the events tell of."""
    rows = np.frombuffer(events, EVENT_ROW)
    kinds = rows["kind"]
    accepted = np.flatnonzero(kinds == EventKind.ACCEPTED)
    resting = int((rows["detail"][accepted + 1] & ACCEPTED_RESTS).sum())
    counted = (EventKind.FILL, EventKind.CLOSED, EventKind.REJECTED, EventKind.BALANCE)
    others = [int((kinds == kind).sum()) for kind in counted]
    return [1, resting, len(accepted) - resting, *others]


def fit(counts: NDArray[Any], taken_ns: NDArray[Any]) -> dict[str, float]:
    """Nanoseconds for one of each part that occurs at all."""
    usual = taken_ns <= np.quantile(taken_ns, 1 - _OUTLIERS)
    counts, taken_ns = counts[usual].astype(float), taken_ns[usual].astype(float)
    occurring = counts.sum(axis=0) != 0
    each, *_ = np.linalg.lstsq(counts[:, occurring], taken_ns, rcond=None)
    unexplained = taken_ns - counts[:, occurring] @ each
    names = [name for name, occurs in zip(PARTS, occurring.tolist(), strict=True) if occurs]
    figures = {name: round(float(ns), 1) for name, ns in zip(names, each, strict=True)}
    return {**figures, "explained": round(1 - float(unexplained.var() / taken_ns.var()), 3)}


def parts_of(engine: FastEngine, entries: list[NDArray[np.uint8]]) -> dict[str, float]:
    """Apply the entries one by one and tell what their parts take, thread CPU time."""
    taken = np.empty(len(entries), np.int64)
    counts = np.empty((len(entries), len(PARTS)), np.int64)
    for number, entry in enumerate(entries):
        begin = time.thread_time_ns()
        applied = engine.apply(entry)
        taken[number] = time.thread_time_ns() - begin
        counts[number] = counts_of(applied.events)
    warm = len(entries) // 4
    return fit(counts[warm:], taken[warm:])
