"""What the log says: an engine of the witness's own, brought to the position that is asked about.

Promise: the state, the chain and the event hash at a position are made from the log's entries, by
this build, and from nothing that an engine or file claims alone. Asking for a later position goes
on from the last one.

That an engine came late becomes a fact behind what it came late to (0017): until then a right
engine may say, of entries that nobody was told about, what isn't so any more afterwards. `is_late`
tells which these are: nobody can be judged by what it says of them.

What is long ago needn't be made again: where engines have agreed on something since, a snapshot
that leads to just that, along the log, is as good as genesis for whatever comes behind it. One that
leads elsewhere is named and passed over; with none left, it is genesis.
"""

import logging
from collections import deque
from collections.abc import Callable, Iterable, Sequence

from truebook.commandlog.attestations import Attested
from truebook.commandlog.chain import START, extend
from truebook.commandlog.entries import engine_pieces
from truebook.commandlog.interface import GENESIS, LogEntry, Overtaken, Position
from truebook.commandlog.reached_log import ReachedLog
from truebook.commandlog.replies import split
from truebook.engine.interface import Engine
from truebook.limits import READ_ENTRIES_MAX
from truebook.snapshots.folder import Kept
from truebook.snapshots.restoring import restore

_logger = logging.getLogger(__name__)
AGREEMENTS_MAX = 1024
AGREEMENTS_MS = 1_000
"""Between two that are remembered: a quarter of an hour, which snapshots don't outlive by far."""
NEAR_ENTRIES = 100_000
"""So many are made again sooner than a snapshot is looked for."""


class NoSuchPosition(Exception):
    """The log has no entry there."""


class Truth:
    """One log's. Reading may raise what the log raises."""

    def __init__(
        self,
        log: ReachedLog,
        make_engine: Callable[[], Engine],
        snapshots: Callable[[], Sequence[Kept]] = lambda: (),
    ) -> None:
        """`snapshots` lists those that there are now."""
        self._snapshots = snapshots
        self._agreements: deque[Attested] = deque(maxlen=AGREEMENTS_MAX)
        self._log = log
        self._make_engine = make_engine
        self._engine: Engine | None = None
        self._position = GENESIS
        self._entries = 0
        self._chain = START
        self._event_hash = START

    @property
    def engine(self) -> Engine:
        """The engine, at the position that was asked about last."""
        assert self._engine is not None
        return self._engine

    def agree(self, of: Attested) -> None:
        """Two engines, or one and the log, say this."""
        if not self._agreements or of.time_ms >= self._agreements[-1].time_ms + AGREEMENTS_MS:
            self._agreements.append(of)

    def at(self, position: Position) -> Attested:
        """What a right engine attests there. Raises NoSuchPosition."""
        agreed = max((of for of in self._agreements if self._is_sure(of, position)), default=None)
        is_far = agreed is not None and agreed.entries > self._entries + NEAR_ENTRIES
        if self._engine is None or position < self._position or is_far:
            self._begin_near(agreed)
        return self._forward_to(position)

    def look_again(self) -> None:
        """Learn what has become a fact since. Raises LogUnavailable."""
        try:
            self._log.refresh(self._position)
        except Overtaken:
            self._begin()

    def is_late(self, position: Position) -> bool:
        """Whether the entry there was reached late, as far as was looked by now."""
        return self._log.known.covering(position) is not None

    def _is_sure(self, of: Attested, position: Position) -> bool:
        return of.position <= position and not self.is_late(of.position)

    def _begin_near(self, agreed: Attested | None) -> None:
        """Begin at a snapshot that leads to what was agreed on, else at genesis."""
        if agreed is None or not any(
            self._leads_to(agreed, kept)
            for kept in sorted(self._snapshots(), reverse=True)
            if kept.position <= agreed.position
        ):
            self._begin()

    def _leads_to(self, agreed: Attested, kept: Kept) -> bool:
        """Go from a snapshot to what was agreed on; whether it is that."""
        restored = restore([kept], self._make_engine, self._log.chain_at)
        if restored is None:
            return False
        head = restored.snapshot.head
        self._engine = restored.engine
        self._position, self._entries = head.position, head.entries
        self._chain, self._event_hash = head.chain, head.event_hash
        try:
            if self._forward_to(agreed.position) == agreed:
                return True
            what = f"leads to something else at {agreed.position} than engines agree on"
        except NoSuchPosition as error:
            what = str(error)
        _logger.error("snapshot %s: %s: it is not used", kept.path, what)
        return False

    def _forward_to(self, position: Position) -> Attested:
        while self._position < position:
            try:
                read = self._log.read(self._position, READ_ENTRIES_MAX, 0)
            except Overtaken:
                # It has become a fact meanwhile that some of it was reached late.
                self._begin()
                continue
            entries = [entry for entry in read if entry.position <= position]
            if not entries:
                break
            self._apply(entries)
        if self._position != position:
            raise NoSuchPosition(f"the log has no entry {position}")
        hashes = self._chain, self._event_hash, self.engine.state_hash()
        return Attested(position, self._entries, self.engine.time_ms(), *hashes)

    def forward(self) -> list[tuple[Position, bytes]]:
        """Go on by some entries: their positions and events; none: the log has no more."""
        if self._engine is None:
            self._begin()
        entries = self._log.read(self._position, READ_ENTRIES_MAX, 0)
        return self._apply(entries) if entries else []

    def at_all(self, positions: Iterable[Position]) -> dict[Position, Attested]:
        """The same at several positions."""
        return {position: self.at(position) for position in sorted(positions)}

    def _begin(self) -> None:
        self._engine = self._make_engine()
        self._position, self._entries = GENESIS, 0
        self._chain = self._event_hash = START

    def close(self) -> None:
        """Give the log back."""
        self._log.close()

    def _apply(self, entries: list[LogEntry]) -> list[tuple[Position, bytes]]:
        pieces = [piece for entry in entries for piece in engine_pieces(entry)]
        applied = self.engine.apply(b"".join(pieces))
        all_made = split(applied.events, applied.replies, len(entries))
        for entry, made in zip(entries, all_made, strict=True):
            self._chain = extend(self._chain, entry.position, entry.data)
            self._event_hash = extend(self._event_hash, entry.position, made.events)
        self._position = entries[-1].position
        self._entries += len(entries)
        positions = [entry.position for entry in entries]
        return [(at, made.events) for at, made in zip(positions, all_made, strict=True)]
