"""Replay: the state that a log makes, computed anew.

Promise: the hash that comes out is the one that any engine has at that position, if state is a
function of the log; whether one begins at genesis, at a snapshot or at the database (roads.py).
Nothing is written.
"""

import select
from collections.abc import Callable
from contextlib import closing
from typing import NamedTuple

import numpy as np

from truebook.clock import Clock
from truebook.commandlog.attestations import Attestation
from truebook.commandlog.entries import engine_pieces
from truebook.commandlog.interface import (
    GENESIS,
    LogEntry,
    LogReader,
    LogUnavailable,
    Position,
)
from truebook.engine.interface import Engine
from truebook.limits import READ_ENTRIES_MAX
from truebook.memoryahead import MemoryAhead
from truebook.messages import (
    COMMAND_BYTES,
    ENTRY_EVENT,
    EVENT_ROW_BYTES,
    REPLY_BYTES,
    CommandKind,
    EntryStatus,
    EventKind,
)

_ENTRY = int(EventKind.ENTRY)
_CANCEL_ALL = int(CommandKind.CANCEL_ALL)
PATIENCE_S = 30.0
"""For a log server that is away."""
LOOK_S = 0.05
TOGETHER_BYTES = 1 << 18
"""Given to the engine at once: what it reads then is still near."""
READ_BYTES = 4 << 20
"""Asked for at once, about: large enough to be worth it, and so small that the memory it is read to
is had again from the last time, and that the log's server works on what follows meanwhile."""
READ_ENTRIES_MIN = 16
"""As many make a reader one that is behind (commandlog/valkey_reader.py)."""


class Replayed(NamedTuple):
    """What a replay found."""

    position: Position
    """Of the last entry applied."""
    state_hash: bytes
    commands: int
    """Of the entries that were applied: repeated and malformed ones do nothing."""
    seconds: float


class Contradicted(Exception):
    """A replay came to another state than an engine attests there."""


class BeyondTheEnd(Exception):
    """The log ends before the position that was asked for."""


def replay(
    log: LogReader,
    engine: Engine,
    clock: Clock,
    to: Position | None = None,
    progress: Callable[[float], None] = lambda share: None,
    after: Position = GENESIS,
) -> Replayed:
    """Apply the log behind `after`, where the engine stands (GENESIS: it is new), up to and with
    position `to` (None: the present end).

    Calls `progress` now and then with the share of log time that is done. Raises BeyondTheEnd.
    """
    started_s = clock.elapsed_s()
    last = log.last_position()
    end = last if to is None else to
    if end > last:
        raise BeyondTheEnd(f"the log ends at {last}, before {end}")
    first, position, commands, count = after, after, 0, READ_ENTRIES_MIN
    with closing(MemoryAhead(engine.stay_ahead)) as memory:
        while position < end:
            read = _next(log, position, count, clock)
            count = _count_of(read)
            entries = [entry for entry in read if entry.position <= end]
            commands += apply_all(engine, entries, memory)
            position = entries[-1].position if entries else position
            if len(entries) < len(read):
                break
            first = first if first > GENESIS else entries[0].position
            progress((position.high - first.high + 1) / (end.high - first.high + 1))
    return Replayed(position, engine.state_hash(), commands, clock.elapsed_s() - started_s)


def replay_against(
    attestation: Attestation | None,
    log: LogReader,
    engine: Engine,
    clock: Clock,
    to: Position | None = None,
    progress: Callable[[float], None] = lambda share: None,
    after: Position = GENESIS,
) -> Replayed:
    """The same; on the way, at the position of an attestation, the state must be what it says.

    Raises Contradicted.
    """
    if attestation is None:
        return replay(log, engine, clock, to, progress, after)
    of = attestation.of
    there = replay(log, engine, clock, of.position, progress, after)
    if there.state_hash != of.state_hash:
        raise Contradicted(
            f"at {of.position} the state hash is {there.state_hash.hex()}, and the engine with the"
            f" key {attestation.key.hex()} attests {of.state_hash.hex()}"
        )
    rest = replay(log, engine, clock, to, progress, of.position)
    return rest._replace(
        commands=there.commands + rest.commands, seconds=there.seconds + rest.seconds
    )


def _next(log: LogReader, after: Position, count: int, clock: Clock) -> list[LogEntry]:
    """The next entries, which there are, up to `count`; while they are applied the log's server
    works on those behind them. Raises LogUnavailable."""
    patience_until_s = clock.elapsed_s() + PATIENCE_S
    while not (entries := log.follow(after, count)):
        if clock.elapsed_s() > patience_until_s:
            raise LogUnavailable(f"what stands behind {after} can't be read")
        number = log.fileno()
        select.select([number] if number >= 0 else [], [], [], LOOK_S)
    return entries


def _count_of(read: list[LogEntry]) -> int:
    """How many entries like these to ask for at once."""
    size = sum([len(entry.data) for entry in read]) // len(read)
    return min(max(READ_BYTES // max(size, 1), READ_ENTRIES_MIN), READ_ENTRIES_MAX)


def apply_all(engine: Engine, entries: list[LogEntry], memory: MemoryAhead) -> int:
    """Apply entries; how many commands the engine carried out or rejected, one by one."""
    commands = start = size = 0
    for end, entry in enumerate(entries, 1):
        size += len(entry.data)
        if size >= TOGETHER_BYTES or end == len(entries):
            applied = _apply(engine, entries[start:end])
            memory.applied(applied)
            commands += applied
            start, size = end, 0
    return commands


def _apply(engine: Engine, entries: list[LogEntry]) -> int:
    records = b"".join([piece for entry in entries for piece in engine_pieces(entry)])
    applied = engine.apply(records)
    # The headers of entries have a kind, too, and the second records of commands have none.
    begun = records[::COMMAND_BYTES]
    commands = len(begun) - begun.count(0) - len(entries)
    if len(applied.replies) == commands * REPLY_BYTES and not begun.count(_CANCEL_ALL):
        # Each command of an entry that is applied has one reply then, and no other has any.
        return commands
    # Their kinds side by side first: there are many more events than entries.
    kinds = np.frombuffer(applied.events[::EVENT_ROW_BYTES], np.uint8)
    heads = np.frombuffer(applied.events, ENTRY_EVENT)
    statuses = heads["status"][np.flatnonzero(kinds == _ENTRY)]
    return sum(
        commands_in(entry.data)
        for entry, status in zip(entries, statuses, strict=True)
        if status == EntryStatus.APPLIED
    )


def commands_in(data: bytes) -> int:
    """How many commands an undamaged entry has: each starts with a kind that isn't 0."""
    kinds = data[COMMAND_BYTES::COMMAND_BYTES]
    return len(kinds) - kinds.count(0)
