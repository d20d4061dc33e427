"""The event stream made again from the log: for who was away longer than the bus keeps it.

Promise: the entries are those of the stream, hashes included, since events are a function of the
log, as far as the stream goes. What stands behind its end may yet turn out to be reached too late
(recovering.py), and then has other events: so nothing is made of it here.
"""

from collections.abc import Iterator

from truebook.commandlog.chain import START, extend
from truebook.commandlog.entries import engine_pieces
from truebook.commandlog.interface import GENESIS, EventEntry, LogReader, Position, Tail
from truebook.commandlog.replies import split
from truebook.engine.interface import Engine
from truebook.limits import READ_ENTRIES_MAX

BEGIN = Tail(GENESIS, START)
"""Where a new engine stands."""


def remade(
    log: LogReader, engine: Engine, after: Position, to: Position, begin: Tail = BEGIN
) -> Iterator[EventEntry]:
    """The event entries behind `after`, up to and with `to`, which is in the stream, by an engine
    that stands at `begin`, up to `after`: a new one, or one from a snapshot. The first entry is of
    the log's first one behind `after`, whatever stands before."""
    position, event_hash = begin
    while position < to:
        found = log.read(position, READ_ENTRIES_MAX, 0)
        entries = [entry for entry in found if entry.position <= to]
        if not entries:
            return
        pieces = [piece for entry in entries for piece in engine_pieces(entry)]
        applied = engine.apply(b"".join(pieces))
        all_made = split(applied.events, applied.replies, len(entries))
        for entry, made in zip(entries, all_made, strict=True):
            event_hash = extend(event_hash, entry.position, made.events)
            if entry.position > after:
                yield EventEntry(entry.position, position, made.events, b"", event_hash)
            position = entry.position
