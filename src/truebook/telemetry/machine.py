"""What the system knows of this process: memory, processor time, files, room on disks."""

import os
import resource
import shutil
import sys
from pathlib import Path

_PAGE_BYTES = resource.getpagesize()
_KIB = 1024


def memory_bytes() -> int:
    """Resident memory; where the system doesn't tell, the most there ever was."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * _PAGE_BYTES
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * _KIB


def processor_s() -> float:
    """Processor time, of all threads, in the program and in the system."""
    used = os.times()
    return used.user + used.system


def open_files() -> int:
    """How many descriptors are open; 0 where the system doesn't tell."""
    try:
        return len(os.listdir("/proc/self/fd")) - 1
    except OSError:
        return 0


def disk_free_bytes(folder: Path) -> int | None:
    """What is left for us where a folder is; None: nobody knows."""
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None
