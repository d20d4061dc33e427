"""The sessions of a server that are open: how many, of which address, and waiting for their end."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar

LOOK_S = 0.25
"""Who may hear no more is found by two looks at the most: well inside the promised second."""


class Open(Protocol):
    """What is known of a session here."""

    address: str

    def look(self, now_s: float) -> None:
        """See whether it is alive, and may go on; `now_s` by the loop's clock."""

    def abort(self) -> None:
        """End it at once."""


S = TypeVar("S", bound=Open)


class OpenSessions(Generic[S]):
    """One for a server."""

    def __init__(self) -> None:
        self._sessions: set[S] = set()
        self._addresses: Counter[str] = Counter()
        self._none = asyncio.Event()

    def __len__(self) -> int:
        """How many there are."""
        return len(self._sessions)

    def __iter__(self) -> Iterator[S]:
        """Those that are open now; they may end meanwhile."""
        return iter(list(self._sessions))

    def of(self, address: str) -> int:
        """How many an address has."""
        return self._addresses[address]

    def add(self, session: S) -> None:
        """One is open."""
        self._sessions.add(session)
        self._addresses[session.address] += 1
        self._none.clear()

    def discard(self, session: S) -> None:
        """One has ended, if it ever was open."""
        if session in self._sessions:
            self._sessions.discard(session)
            self._addresses[session.address] -= 1
            if not self._addresses[session.address]:
                del self._addresses[session.address]
            if not self._sessions:
                self._none.set()

    async def look_after(self) -> None:
        """Look at each four times a second, for ever."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(LOOK_S)
            now_s = loop.time()
            for session in self:
                session.look(now_s)

    async def end(self, seconds_max: float) -> None:
        """Wait for all to end by themselves, so long at the most; then end the rest."""
        if self._sessions:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._none.wait(), seconds_max)
        for session in self:
            session.abort()
