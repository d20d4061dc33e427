"""Where each process of a busy exchange spends its time: py-spy, if it is installed.

Promise: samples are of the processes at work under load, and only of the thread that does it: the
ones that wait for the supervisor's end, or for work, don't count.
"""

import asyncio
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path

from truebook.bench.driving import drive
from truebook.bench.exchange import StartedExchange, started
from truebook.bench.mixes import Desk
from truebook.bench.plan import write_plan
from truebook.bench.trading import equipped

CONNECTIONS = 64
ROLES = ("api", "engine", "feed", "store", "ws")
ROWS = 8
_RATE_HZ = 100
"""The process stands still for each sample, some tenths of a millisecond."""
_WARM_S = 1.0
_REQUESTS_PER_S = 15_000
"""More than are answered."""
_WAITING = ("_end_with", "_worker (concurrent", "select (selectors.py", "wait (threading.py")

Rows = list[tuple[str, float]]


async def profiles(seconds: float) -> dict[str, tuple[float, Rows]]:
    """For each role, how busy it was, and its heaviest functions with their shares; empty where
    there is no py-spy."""
    spy = shutil.which("py-spy") or shutil.which("py-spy", path=str(Path(sys.executable).parent))
    if spy is None:
        return {}
    with tempfile.TemporaryDirectory(prefix="truebook-bench-") as name:
        folder = Path(name)
        async with started() as exchange:
            desk = Desk(await equipped(exchange.config, CONNECTIONS, 0))
            lasting_s = seconds + 2 * _WARM_S
            each = int(lasting_s * _REQUESTS_PER_S / CONNECTIONS)
            write_plan(folder / "plan", desk.mixing(CONNECTIONS, each))
            words = (folder / "plan", *exchange.api, lasting_s, 1, 0)
            load = asyncio.create_task(drive(exchange, "orders", *words))
            await asyncio.sleep(_WARM_S)
            pids = {process.role: process.pid for process in exchange.state().processes}
            before = exchange.cpu_ns()
            recording = [_record(spy, pids[role], folder / role, seconds) for role in ROLES]
            await asyncio.gather(*recording)
            busy = _busy(exchange, before, seconds)
            await load
        return {role: (busy[role], read(folder / role)) for role in ROLES}


def _busy(exchange: StartedExchange, before: dict[str, int], seconds: float) -> dict[str, float]:
    after = exchange.cpu_ns()
    return {role: (after[role] - before[role]) / 1e9 / seconds for role in ROLES}


async def _record(spy: str, pid: int, path: Path, seconds: float) -> None:
    words = ("record", "--format", "raw", "--output", str(path), "--pid", str(pid))
    how = ("--duration", str(max(1, round(seconds))), "--rate", str(_RATE_HZ))
    process = await asyncio.create_subprocess_exec(
        spy,
        *words,
        *how,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    await process.wait()


def read(path: Path) -> Rows:
    """The heaviest functions of a recording: `file:function`, and the share of the samples."""
    counts: Counter[str] = Counter()
    if not path.exists():
        return []
    for line in path.read_text().splitlines():
        stack, _, count = line.rpartition(" ")
        innermost = stack.rpartition(";")[2]
        if not any(waiting in stack for waiting in _WAITING):
            counts[_named(innermost)] += int(count)
    total = sum(counts.values()) or 1
    return [(name, count / total) for name, count in counts.most_common(ROWS)]


def _named(frame: str) -> str:
    """`function (folder/file.py:12)` as `folder/file.py function`."""
    function, _, place = frame.partition(" (")
    return f"{place.rpartition(':')[0]} {function}".strip()
