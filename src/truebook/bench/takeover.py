"""How long nothing is told when the engine that publishes is gone, and what a quorum costs.

Promise: three engines as processes, and commands all the time. A takeover is counted from the
signal to the first event entry that the lost engine can't have published; so it is what a trader
would wait for, but for gateway and network.
"""

import os
import signal
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truebook import commands
from truebook.bench.resting import founding, resting
from truebook.bench.servers import Pen, Venue, end, fill, start_engine, venue_at_work
from truebook.commandlog.interface import Position
from truebook.commandlog.keyfile import attestation_key
from truebook.commandlog.valkey_publisher import ValkeyPublisher, ValkeySubscription
from truebook.messages import COMMAND_BYTES
from truebook.verify.engines import Engines, answers_channel

ENGINES = 3
_EVERY_S = 0.005
"""Between two commands."""
_LOOK_S = 0.0001
"""Between two looks at the stream: the engines need the processors."""
_ORDERS = 100_000
_PATIENCE_S = 60.0
_LATENCIES = 2_000
Told = dict[str, Any]


class Scene:
    """Engines at work, with somebody who writes commands and sees them come out."""

    def __init__(self, venue: Venue, settings: dict[str, str]) -> None:
        self._venue = venue
        self._settings = settings
        self._bus = ValkeyPublisher(venue.bus_url)
        channel = answers_channel()
        answers = ValkeySubscription(venue.bus_url, channel)
        self._status = Engines(ValkeyPublisher(venue.bus_url), answers, channel)
        self._pen = Pen(venue, 3)
        self._orders = iter(resting(_ORDERS))
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, names: Sequence[str]) -> None:
        """Start the engines of these names, and wait until they and all others have caught up."""
        for name in names:
            number = int(name.rpartition("-")[2])
            self._processes[name] = start_engine(self._venue, number, **self._settings)
        self.wait_all()

    def write(self) -> Position:
        """One order into the log."""
        return self._pen.write(next(self._orders))

    def wait_for(self, position: Position, *, writing: bool = False) -> None:
        """Until the event stream is at a position; with `writing` on meanwhile, beyond it."""
        until_s = time.perf_counter() + _PATIENCE_S
        next_s = 0.0
        while (tail := self._bus.tail().position) < position or (writing and tail == position):
            now_s = time.perf_counter()
            if now_s > until_s:
                raise RuntimeError(f"bench: nothing is published behind {tail}")
            if writing and now_s >= next_s:
                next_s = now_s + _EVERY_S
                self.write()
            time.sleep(_LOOK_S)

    def wait_all(self) -> None:
        """Until all that were started stand where the log ends."""
        until_s = time.perf_counter() + _PATIENCE_S
        position = self.write()
        while time.perf_counter() < until_s:
            found = self._status.status(len(self._processes)).values()
            there = [Position.parse(str(each["position"])) >= position for each in found]
            if len(there) == len(self._processes) and all(there):
                return
        raise RuntimeError("bench: an engine doesn't catch up")

    def publisher(self) -> str:
        """The name of the engine that publishes."""
        found = self._status.status(len(self._processes))
        return next(name for name, status in found.items() if status["active"])

    def lose(self, number: int) -> float:
        """Take the publisher away by a signal, bring it back; seconds until another published."""
        for _ in range(20):
            self.wait_for(self.write())
        # Only now: who has just started takes itself for the one until somebody else was first.
        name = self.publisher()
        process = self._processes[name]
        began_s = time.perf_counter()
        last = self.write()
        os.kill(process.pid, number)
        self.wait_for(last, writing=True)
        took_s = time.perf_counter() - began_s
        if number == signal.SIGSTOP:
            os.kill(process.pid, signal.SIGCONT)
            self.wait_all()
        else:
            process.wait()
            self.start([name])
        return took_s

    def latency(self) -> float:
        """Seconds from an order on disk to its events."""
        position = self.write()
        began_s = time.perf_counter()
        self.wait_for(position)
        return time.perf_counter() - began_s

    def close(self) -> None:
        """End the engines."""
        for process in self._processes.values():
            end(process)
        self._pen.close()
        self._status.close()
        self._bus.close()


def takeovers(count: int) -> Told:
    """`count` kills and as many stops of the engine that publishes."""
    with _scene() as scene:
        killed = [scene.lose(signal.SIGKILL) for _ in range(count)]
        stopped = [scene.lose(signal.SIGSTOP) for _ in range(count)]
    return {"takeoverMsKilled": _ms(killed), "takeoverMsStopped": _ms(stopped)}


def quorum_cost() -> Told:
    """The way from log to event stream with one engine's word, and with two that must agree."""
    return {f"eventsMsQuorum{size}": _ms(_latencies(size)) for size in (1, 2)}


def _latencies(quorum: int) -> list[float]:
    settings = {"TRUEBOOK_ENGINE_PROCESSES": str(ENGINES), "TRUEBOOK_ENGINE_QUORUM": str(quorum)}
    with _scene(**settings) as scene:
        return [scene.latency() for _ in range(_LATENCIES)]


@contextmanager
def _scene(**settings: str) -> Iterator[Scene]:
    names = [f"engine-{number}" for number in range(1, ENGINES + 1)]
    with venue_at_work() as venue:
        fill(venue, founding(), _attesters(venue, names))
        scene = Scene(venue, settings)
        try:
            scene.start(names)
            yield scene
        finally:
            scene.close()


def _attesters(venue: Venue, names: Sequence[str]) -> NDArray[np.uint8]:
    """What makes the log trust the engines."""
    keys = [bytes(attestation_key(venue.folder / "keys", name).verify_key) for name in names]
    records = [
        commands.set_attester(slot=slot, public_key=key, name=name, trusted=True)
        for slot, (name, key) in enumerate(zip(names, keys, strict=True))
    ]
    return np.frombuffer(b"".join(records), np.uint8).reshape(-1, COMMAND_BYTES)


def _ms(seconds: list[float]) -> dict[str, float]:
    """Median, 99th percentile and maximum."""
    figures: dict[str, Callable[[list[float]], float]] = {
        "median": statistics.median,
        "p99": lambda all_of_them: float(np.percentile(all_of_them, 99)),
        "max": max,
    }
    return {name: round(figure(seconds) * 1000, 2) for name, figure in figures.items()}
