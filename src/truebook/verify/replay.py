"""Replay: the state that a log makes, computed anew from its first entry.

Promise: the hash that comes out is the one that any engine has at that position, if state is a
function of the log. Nothing is read but the log, and nothing is written.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from truebook.clock import Clock
from truebook.commandlog.entries import engine_pieces
from truebook.commandlog.interface import GENESIS, LogEntry, LogReader, Position
from truebook.engine.interface import Engine
from truebook.limits import READ_ENTRIES_MAX
from truebook.messages import COMMAND_BYTES, ENTRY_EVENT, EntryStatus, EventKind


class Replayed(NamedTuple):
    """What a replay found."""

    position: Position
    """Of the last entry applied."""
    state_hash: bytes
    commands: int
    """Of the entries that were applied: repeated and malformed ones do nothing."""
    seconds: float


class BeyondTheEnd(Exception):
    """The log ends before the position that was asked for."""


def replay(
    log: LogReader,
    engine: Engine,
    clock: Clock,
    to: Position | None = None,
    progress: Callable[[float], None] = lambda share: None,
) -> Replayed:
    """Apply the log to a new engine, up to and with position `to` (None: the present end).

    Calls `progress` now and then with the share of log time that is done. Raises BeyondTheEnd.
    """
    started_s = clock.elapsed_s()
    last = log.last_position()
    end = last if to is None else to
    if end > last:
        raise BeyondTheEnd(f"the log ends at {last}, before {end}")
    first, position, commands = GENESIS, GENESIS, 0
    while position < end:
        read = log.read(position, READ_ENTRIES_MAX, 0)
        entries = [entry for entry in read if entry.position <= end]
        commands += _apply(engine, entries)
        if len(entries) < len(read) or not read:
            end = position = entries[-1].position if entries else position
        else:
            position = entries[-1].position
        first = first if first > GENESIS else position
        progress((position.high - first.high + 1) / (end.high - first.high + 1))
    return Replayed(position, engine.state_hash(), commands, clock.elapsed_s() - started_s)


def _apply(engine: Engine, entries: list[LogEntry]) -> int:
    """Apply entries; how many commands the engine carried out or rejected, one by one."""
    pieces = [piece for entry in entries for piece in engine_pieces(entry)]
    rows = np.frombuffer(engine.apply(b"".join(pieces)).events, ENTRY_EVENT)
    statuses = rows["status"][rows["kind"] == EventKind.ENTRY]
    assert len(statuses) == len(entries)
    return sum(
        commands_in(entry.data)
        for entry, status in zip(entries, statuses, strict=True)
        if status == EntryStatus.APPLIED
    )


def commands_in(data: bytes) -> int:
    """How many commands an undamaged entry has: each starts with a kind that isn't 0."""
    kinds = data[COMMAND_BYTES::COMMAND_BYTES]
    return len(kinds) - kinds.count(0)
