"""Looking at everybody who can be right or wrong: engines, the witness, what they have signed.

Promise: nothing is written, nobody is made to catch up, and whoever is away is simply not there.
"""

import asyncio
from typing import NamedTuple, Protocol

from truebook.commandlog.attestations import AttestationStream
from truebook.commandlog.halts import HaltBook, Standing
from truebook.commandlog.interface import BusUnavailable, LogUnavailable, Position
from truebook.queries import Answer, QueryKind

WAIT_MS = 300
"""How long answers are waited for: nobody knows how many there are."""
ATTESTATIONS = 64
"""The newest ones: some seconds of several engines."""


class Observed(NamedTuple):
    """What was seen at one moment."""

    end: Position
    """Of the log."""
    engines: list[Answer]
    roles: list[Answer]
    attestations: list[bytes]
    """The newest first; nothing of them is checked yet."""
    standing: Standing


class Everybody(Protocol):
    """Who can be asked all at once."""

    async def log_end(self) -> Position:
        """Where the log ends. Raises LogUnavailable."""

    async def ask_all(self, kind: QueryKind, wait_ms: int) -> list[Answer]:
        """What everybody answers within the time."""


class Observer:
    """Looks; the caller closes stream and book by `close`."""

    def __init__(
        self, everybody: Everybody, attestations: AttestationStream, book: HaltBook
    ) -> None:
        self._everybody = everybody
        self._attestations = attestations
        self._book = book

    async def observe(self) -> Observed:
        """Look now. Raises LogUnavailable where not even the log's end is known."""
        end = await self._everybody.log_end()
        engines, roles, signed, standing = await asyncio.gather(
            self._everybody.ask_all("status", WAIT_MS),
            self._everybody.ask_all("roles", WAIT_MS),
            asyncio.to_thread(self._signed),
            asyncio.to_thread(self._standing),
        )
        return Observed(end, engines, roles, signed, standing)

    def close(self) -> None:
        """Give both connections back."""
        self._attestations.close()
        self._book.close()

    def _signed(self) -> list[bytes]:
        try:
            return self._attestations.newest(ATTESTATIONS)
        except BusUnavailable:
            return []

    def _standing(self) -> Standing:
        try:
            return self._book.read()
        except LogUnavailable:
            return Standing()
