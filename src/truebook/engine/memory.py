"""The engine's address space: reserved at once, backed by memory page by page as it is used.

Promise: no pool ever moves or grows, so no order waits for a copy; what was never used costs no
memory. Why it works: a private anonymous mapping without reservation is only a promise of zero
pages, on Linux as on macOS, and a fork shares its pages until they are written.

Large pages are found faster, but a system may take 8 ms for one: so it is told to give them where
somebody touches memory ahead of time (backing.py), and where pools begin: a small book lies there.
An order that comes to any other place before waits for a small one, some 15 µs.
"""

import mmap
import sys
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truebook.engine.pools import LARGE_PAGE, OFFSETS, ORIGIN, POOLS

_NO_RESERVE = 0x4000 if sys.platform.startswith("linux") else 0x40


class Memory:
    """The pools of one engine: `address` is what the kernel is given."""

    def __init__(self) -> None:
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _NO_RESERVE
        self._mapping = mmap.mmap(-1, ORIGIN + OFFSETS["end"], flags=flags)
        self._bytes = np.frombuffer(self._mapping, np.uint8)
        self._begin = int(self._bytes.ctypes.data)
        self.address = self._begin + ORIGIN
        small = range(0, OFFSETS["ids"], LARGE_PAGE)
        for offset in (*small, *OFFSETS.values()):
            self.large_page(self.address + offset)
        self._views = {name: self._view(name) for name in POOLS}

    def large_page(self, address: int) -> None:
        """What the system hasn't given yet of the large page around that address, it is to give at
        once. Not of pools that are touched here and there, and not where it doesn't know how (a
        kernel that was built without large pages refuses)."""
        begin = address - address % LARGE_PAGE
        place, end = max(begin - self._begin, 0), begin + LARGE_PAGE - self._begin
        if hasattr(mmap, "MADV_HUGEPAGE") and end <= ORIGIN + OFFSETS["keys"]:
            with suppress(OSError):
                self._mapping.madvise(mmap.MADV_HUGEPAGE, place, end - place)

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
