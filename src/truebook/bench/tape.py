"""The tape: what traded, in the order of trades, as all engines of the comparison count it.

Promise: h = h × 0x9E3779B97F4A7C15 + (maker ⊕ taker ≪ 24 ⊕ price ≪ 44 ⊕ quantity ≪ 8) mod 2^64.

It is compiled and reads the events alone, since it runs between two batches: what reads them at
ease, through arrays of its own, drives the engine's books out of the processor's caches, which
isn't what the yardstick pays for the same figures.
"""

from typing import Any

import numpy as np

from truebook.engine.compiled import entry, record_at, unsigned
from truebook.messages import EVENT_ROW, EVENT_ROW_BYTES, FILL, EventKind

_FILL = int(EventKind.FILL)
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_TAKER, _PRICE, _QUANTITY = np.uint64(24), np.uint64(44), np.uint64(8)
_COUNTS = np.dtype([("trades", "<i8"), ("quantity", "<i8"), ("hash", "<u8")])


@entry("int64(int64, int64, int64)")
def _read(address: Any, rows: Any, counts: Any) -> Any:
    tape = record_at(counts, _COUNTS)
    for number in range(rows):
        at = address + number * EVENT_ROW_BYTES
        if record_at(at, EVENT_ROW).kind == _FILL:
            fill = record_at(at, FILL)
            word = (
                unsigned(fill.maker_order_id)
                ^ (unsigned(fill.taker_order_id) << _TAKER)
                ^ (unsigned(fill.price) << _PRICE)
                ^ (unsigned(fill.quantity) << _QUANTITY)
            )
            tape.hash = tape.hash * _FACTOR + word
            tape.trades += 1
            tape.quantity += fill.quantity
    return 0


class Tape:
    """Counts trades and keeps their hash."""

    def __init__(self) -> None:
        self._counts = np.zeros(1, _COUNTS)

    def read(self, events: bytes) -> None:
        """Take the fills out of a batch of events."""
        address = np.frombuffer(events, np.uint8).ctypes.data
        _read(address, len(events) // EVENT_ROW_BYTES, self._counts.ctypes.data)

    def figures(self) -> dict[str, Any]:
        """Trades, lots traded and the hash, under the names of the JSON output."""
        trades, quantity, word = self._counts[0].item()
        return {"trades": trades, "quantity": quantity, "tradeHash": f"{word:016x}"}
