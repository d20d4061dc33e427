"""`UserManager`: all sessions: who is let in, that they are alive, and how they leave.

Promise: a process holds at most so many sessions, and an address at most its share of them; a dead
session ends within two pings; a server that ends says goodbye to its sessions one after the other,
each once it was sent what waited for it, and is done within seconds.

One is made when the server starts and is handed around; there is no global one.
"""

import asyncio
from http import HTTPStatus

import structlog
from picows import WSCloseCode, WSUpgradeRequest, WSUpgradeResponseWithListener

from truebook.limits import (
    WS_CONNECTIONS_MAX,
    WS_CONNECTIONS_PER_ADDRESS,
    WS_DRAIN_S,
    WS_DRAIN_STEP_S,
    WS_DRAINED_S_MAX,
)
from truebook.ws.connections import headers_of, refusal, repair_connection_header
from truebook.ws.interface import Guide, Handshake, Rejected
from truebook.ws.open_sessions import OpenSessions
from truebook.ws.proxies import Proxies
from truebook.ws.sessions import Session
from truebook.ws.subscriptions import SubscriptionManager

log = structlog.get_logger()

PATHS = (b"/", b"/stream")


class UserManager:
    """One for a server."""

    def __init__(
        self,
        subscriptions: SubscriptionManager,
        guide: Guide,
        *,
        connections_per_address: int = WS_CONNECTIONS_PER_ADDRESS,
        connections_max: int = WS_CONNECTIONS_MAX,
        proxies: Proxies | None = None,
    ) -> None:
        self._subscriptions = subscriptions
        self._guide = guide
        self._connections_per_address = connections_per_address
        self._connections_max = connections_max
        self._proxies = proxies or Proxies()
        self._sessions: OpenSessions[Session] = OpenSessions()
        self._is_leaving = False

    def __len__(self) -> int:
        """How many sessions there are."""
        return len(self._sessions)

    def outbox_bytes(self) -> list[int]:
        """What waits for the reader of each session; may be called by another thread."""
        return [session.outbox_bytes for session in self._sessions]

    def admit(
        self, request: WSUpgradeRequest, peer: str
    ) -> Session | WSUpgradeResponseWithListener:
        """A session for who asks for one, connecting from `peer`, or the answer that there is
        none."""
        headers = headers_of(request)
        address = self._proxies.address(peer, headers)
        if request.path.partition(b"?")[0] not in PATHS:
            return refusal(HTTPStatus.NOT_FOUND, "there are no streams here, but at /")
        if self._is_leaving or len(self._sessions) >= self._connections_max:
            return refusal(HTTPStatus.SERVICE_UNAVAILABLE, "no more connections at the moment")
        if self._sessions.of(address) >= self._connections_per_address:
            return refusal(HTTPStatus.TOO_MANY_REQUESTS, "too many connections of this address")
        try:
            guest = self._guide.welcome(Handshake(address, headers))
        except Rejected as error:
            return refusal(HTTPStatus(error.status), error.reason)
        repair_connection_header(request)
        return Session(self, self._subscriptions, guest, address)

    async def look_after(self) -> None:
        """Look at every session, for ever."""
        await self._sessions.look_after()

    async def leave(self) -> None:
        """Let nobody in any more and close all sessions, spread over some seconds."""
        self._is_leaving = True
        sessions = list(self._sessions)
        if sessions:
            log.info("closing sessions", sessions=len(sessions))
        pause = min(WS_DRAIN_STEP_S, WS_DRAIN_S / max(len(sessions), 1))
        goodbyes = []
        for session in sessions:
            goodbye = session.end_politely(WSCloseCode.GOING_AWAY, "the server is restarted")
            goodbyes.append(asyncio.create_task(goodbye))
            await asyncio.sleep(pause)
        await self._sessions.end(WS_DRAINED_S_MAX)
        for task in goodbyes:
            task.cancel()
        await asyncio.gather(*goodbyes, return_exceptions=True)

    # sessions.Keeper

    def joined(self, session: Session) -> None:
        """A session is open."""
        self._sessions.add(session)

    def left(self, session: Session) -> None:
        """A session has ended."""
        self._sessions.discard(session)
