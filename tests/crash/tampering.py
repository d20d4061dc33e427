"""Editing the memory of a running engine from outside, as somebody with a debugger would.

The engine's whole state lies in one piece, and every pool begins at a known distance from its start
(engine/layout.py); /proc/PID/mem reads and writes it. Linux only.
"""

import contextlib
import os
from pathlib import Path

import numpy as np

from truebook.engine.layout import ACCOUNT_BITS, NO_LEVEL_KEY
from truebook.engine.pools import OFFSETS, ORIGIN, POOLS

IS_POSSIBLE = Path("/proc/self/mem").exists()


class EngineMemory:
    """Of a process; only of one that a test has started."""

    def __init__(self, pid):
        self._path = Path(f"/proc/{pid}/mem")
        self._start = self._find(Path(f"/proc/{pid}/maps"))

    def _find(self, maps):
        """Where the state begins: at a known distance from the beginning of some mapping, which
        what stands there tells."""
        for line in maps.read_text().splitlines():
            self._start = int(line.partition("-")[0], 16) + ORIGIN
            with contextlib.suppress(OSError, ValueError):
                is_state = self.read("levels", 0)["key"][0] == NO_LEVEL_KEY
                if is_state and self.read("accounts", 0)["name"].tobytes().startswith(b"venue\0"):
                    return self._start
        raise AssertionError("no engine's state is there")

    def read(self, pool, slot, count=1):
        """Records of a pool, copied."""
        record, _ = POOLS[pool]
        with self._path.open("rb") as file:
            file.seek(self._start + OFFSETS[pool] + slot * record.itemsize)
            return np.frombuffer(file.read(record.itemsize * count), record).copy()

    def write(self, pool, slot, record):
        """Put a record there."""
        with contextlib.closing(os.fdopen(os.open(self._path, os.O_RDWR), "r+b", 0)) as file:
            file.seek(self._start + OFFSETS[pool] + slot * record.itemsize)
            file.write(record.tobytes())

    def edit(self, pool, slot, field, change):
        """Change one field of one record: its values before and after."""
        record = self.read(pool, slot)
        before = int(record[field][0])
        record[field][0] = change(before)
        self.write(pool, slot, record)
        return before, int(record[field][0])

    @staticmethod
    def balance_slot(account, asset):
        """Where a balance stands."""
        return asset >> 2 << (ACCOUNT_BITS + 2) | account << 2 | asset & 3

    def slot_of_order(self, order_id):
        """Where an order stands."""
        top = int(self.read("meta", 0)["orders_top"][0])
        orders = self.read("orders", 0, top + 1)
        return int(np.flatnonzero(orders["order_id"] == order_id)[0])

    def resting(self):
        """Ids of the orders that rest now."""
        top = int(self.read("meta", 0)["orders_top"][0])
        orders = self.read("orders", 0, top + 1)
        return orders["order_id"][(orders["order_id"] != 0) & (orders["level"] != 0)].tolist()
