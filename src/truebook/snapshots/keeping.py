"""One engine's snapshots: what it starts from, when the next one is due, and who asked for it.

Promise: the engine stops for the time of a fork only, and learns that a snapshot is on disk without
waiting for it. One that can't be written is said, and tried again later; nobody is kept waiting by
that. One is being written at a time.

A snapshot is taken only where everything up to its position is in the event stream: an engine that
starts from it can then go on publishing where the stream ends. An engine starts from its own
snapshots, from another engine's only if it has none that is right: engines that are to check each
other shouldn't begin with each other's state.
"""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from truebook.clock import SYSTEM_CLOCK, Clock
from truebook.commandlog.interface import GENESIS, Position
from truebook.engine.interface import Engine
from truebook.queries import Query
from truebook.snapshots.file import Snapshot, pack
from truebook.snapshots.folder import SnapshotFolder, kept_by_all
from truebook.snapshots.forking import Fork, ForkFailed
from truebook.snapshots.restoring import ChainAt, Restored, restore

_logger = logging.getLogger(__name__)
BETWEEN_S = 5.0
"""At the least between two snapshots that nobody asked for, and before a failed one is repeated."""
FAILURES_MAX = 3
"""After so many failures in a row the log server isn't asked any more to keep what came since."""

Told = dict[str, str | int | float | bool]


class Plan(NamedTuple):
    """When a snapshot is due, and how many are kept."""

    records: int = 1_000_000
    """After so many records of 64 bytes (most commands are one) …"""
    seconds: float = 60.0
    """… and after so long, if there was anything."""
    keep: int = 3


class Keeper:
    """Keeps the snapshots of the engine of that name."""

    def __init__(
        self,
        name: str,
        root: Path,
        plan: Plan,
        make_engine: Callable[[], Engine],
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        """`root`: where all engines of the installation have theirs."""
        self.latest: tuple[Position, str] | None = None
        """Of the snapshots of this process, or the one that it started from; and its state hash."""
        self.trouble = ""
        """Why the last one couldn't be written; empty: it was."""
        self._name = name
        self._root = root
        self._folder = SnapshotFolder(root / name, plan.keep)
        self._plan = plan
        self._make_engine = make_engine
        self._clock = clock
        self._records = 0
        self._last_s = clock.elapsed_s()
        self._failures = 0
        self._fork: Fork | None = None
        self._at_work = GENESIS
        self._asked: list[Query] = []
        self._served: list[Query] = []
        """Who had asked when the one at work was begun."""

    @property
    def kept(self) -> Position | None:
        """Entries behind it are needed, should the engine start again; None: with no snapshots to
        be had, keeping them would only fill the log server (the archive has them)."""
        if self._failures >= FAILURES_MAX:
            return None
        return GENESIS if self.latest is None else self.latest[0]

    def restore(
        self,
        not_after: Position,
        chain_at: ChainAt,
        is_trusted: Callable[[Position], bool] = lambda position: True,
    ) -> Restored | None:
        """An engine made from the latest trusted snapshot up to that position; None: there is none
        that is right. `chain_at` is the log's, and what it raises is raised."""
        everybodys = kept_by_all(self._root, self._name)
        candidates = [kept for kept in everybodys if is_trusted(kept.position)]
        restored = restore(candidates, self._make_engine, chain_at, not_after)
        if restored is not None:
            head = restored.snapshot.head
            self.latest = head.position, head.state_hash.hex()
            _logger.info("starting from %s", restored.path)
        return restored

    def applied(self, records: int) -> None:
        """The engine has applied so many records more."""
        self._records += records

    def ask(self, query: Query) -> None:
        """Somebody wants a snapshot, and to be told of it; repeats of a question are one."""
        known = [(one.channel, one.id) for one in (*self._asked, *self._served)]
        if (query.channel, query.id) not in known:
            self._asked.append(query)

    def step(self, position: Position, state: Callable[[], Snapshot]) -> list[tuple[Query, Told]]:
        """Look after the snapshot at work, or begin one that is due; what is to be told to whom.

        `state` is called in the fork. To be called where all up to `position` is published.
        """
        if self._fork is not None:
            if not self._is_finished(self._fork):
                return []
            served, self._served = self._served, []
            return [(query, self._told()) for query in served]
        if self.is_due(position):
            self._take(position, state)
            return []
        asked, self._asked = self._asked, []
        return [(query, self._told()) for query in asked]

    @property
    def has_to_do(self) -> bool:
        """Whether `step` may have something to do, which it hasn't nearly always."""
        return self._fork is not None or self._is_wanted()

    def is_due(self, position: Position) -> bool:
        """Whether `step` would begin one, of the state at `position`."""
        is_new = self.latest is None or self.latest[0] < position
        may_begin = self._fork is None and not self.trouble_is_fresh
        return is_new and position > GENESIS and may_begin and self._is_wanted()

    @property
    def trouble_is_fresh(self) -> bool:
        """Whether it has just failed: whoever asked is to be told, not kept waiting."""
        return bool(self.trouble) and self._clock.elapsed_s() - self._last_s < BETWEEN_S

    def status(self) -> Told:
        """What is told of the snapshots with an engine's status."""
        return {
            "snapshot": "" if self.latest is None else str(self.latest[0]),
            "snapshotTrouble": self.trouble,
        }

    def fileno(self) -> int:
        """Becomes readable when the one at work is finished; below 0: none is."""
        return -1 if self._fork is None else self._fork.fileno()

    def close(self) -> None:
        """Give up the one at work."""
        if self._fork is not None:
            self._fork.end()
            self._fork = None

    def _is_wanted(self) -> bool:
        if self._asked:
            return True
        if not self._records:
            return False
        since_s, plan = self._clock.elapsed_s() - self._last_s, self._plan
        is_much = self._records >= plan.records and since_s >= BETWEEN_S
        return is_much or since_s >= plan.seconds

    def _take(self, position: Position, state: Callable[[], Snapshot]) -> None:
        self._last_s = self._clock.elapsed_s()

        def write() -> str:
            snapshot = state()
            self._folder.write(position, pack(snapshot))
            return snapshot.head.state_hash.hex()

        try:
            self._folder.clear()
            self._fork = Fork(write)
        except OSError as error:
            self._failed(str(error))
        else:
            self._records = 0
            self._at_work = position
            self._served, self._asked = self._asked, []

    def _is_finished(self, fork: Fork) -> bool:
        try:
            state_hash = fork.poll()
            if state_hash is None:
                return False
        except ForkFailed as error:
            self._failed(str(error))
        else:
            self.latest, self.trouble, self._failures = (self._at_work, state_hash), "", 0
            took_s = self._clock.elapsed_s() - self._last_s
            _logger.info("snapshot at %s, written in %.1f s", self._at_work, took_s)
        self._fork = None
        return True

    def _failed(self, reason: str) -> None:
        self.trouble = reason
        self._failures += 1
        self._records = max(1, self._records)
        self._last_s = self._clock.elapsed_s()
        _logger.error("a snapshot can't be written: %s", reason)

    def _told(self) -> Told:
        if self.latest is None or self.trouble:
            why = self.trouble or "there is nothing in the log yet"
            return {"engine": self._name, "trouble": why}
        position, state_hash = self.latest
        path = self._folder.path_of(position)
        return {
            "engine": self._name,
            "position": str(position),
            "stateHash": state_hash,
            "path": str(path),
        }
