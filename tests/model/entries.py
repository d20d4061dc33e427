"""Commands wrapped into log entries: gateways, sequences, stamps, and what can go wrong there."""

from collections.abc import Iterator
from struct import Struct

import numpy as np
from model.world import Records
from numpy.typing import NDArray

from truebook import messages as m

HEADER = Struct("<BBHIqqQ4q")

GATEWAYS = 4
"""Numbered from 1; 0 did the founding."""


class Entries:
    """The gateways: they number entries as a real one does, but for planned mistakes."""

    def __init__(self, rng: np.random.Generator, late: float = 0.0) -> None:
        """`late`: how often an entry is reached after its time."""
        self.rng = rng
        self.late = late
        self.sequences = dict.fromkeys(range(1, GATEWAYS + 1), 0)
        self.time_ms = 1_000

    def wrap(
        self, records: Records, starts: NDArray[np.int64], commands_per_entry: int
    ) -> Iterator[bytes]:
        """Yield inputs for `apply` that carry all these commands, in order."""
        one_by_one = commands_per_entry == 1
        ends = np.append(starts[1:], len(records))
        waiting: list[bytes] = []
        command = 0
        for size, grouped, luck in self._sizes(len(starts), commands_per_entry):
            body = records[starts[command] : ends[command + size - 1]].tobytes()
            command += size
            waiting.append(self._sound(body, luck) if luck > 0.04 else self._mistaken(body, luck))
            # An impossible count swallows what follows: such an entry ends its input.
            if one_by_one or not grouped or luck <= 0.01:
                yield b"".join(waiting)
                waiting = []
        if waiting:
            yield b"".join(waiting)

    def _sizes(self, commands: int, most: int) -> Iterator[tuple[int, bool, float]]:
        """Yield for each entry: its size, whether another joins it, its luck."""
        sizes = self.rng.integers(1, most + 1, commands).tolist()
        grouped = (self.rng.random(commands) < 0.5).tolist()
        luck = self.rng.random(commands).tolist()
        for drawn, joins, fate in zip(sizes, grouped, luck, strict=True):
            size = min(drawn, commands)
            if size == 0:
                return
            commands -= size
            yield size, joins, fate

    def _sound(self, body: bytes, luck: float) -> bytes:
        self.time_ms += int(self.time_ms % 7 == 0) * 3 + len(body) // 64 % 3
        gateway = 1 + self.time_ms % GATEWAYS
        self.sequences[gateway] += 1
        reached_ms = 0
        if luck > 1 - self.late:
            # Around the deadlines that commands have, and the one they have if they name none.
            lateness = (self.time_ms * 7919) % 60 + (4_970 if self.time_ms % 4 == 0 else 0)
            reached_ms = self.time_ms + lateness - 5
        sequence = self.sequences[gateway]
        return header(len(body), gateway, sequence, self.time_ms, reached_ms=reached_ms) + body

    def _mistaken(self, body: bytes, luck: float) -> bytes:
        """Return an entry with something wrong in its header; `luck` 0 … 0.04 says what."""
        gateway = 1 + int(luck * 1e6) % GATEWAYS
        last = self.sequences[gateway]
        if luck <= 0.01:
            extra = 1 if luck < 0.005 else 65_535
            return header(len(body), gateway, last + 1, self.time_ms, more=extra) + body
        if luck <= 0.015:
            return header(len(body), gateway, last, self.time_ms) + body
        if luck <= 0.02:
            return header(len(body), gateway, last + 2, self.time_ms) + body
        if luck <= 0.025:
            self.sequences[gateway] += 1
            earlier = self.time_ms - 1_000
            return header(len(body), gateway, last + 1, earlier) + body
        return self._impossible(body, gateway, last + 1, int(luck * 1e7) % 9)

    def _impossible(self, body: bytes, gateway: int, sequence: int, which: int) -> bytes:
        """Return an entry that is no entry."""
        stamp = self.time_ms
        kind: int = m.CommandKind.ENTRY
        version, reserved = m.FORMAT_VERSION, 0
        if which == 0:
            stamp = -1
        elif which == 1:
            stamp = 1 << 47
        elif which == 2:
            stamp = (1 << 63) - 1
        elif which == 3:
            sequence = 0
        elif which == 4:
            sequence = -(1 << 63)
        elif which == 5:
            gateway = 1 << 20
        elif which == 6:
            version = 0
        elif which == 7:
            kind = 2
        else:
            reserved = 1
        terms = {"kind": kind, "version": version, "reserved": reserved}
        return header(len(body), gateway, sequence, stamp, **terms) + body


def header(
    body: int,
    gateway: int,
    sequence: int,
    time_ms: int,
    more: int = 0,
    kind: int = m.CommandKind.ENTRY,
    version: int = m.FORMAT_VERSION,
    reserved: int = 0,
    reached_ms: int = 0,
) -> bytes:
    """Return the ENTRY header of `body` bytes; `more` is added to the count, up to its limit."""
    count = min(body // m.COMMAND_BYTES + more, 65_535)
    numbers = (gateway, sequence, time_ms, 0, reached_ms, 0, 0, reserved)
    return HEADER.pack(kind, version, count, *numbers)
