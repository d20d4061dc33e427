"""Where a command's time goes: what it makes, and how long single ones take."""

import time
from typing import Any

import numpy as np

from truebook.engine.fast import FastEngine
from truebook.engine.interface import Applied
from truebook.messages import EVENT_ROW, EVENT_ROW_BYTES, EventKind

WARM_UP = 10_000
_SHOWN = (
    EventKind.REJECTED,
    EventKind.ACCEPTED,
    EventKind.FILL,
    EventKind.RESTED,
    EventKind.CLOSED,
    EventKind.BALANCE,
)


class Profile:
    """Counts what the engine makes, and which batch took longest."""

    def __init__(self, commands: int) -> None:
        self.commands = commands
        self.events = dict.fromkeys(_SHOWN, 0)
        self.event_bytes = 0
        self.reply_bytes = 0
        self.longest_ns = 0

    def read(self, applied: Applied, batch_ns: int) -> None:
        """Take in one batch."""
        kinds = np.frombuffer(applied.events, EVENT_ROW)["kind"]
        for kind in self.events:
            self.events[kind] += int((kinds == kind).sum())
        self.event_bytes += len(kinds) * EVENT_ROW_BYTES
        self.reply_bytes += len(applied.replies)
        self.longest_ns = max(self.longest_ns, batch_ns)

    def figures(self) -> dict[str, Any]:
        """Events and bytes a command, and the longest batch."""
        shown = {f"{kind.name.lower()}PerCommand": count for kind, count in self.events.items()}
        shown |= {
            "eventBytesPerCommand": self.event_bytes,
            "replyBytesPerCommand": self.reply_bytes,
        }
        per_command = {name: round(count / self.commands, 3) for name, count in shown.items()}
        return {**per_command, "longestBatchNs": self.longest_ns}


def latency_of(engine: FastEngine, entries: list[bytes]) -> dict[str, int]:
    """Percentiles of what each entry takes on the wall clock, the first ones left out."""
    taken = np.empty(len(entries), np.int64)
    clock = time.perf_counter_ns
    for number, entry in enumerate(entries):
        begin = clock()
        engine.apply(entry)
        taken[number] = clock() - begin
    warm = np.sort(taken[min(WARM_UP, len(taken) // 2) :])
    points = {"p50": 500, "p99": 990, "p99.9": 999}
    figures = {name: int(warm[len(warm) * of // 1000]) for name, of in points.items()}
    return {**figures, "max": int(warm[-1])}
