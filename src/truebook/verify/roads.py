"""The roads to a state: from genesis, from a snapshot, from the database, then along the log.

Promise: all three come to the same state hash, or somebody has changed something. What a road
begins with has been tested as far as that goes without the log before it: that its files and rows
are whole, that the log has an entry there, and, of a snapshot, the same chain.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from truebook.commandlog.interface import GENESIS, LogReader, Position
from truebook.engine.canonical.checking import TablesInvalid
from truebook.engine.canonical.tables import Tables
from truebook.engine.interface import Engine
from truebook.snapshots.folder import Kept
from truebook.snapshots.restoring import restore


class NoRoad(Exception):
    """There is nothing to begin with; says why."""


class Beginning(NamedTuple):
    """An engine that stands at a position of the log."""

    engine: Engine
    position: Position
    entries: int = 0
    """Of the log up to there; 0 where that isn't known."""


def from_genesis(make_engine: Callable[[], Engine]) -> Beginning:
    """Before the first entry."""
    return Beginning(make_engine(), GENESIS)


def from_snapshot(
    log: LogReader, snapshots: Sequence[Kept], make_engine: Callable[[], Engine], to: Position
) -> Beginning:
    """At the latest of the snapshots up to `to` that is right. Raises NoRoad."""
    latest_first = sorted(snapshots, reverse=True)
    restored = restore(latest_first, make_engine, log.chain_at, to)
    if restored is None:
        raise NoRoad(f"there is no snapshot up to {to} that is right")
    head = restored.snapshot.head
    return Beginning(restored.engine, head.position, head.entries)


def nearest(
    log: LogReader, snapshots: Sequence[Kept], make_engine: Callable[[], Engine], to: Position
) -> Beginning:
    """At the latest snapshot up to `to` that is right, else at genesis."""
    try:
        return from_snapshot(log, snapshots, make_engine, to)
    except NoRoad:
        return from_genesis(make_engine)


def from_tables(
    log: LogReader,
    position: Position,
    tables: Tables,
    make_engine: Callable[[], Engine],
    to: Position,
) -> Beginning:
    """In the state that the tables of a database say, which stands at `position`. Raises NoRoad."""
    if position > to:
        raise NoRoad(f"the database is at {position} already, behind {to}")
    if position > GENESIS and log.chain_at(position) is None:
        raise NoRoad(f"the database is at {position}, where this log has no entry")
    engine = make_engine()
    try:
        engine.load(tables)
    except TablesInvalid as error:
        raise NoRoad(f"what the database says can't be a state: {error}") from None
    return Beginning(engine, position)
