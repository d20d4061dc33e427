"""Starting from a snapshot: the newest one that is true.

Promise: what is loaded has passed every test there is: the file is as it was written, its state has
the hash it says, the log has an entry at its position and the same chain up to it. A snapshot that
fails is named with the reason and passed over for the next; with none left one begins at genesis,
which is slower and as good.
"""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Thread
from typing import NamedTuple

import numpy as np

from truebook.commandlog.interface import Position
from truebook.engine.canonical.checking import TablesInvalid
from truebook.engine.canonical.tables import Tables
from truebook.engine.interface import Engine
from truebook.messages import RULES_VERSION_MAX
from truebook.snapshots.file import HEAD_BYTES, Head, Snapshot, SnapshotDamaged, read_head, unpack
from truebook.snapshots.folder import Kept

_logger = logging.getLogger(__name__)
ChainAt = Callable[[Position], bytes | None]
"""The chain of the log up to and with a position; None: the log has no entry there."""


class SnapshotForeign(Exception):
    """A snapshot is of another log than this."""


class Restored(NamedTuple):
    """An engine made from a snapshot."""

    engine: Engine
    snapshot: Snapshot
    path: Path


def restore(
    candidates: Sequence[Kept],
    make_engine: Callable[[], Engine],
    chain_at: ChainAt,
    not_after: Position | None = None,
) -> Restored | None:
    """An engine made from the first of the snapshots that is right, and isn't of a later position
    than `not_after`; None: none is."""
    for kept in candidates:
        if not_after is not None and kept.position > not_after:
            continue
        try:
            snapshot = read(kept)
            check_log(kept.path, snapshot.head, chain_at)
            return Restored(load(str(kept.path), snapshot, make_engine()), snapshot, kept.path)
        except (SnapshotDamaged, SnapshotForeign, OSError) as error:
            _logger.error("%s: it is not used", error)
    return None


def read(kept: Kept) -> Snapshot:
    """The snapshot in a file. Raises SnapshotDamaged, OSError."""
    name = str(kept.path)
    snapshot = unpack(name, kept.path.read_bytes())
    head = snapshot.head
    if head.position != kept.position:
        raise SnapshotDamaged(name, f"is that of {head.position}")
    if head.rules_version > RULES_VERSION_MAX:
        raise SnapshotDamaged(name, f"has rules {head.rules_version}: of a later Truebook")
    return snapshot


def read_head_of(kept: Kept) -> Head:
    """The head alone. Raises SnapshotDamaged, OSError."""
    with kept.path.open("rb") as file:
        head, _, _ = read_head(str(kept.path), file.read(HEAD_BYTES))
    return head


def check_log(path: Path, head: Head, chain_at: ChainAt) -> None:
    """Make sure that a snapshot is of this log. Raises SnapshotForeign."""
    chain = chain_at(head.position)
    if chain is None:
        raise SnapshotForeign(f"snapshot {path}: the log has no entry {head.position}")
    if chain != head.chain:
        raise SnapshotForeign(
            f"snapshot {path}: is of another log: the chain at {head.position} is"
            f" {head.chain.hex()} there and {chain.hex()} in this one"
        )


def load(name: str, snapshot: Snapshot, engine: Engine) -> Engine:
    """The new engine, in the state of the snapshot. Raises SnapshotDamaged where that isn't the
    state that its head tells of."""
    preparing = Thread(target=_prepare, args=(engine, snapshot.tables), name="memory")
    preparing.start()
    try:
        engine.load(snapshot.tables)
    except TablesInvalid as error:
        raise SnapshotDamaged(name, f"its state can't be: {error}") from None
    finally:
        preparing.join()
    found = engine.state_hash()
    if found != snapshot.head.state_hash:
        expected = snapshot.head.state_hash.hex()
        raise SnapshotDamaged(name, f"its state has the hash {found.hex()}, not {expected}")
    return engine


def _prepare(engine: Engine, tables: Tables) -> None:
    """Have memory ready for the orders while the tables are still being looked through."""
    engine.prepare(
        orders=len(tables.orders) + len(tables.triggers),
        client_ids=sum(
            int(np.count_nonzero(table["client_id"])) for table in (tables.orders, tables.triggers)
        ),
    )
