"""The engine's address space: reserved at once, backed by memory page by page as it is used.

Promise: no pool ever moves or grows, so no order waits for a copy; what was never used costs no
memory. Why it works: a private anonymous mapping without reservation is only a promise of zero
pages, on Linux as on macOS, and a fork shares its pages until they are written.
"""

import mmap
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truebook.engine.pools import OFFSETS, ORIGIN, POOLS

_NO_RESERVE = 0x4000 if sys.platform.startswith("linux") else 0x40


class Memory:
    """The pools of one engine: `address` is what the kernel is given."""

    def __init__(self) -> None:
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _NO_RESERVE
        self._mapping = mmap.mmap(-1, ORIGIN + OFFSETS["end"], flags=flags)
        if hasattr(mmap, "MADV_HUGEPAGE"):
            self._mapping.madvise(mmap.MADV_HUGEPAGE, 0, ORIGIN + OFFSETS["keys"])
        self._bytes = np.frombuffer(self._mapping, np.uint8)
        self.address = int(self._bytes.ctypes.data) + ORIGIN
        self._views = {name: self._view(name) for name in POOLS}

    def pool(self, name: str) -> NDArray[Any]:
        """The records of a pool, without a copy."""
        return self._views[name]

    def _view(self, name: str) -> NDArray[Any]:
        record, length = POOLS[name]
        start = ORIGIN + OFFSETS[name]
        return self._bytes[start : start + record.itemsize * length].view(record)

    @property
    def contents(self) -> mmap.mmap:
        """All bytes, from the beginning of the first pool."""
        return self._mapping
