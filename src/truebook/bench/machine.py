"""The machine that something was measured on, in words: without them a figure says nothing.

Promise: nothing that names the machine, its owner, or a path on it.
"""

import os
import platform
import re
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from truebook.commandlog.server import server_binary

_WRITES = 200
_WRITE_BYTES = 512
_PLAIN = "unknown"


def described() -> list[tuple[str, str]]:
    """What it is, line by line."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    median_us, worst_us = fsync_us()
    return [
        ("processor", f"{_processor()}, {os.cpu_count()} cores"),
        ("memory", f"{memory:.0f} GiB"),
        ("kernel", f"{platform.system()} {platform.release().partition('-')[0]}"),
        ("fsync of 512 bytes", f"{median_us:.0f} µs in the median, p99 {worst_us:.0f} µs"),
        ("Python", platform.python_version()),
        ("log and bus", _server()),
    ]


def fsync_us() -> tuple[float, float]:
    """What it takes to have a little more of a file on disk: the median and the 99th per cent."""
    taken = []
    with tempfile.TemporaryFile() as file:
        for _ in range(_WRITES):
            file.write(bytes(_WRITE_BYTES))
            file.flush()
            began_s = time.perf_counter()
            os.fsync(file.fileno())
            taken.append((time.perf_counter() - began_s) * 1e6)
    return statistics.median(taken), statistics.quantiles(taken, n=100)[98]


def _server() -> str:
    """Which server, and its version."""
    told = subprocess.run(
        [server_binary(), "--version"], capture_output=True, text=True, check=True
    )
    found = re.search(r"\bv=([0-9.]+)", told.stdout)
    name = "Valkey" if "valkey" in told.stdout.lower() else "Redis"
    return f"{name} {found[1] if found else _PLAIN}"


def _processor() -> str:
    """Its model's name."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    except OSError:
        pass
    return platform.processor() or platform.machine() or _PLAIN
