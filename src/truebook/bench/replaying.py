"""Replay from genesis, as `truebook replay` reads a log: from segments and from its server.

Promise: the log is a real one, which the archiver has moved into segments of the usual size, but
for the newest entries, which its server still has. Times are those of a clock on the wall, over
reading, unpacking, checking and applying; the kernel's own time for the same commands is told
beside them: given as many at once, while another thread stays ahead with memory, as in a replay.
"""

import time
from contextlib import closing
from typing import Any, NamedTuple

from truebook.allocation import keep_freed_memory
from truebook.bench import workload
from truebook.bench.kernel import to_commands
from truebook.bench.servers import Pen, Venue, fill
from truebook.bench.venue import settings_of
from truebook.clock import SYSTEM_CLOCK
from truebook.commandlog.archive.archiver import Archiver, Plan
from truebook.commandlog.archive.store import open_archive
from truebook.commandlog.durability import UNCHECKED
from truebook.commandlog.entries import for_engine
from truebook.commandlog.interface import GENESIS, LogReader, Position
from truebook.commandlog.valkey_reader import ValkeyLogReader
from truebook.commandlog.valkey_trimmer import ValkeyTrimmer
from truebook.engine.fast import FastEngine
from truebook.limits import READ_ENTRIES_MAX
from truebook.memoryahead import MemoryAhead
from truebook.messages import COMMAND_BYTES
from truebook.verify.replay import TOGETHER_BYTES, replay

COMMANDS_OF_AN_ENTRY = 256
_GATEWAY = 2
_SEED = 7
_LOG_BYTES_MAX = 64 << 20
"""So little that most of the log is in segments, of the usual size."""


class Timed(NamedTuple):
    """A replay that was timed."""

    engine: FastEngine
    position: Position
    ns_per_command: float
    kernel_ns_per_command: float


def timed(log: LogReader) -> Timed:
    """Replay from genesis, and beside it the kernel's own time."""
    keep_freed_memory()
    engine = FastEngine()
    found = replay(log, engine, SYSTEM_CLOCK)
    own_s, state_hash = _kernel_s(_ready(log))
    assert state_hash == found.state_hash
    each = 1e9 / found.commands
    return Timed(engine, found.position, found.seconds * each, own_s * each)


def _kernel_s(batches: list[bytes]) -> tuple[float, bytes]:
    """What the kernel alone takes for these, and the state hash they make."""
    kernel, own_s = FastEngine(), 0.0
    with closing(MemoryAhead(kernel.stay_ahead)) as memory:
        for records in batches:
            began_s = time.perf_counter()
            kernel.apply(records)
            own_s += time.perf_counter() - began_s
            memory.applied(len(records) // COMMAND_BYTES)
    return own_s, kernel.state_hash()


def flow_replayed(venue: Venue, commands: int) -> dict[str, Any]:
    """Replay ordinary flow from an archive. `venue` has an empty log."""
    fill(venue, settings_of(1))
    records = to_commands(workload.make("flow", commands, _SEED))
    pen = Pen(venue, _GATEWAY)
    for start in range(0, commands, COMMANDS_OF_AN_ENTRY):
        pen.write(records[start : start + COMMANDS_OF_AN_ENTRY])
    pen.close()
    segments = _archived(venue)
    log = venue.log()
    found = timed(log)
    log.close()
    return {
        "flowReplayNsPerCommand": round(found.ns_per_command),
        "flowKernelNsPerCommand": round(found.kernel_ns_per_command),
        "flowSegments": segments,
    }


def _archived(venue: Venue) -> int:
    """Move the log into segments; how many there are."""
    store = open_archive((venue.folder / "archive").as_uri())
    reader = ValkeyLogReader(venue.log_url, durability=UNCHECKED)
    archiver = Archiver(
        store, reader, ValkeyTrimmer(venue.log_url), Plan(log_bytes_max=_LOG_BYTES_MAX)
    )
    archiver.open()
    while archiver.step():
        pass
    archiver.close()
    return archiver.end.number


def _ready(log: LogReader) -> list[bytes]:
    """All entries, as an engine is given them in a replay."""
    position, ready, some = GENESIS, [], bytearray()
    while entries := log.read(position, READ_ENTRIES_MAX, 0):
        for entry in entries:
            some += for_engine(entry)
            if len(some) >= TOGETHER_BYTES:
                ready.append(bytes(some))
                some.clear()
        position = entries[-1].position
    return [*ready, bytes(some)]
