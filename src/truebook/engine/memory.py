"""The engine's address space: reserved at once, backed by memory page by page as it is used.

Promise: no array ever moves or grows, so no order waits for a copy; what was never used costs no
memory. Why it works: a private anonymous mapping without reservation is only a promise of zero
pages, on Linux as on macOS, and a fork shares its pages until they are written.
"""

import mmap
import sys

import numpy as np
from numpy.typing import NDArray

from truebook.engine.layout import BUFFERS, POOLS, State

_NO_RESERVE = 0x4000 if sys.platform.startswith("linux") else 0x40
_PAGE = 4096


class Memory:
    """The arrays of one engine.

    `state` has them as NumPy record arrays, `table` their addresses in the order of `State`, which
    is what the kernel is given.
    """

    def __init__(self, event_rows: int, replies: int, input_records: int) -> None:
        lengths = (event_rows * 4, replies, input_records)
        sizes = [record.itemsize * length for record, length in POOLS]
        sizes += [record.itemsize * n for record, n in zip(BUFFERS, lengths, strict=False)]
        starts = [0]
        for size in sizes:
            starts.append(starts[-1] + -(-size // _PAGE) * _PAGE)
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _NO_RESERVE
        self._mapping = mmap.mmap(-1, starts[-1], flags=flags)
        whole = np.frombuffer(self._mapping, np.uint8)
        records = [record for record, _ in POOLS] + list(BUFFERS)
        starts = [*starts[:-1], starts[-2]]
        sizes.append(sizes[-1])
        arrays = []
        for record, start, size in zip(records, starts, sizes, strict=True):
            array = whole[start : start + size].view(record)
            arrays.append(array.view(np.recarray) if record.names else array)
        self.state = State(*arrays)
        base = whole.ctypes.data
        self.table: NDArray[np.int64] = np.array([base + start for start in starts], np.int64)
        self.input = memoryview(whole[starts[-1] : starts[-1] + sizes[-1]])
        self.output = memoryview(whole[starts[-4] : starts[-4] + sizes[-4]])
        self.replies = memoryview(whole[starts[-3] : starts[-3] + sizes[-3]])
