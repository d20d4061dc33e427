"""A log that goes wrong on demand: what a network and a server may do to an append."""

import asyncio
from collections.abc import Callable, Sequence
from enum import Enum, auto

from truebook.commandlog.interface import LogUnavailable, Once, OutcomeUnknown, Position
from truebook.commandlog.memory import MemoryLog, MemoryLogServer


class Fault(Enum):
    """What happens to one append."""

    NONE = auto()
    REFUSED = auto()
    """The server says no: nothing written, and the gateway is told so."""
    LOST_BEFORE = auto()
    """The connection breaks before the server has the entry."""
    LOST_AFTER = auto()
    """The entry is written, but the acknowledgment is lost."""
    DUPLICATED = auto()
    """The entry is written twice, and acknowledged once."""
    SLOW = auto()
    """It takes some turns of the event loop."""


class FaultyLog(MemoryLog):
    """Asks `next_fault` before each append."""

    def __init__(self, server: MemoryLogServer, next_fault: Callable[[], Fault]) -> None:
        super().__init__(server)
        self._next_fault = next_fault
        self.in_flight = 0
        self.in_flight_max = 0

    async def append(self, data: bytes, once: Sequence[Once] = ()) -> Position:
        self.in_flight += 1
        self.in_flight_max = max(self.in_flight_max, self.in_flight)
        try:
            return await self._append(data, once)
        finally:
            self.in_flight -= 1

    async def _append(self, data: bytes, once: Sequence[Once]) -> Position:
        match self._next_fault():
            case Fault.REFUSED:
                raise LogUnavailable("refused on demand")
            case Fault.LOST_BEFORE:
                raise OutcomeUnknown("lost on demand")
            case Fault.LOST_AFTER:
                await super().append(data, once)
                raise OutcomeUnknown("lost on demand")
            case Fault.DUPLICATED:
                await super().append(data, once)
            case Fault.SLOW:
                for _ in range(5):
                    await asyncio.sleep(0)
        return await super().append(data, once)
