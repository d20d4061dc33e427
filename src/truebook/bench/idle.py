"""`truebook bench idle`: what a whole exchange takes while nobody wants anything of it.

Promise: `truebook up` with one engine and no bots, left alone; the share of one processor and the
memory of each process. Of shared pages each process counts its part.
"""

import asyncio
from functools import partial
from typing import Any

from truebook.bench.exchange import StartedExchange, started
from truebook.bench.processes import cpu_ns, difference, resident_bytes
from truebook.bench.telling import run_and_tell
from truebook.progress import Progress

SETTLE_S = 5.0
_MIB = 1 << 20


async def measure(seconds: float, progress: Progress) -> dict[str, Any]:
    """Start one, wait, and look."""
    progress.show("starting an exchange")
    async with started() as exchange:
        progress.show("letting it come to rest")
        await asyncio.sleep(SETTLE_S)
        progress.show(f"looking at it for {seconds:g} s")
        return await look(exchange, seconds)


async def look(exchange: StartedExchange, seconds: float) -> dict[str, Any]:
    """What its processes take, the supervisor's among them."""
    state = exchange.state()
    pids = {process.role: process.pid for process in state.processes}
    pids["supervisor"] = state.supervisor
    before = {role: cpu_ns(pid) for role, pid in pids.items()}
    await asyncio.sleep(seconds)
    taken = difference(before, {role: cpu_ns(pid) for role, pid in pids.items()})
    percent = {role: round(ns / seconds / 1e7, 2) for role, ns in taken.items()}
    memory = {role: round(resident_bytes(pid) / _MIB) for role, pid in pids.items()}
    return {
        "cpuPercentInAll": round(sum(taken.values()) / seconds / 1e7, 2),
        "memoryMibInAll": sum(memory.values()),
        "cpuPercent": percent,
        "memoryMib": memory,
    }


def run(seconds: float, as_json: bool) -> None:
    """`truebook bench idle`."""
    run_and_tell(partial(measure, seconds), as_json, show)


def show(found: dict[str, Any]) -> None:
    """A line for each process."""
    for role, percent in found["cpuPercent"].items():
        print(f"{role:12} {percent:6.2f} % of a processor {found['memoryMib'][role]:6} MiB")
    print(f"{'in all':12} {found['cpuPercentInAll']:6.2f} %{'':16} {found['memoryMibInAll']:6} MiB")
