"""The chain of a log at a position, from the last place before it where it is known."""

from truebook.commandlog.chain import START, extend
from truebook.commandlog.interface import GENESIS, LogReader, Position

AT_ONCE = 1024
"""Entries: most are a few hundred bytes."""


def chain_at(
    log: LogReader, position: Position, known: tuple[Position, bytes] = (GENESIS, START)
) -> bytes | None:
    """The chain up to and with the entry at `position`, reading on from a place before it where it
    is `known`; None: there is no such entry. Raises what reading the log does."""
    at, chain = known
    while at < position:
        entries = log.read(at, AT_ONCE, 0)
        for entry in entries:
            if entry.position > position:
                break
            at, chain = entry.position, extend(chain, entry.position, entry.data)
        if not entries or entries[-1].position > position:
            break
    return chain if at == position else None
