"""What a snapshot is made of: the engine's state, and where in the log that is."""

import truebook
from truebook.commandlog.interface import EventEntry
from truebook.engine.interface import Engine
from truebook.snapshots.file import Head, Snapshot


def snapshot_of(engine: Engine, last: EventEntry, entries: int, chain: bytes) -> Snapshot:
    """The state as it is. `last` is what the last entry gave; there are `entries` since genesis,
    and `chain` is the log's there."""
    head = Head(
        position=last.position,
        previous=last.previous,
        entries=entries,
        time_ms=engine.time_ms(),
        rules_version=engine.rules_version(),
        chain=chain,
        event_hash=last.event_hash,
        state_hash=engine.state_hash(),
        build=truebook.__version__,
    )
    return Snapshot(head, engine.export(), last.events, last.replies)
