"""What processes take of the processors and of memory, from /proc.

Promise: nanoseconds as the scheduler counts them, over all threads that live at the moment; where
there is no /proc nothing is told. Nothing is asked of the processes themselves.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from truebook.datafolder import Process

_PROC = Path("/proc")


def cpu_ns_by_role(processes: Iterable[Process]) -> dict[str, int]:
    """What the processes of each role have taken so far."""
    taken: dict[str, int] = {}
    for process in processes:
        if process.pid:
            taken[process.role] = taken.get(process.role, 0) + cpu_ns(process.pid)
    return taken


def cpu_ns(pid: int) -> int:
    """What one process has taken so far; 0 if it is gone."""
    taken = 0
    try:
        for thread in (_PROC / str(pid) / "task").iterdir():
            taken += int((thread / "schedstat").read_text().split()[0])
    except OSError:
        pass  # a thread that has ended since
    return taken


def resident_bytes(pid: int) -> int:
    """The memory of a process, each shared page counted by its share; 0 if it is gone."""
    try:
        for line in (_PROC / str(pid) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


def difference(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, int]:
    """What was taken in between, by role."""
    return {role: taken - before.get(role, 0) for role, taken in after.items()}
