"""All order entry sessions of a process: who is let in, that they are alive, and how they leave.

Promise: a process has at most so many, and an address at most its share; a process that ends
answers what it has begun, says goodbye to each and is done within seconds.
"""

import asyncio
import contextlib
from http import HTTPStatus

from picows import WSUpgradeRequest, WSUpgradeResponseWithListener

from truebook.api.cancel_on_disconnect import CancelOnDisconnect
from truebook.api.entry.session import EntrySession, Services
from truebook.limits import (
    ENTRY_LEAVING_S_MAX,
    ENTRY_SESSIONS_MAX,
    WS_CONNECTIONS_PER_ADDRESS,
)
from truebook.ws.connections import headers_of, refusal, repair_connection_header
from truebook.ws.open_sessions import OpenSessions
from truebook.ws.proxies import Proxies

PATH = "/api/v1/ws"


class EntrySessions:
    """One for a process."""

    def __init__(self, services: Services, attendance: CancelOnDisconnect) -> None:
        self.proxies = Proxies()
        """Whose word on who asks is taken."""
        self._services = services
        self._attendance = attendance
        self._sessions: OpenSessions[EntrySession] = OpenSessions()
        self._looking: asyncio.Task[None] | None = None
        self._is_leaving = False

    def admit(
        self, request: WSUpgradeRequest, peer: str
    ) -> EntrySession | WSUpgradeResponseWithListener:
        """A session for who asks for one, connecting from `peer`, or why there is none."""
        address = self.proxies.address(peer, headers_of(request))
        if self._is_leaving or len(self._sessions) >= ENTRY_SESSIONS_MAX:
            return refusal(HTTPStatus.SERVICE_UNAVAILABLE, "no more sessions at the moment")
        if self._sessions.of(address) >= WS_CONNECTIONS_PER_ADDRESS:
            return refusal(HTTPStatus.TOO_MANY_REQUESTS, "too many sessions of this address")
        repair_connection_header(request)
        return EntrySession(self, self._services, address)

    async def leave(self) -> None:
        """Let nobody in any more, answer what is under way, and close all sessions."""
        self._is_leaving = True
        for session in self._sessions:
            session.leave()
        await self._sessions.end(ENTRY_LEAVING_S_MAX)
        if self._looking is not None:
            self._looking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._looking
        await self._attendance.close()

    # session.Keeper

    def joined(self, session: EntrySession) -> None:
        """A session is open."""
        self._sessions.add(session)
        if self._looking is None:
            self._looking = asyncio.create_task(self._sessions.look_after())

    def left(self, session: EntrySession) -> None:
        """A session has ended."""
        self._sessions.discard(session)
