"""What a process does with memory that it has given back: keep it for the next batch.

Promise: nothing but speed changes. glibc gives blocks from 128 KiB on, and the end of its heap,
back to the system at once; a process that handles batches of some hundred KiB so takes the same
pages anew for each, cleared by the system one by one: a fifth of an engine's time in a burst.
"""

import ctypes
import sys

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3
"""malloc.h's M_…"""
BLOCK_BYTES_MAX = 32 << 20
"""Larger ones come from the system as before; glibc allows no more."""
KEPT_BYTES_MAX = 64 << 20
"""Of the heap's end: what a process may hold longer than it needs it."""
TAKEN_BYTES = 4 << 20
"""By how much the heap grows at once."""


def keep_freed_memory() -> None:
    """Tell glibc so; elsewhere nothing happens."""
    if not sys.platform.startswith("linux"):
        return
    try:
        set_option = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return  # another library of C
    for option, value in (
        (_MMAP_THRESHOLD, BLOCK_BYTES_MAX),
        (_TRIM_THRESHOLD, KEPT_BYTES_MAX),
        (_TOP_PAD, TAKEN_BYTES),
    ):
        set_option(option, value)
