"""The state of a snapshot, for a proof: without an engine, so that making one loads no compiler."""

from truebook.engine.canonical.sums import state_hash
from truebook.proof.making import State
from truebook.snapshots.file import SnapshotDamaged
from truebook.snapshots.folder import Kept
from truebook.snapshots.restoring import ChainAt, check_log, read


def state_of(kept: Kept, chain_at: ChainAt) -> State:
    """The state in a file, once it is as it was written, has the hash that its head tells, and is
    of this log. Raises SnapshotDamaged, SnapshotForeign, OSError."""
    snapshot = read(kept)
    head = snapshot.head
    check_log(kept.path, head, chain_at)
    if state_hash(snapshot.tables) != head.state_hash:
        raise SnapshotDamaged(str(kept.path), "its state hasn't the hash that its head tells")
    return State(head.position, head.time_ms, head.chain, head.state_hash, snapshot.tables)
