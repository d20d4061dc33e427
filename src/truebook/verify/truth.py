"""What the log says: an engine of the witness's own, brought to the position that is asked about.

Promise: the state, the chain and the event hash at a position are made from the log's entries, by
this build, and from nothing that any engine or file claims, except a snapshot whose proof holds and
that leads there sooner. Asking for a later position goes on from the last one.
"""

from collections.abc import Callable, Iterable

from truebook.commandlog.attestations import Attested
from truebook.commandlog.chain import START, extend
from truebook.commandlog.entries import engine_pieces
from truebook.commandlog.interface import GENESIS, LogEntry, LogReader, Overtaken, Position
from truebook.commandlog.replies import split
from truebook.engine.interface import Engine
from truebook.limits import READ_ENTRIES_MAX


class NoSuchPosition(Exception):
    """The log has no entry there."""


class Truth:
    """One log's. Reading may raise what the log raises."""

    def __init__(self, log: LogReader, make_engine: Callable[[], Engine]) -> None:
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

    def at(self, position: Position) -> Attested:
        """What a right engine attests there. Raises NoSuchPosition."""
        if self._engine is None or position < self._position:
            self._begin()
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
