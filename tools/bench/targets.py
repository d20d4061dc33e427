"""What was aimed at, beside what was measured.

Promise: a figure that is not there says so; none is left out for being missed.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from layout import table

Sections = Mapping[str, Any]


class Target(NamedTuple):
    """One line: what it has to be at least, or at most."""

    what: str
    wanted: float
    unit: str
    measured: Callable[[Sections], float]
    at_most: bool = False


def _rate(section: str, **case: object) -> Callable[[Sections], float]:
    return lambda found: float(_one(found[section], case)["ordersPerS"])


def _latency(section: str, name: str, **case: object) -> Callable[[Sections], float]:
    return lambda found: float(_one(found[section], case)["latencyUs"][name]) / 1000


def _one(cases: Any, wanted: Mapping[str, object]) -> Any:
    for case in cases:
        if all(case[name] == value for name, value in wanted.items()):
            return case
    raise LookupError


def _growth(found: Sections) -> float:
    """By how many per cent an order costs more with the fullest book than with an empty one."""
    cases = [case for case in found["filled"] if case["mix"] == "mixed"]
    few, many = (
        pick(cases, key=lambda case: case["resting"])["cpuUsPerOrderInAll"] for pick in (min, max)
    )
    return 100 * (float(many) / float(few) - 1)


def _fanout(name: str, **case: object) -> Callable[[Sections], float]:
    return lambda found: float(_one(found["fanout"], case)[name])


TARGETS = (
    Target("HTTP, 64 connections, place and cancel", 7_500, "orders/s",
           _rate("http", mix="mixed", connections=64)),
    Target("the same, p99", 20, "ms", _latency("http", "p99", mix="mixed", connections=64), True),
    Target("CPU an order with 1M at rest against none", 10, "% more", _growth, True),
    Target("one connection, place, p50", 0.6, "ms",
           _latency("http", "p50", mix="place", connections=1), True),
    Target("the same, p99", 2, "ms", _latency("http", "p99", mix="place", connections=1), True),
    Target("batches of 20, 64 connections", 45_000, "orders/s",
           _rate("http", mix="batch", connections=64)),
    Target("websocket, one session 64 deep", 35_000, "orders/s",
           _rate("websocket", connections=1, depth=64)),
    Target("websocket, 64 sessions 16 deep", 50_000, "orders/s",
           _rate("websocket", connections=64, depth=16)),
    Target("websocket, 64 sessions one deep", 22_000, "orders/s",
           _rate("websocket", connections=64, depth=1)),
    Target("engine behind the log, burst", 600_000, "commands/s",
           lambda found: float(found["engine"]["burstPerS"])),
    Target("the same, sustained", 200_000, "commands/s",
           lambda found: float(found["engine"]["sustainedPerS"])),
    Target("fan-out to 1,000, one write an event", 150_000, "deliveries/s",
           _fanout("deliveriesPerS", over="bus", eventsPerS=0, burst=1)),
    Target("the same, coalesced", 800_000, "deliveries/s",
           _fanout("deliveriesPerS", over="bus", eventsPerS=0, burst=32)),
    Target("fan-out, 100 events/s, p99 lag", 50, "ms",
           lambda found: _one(found["fanout"], {"over": "bus", "eventsPerS": 100})["lagUs"]["p99"]
           / 1000, True),
    Target("replay from genesis, ordinary flow", 5_000_000, "commands/s",
           lambda found: 1e9 / found["recovery"]["flowReplayNsPerCommand"]),
    Target("the same, 1M orders that all rest", 5_000_000, "commands/s",
           lambda found: 1e9 / found["recovery"]["replayNsPerCommand"]),
    Target("restart to the first reply, 1M at rest", 2, "s",
           lambda found: float(found["recovery"]["restartS"]), True),
    Target("at rest: processor", 3, "%", lambda found: float(found["idle"]["cpuPercentInAll"]),
           True),
    Target("at rest: memory", 500, "MiB", lambda found: float(found["idle"]["memoryMibInAll"]),
           True),
)  # fmt: skip


def compared(found: Sections) -> str:
    """The table of all targets."""
    rows = []
    for target in TARGETS:
        wanted = f"{'≤' if target.at_most else '≥'} {target.wanted:,} {target.unit}"
        try:
            measured = target.measured(found)
        except LookupError:
            rows.append((target.what, wanted, "not measured", ""))
            continue
        is_met = measured <= target.wanted if target.at_most else measured >= target.wanted
        digits = 0 if abs(measured) >= 100 else 2
        rows.append((target.what, wanted, f"{measured:,.{digits}f}", "met" if is_met else "missed"))
    return table(("what", "wanted", "measured", ""), rows)
