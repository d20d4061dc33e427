"""Who hears the private streams: by a signature in the request, or by the session of a cookie.

Promise: an account's streams are for who signed with a key of it, and end within about a second of
the key's end; or for the browser that is logged in, from a page of ours, and then the whole
connection ends a second or two after the session does. A key that is kept to some addresses is
heard from nowhere else, and a password's key not at all; who signs too often, or wrongly, has to
wait as at the API. A request that is signed is its key's, whatever cookie the connection has.
"""

import asyncio
from collections.abc import Coroutine, Sequence

import structlog

from truebook.api.authenticate import Authority, Caller
from truebook.api.cookies import SessionCookie
from truebook.api.errors import ApiError
from truebook.api.headers import Headers
from truebook.api.streams import TOO_MANY, UNAUTHORIZED, Attendance, StreamNames
from truebook.api.throttle import Rates, Throttle
from truebook.clock import Clock
from truebook.directory import Directory
from truebook.messages import Permission
from truebook.people.doorkeeper import Doorkeeper
from truebook.people.sessions import Sessions
from truebook.people.statements import Session
from truebook.ws.interface import Channel, Handshake, Refused, Rejected

logger = structlog.get_logger()


class Streams:
    """ws.interface.Guide of the exchange."""

    def __init__(
        self,
        directory: Directory,
        clock: Clock,
        rates: Rates | None = None,
        doorkeeper: Doorkeeper | None = None,
        *,
        attendance: Attendance | None = None,
        page_port: int | None = None,
    ) -> None:
        """`doorkeeper` None: there are no sessions, and no key has an address list. `page_port`: of
        this host, where the pages with our sessions come from."""
        self.names = StreamNames(directory, attendance)
        self.throttle = Throttle(clock, rates)
        self.authority = Authority(directory, clock, self.throttle, doorkeeper, page_port=page_port)
        self._sessions = None if doorkeeper is None else doorkeeper.sessions
        is_secure = doorkeeper is not None and doorkeeper.section.secure
        self._cookie = SessionCookie(secure=is_secure)

    def welcome(self, handshake: Handshake) -> "StreamGuest":
        """Let somebody in, unless their browser says that a page of another site sent it with a
        session. Raises Rejected."""
        token = self._cookie.token(handshake.headers)
        if token is None or self._sessions is None:
            return StreamGuest(self, handshake.address, None)
        try:
            self.authority.origins.check(Headers(handshake.headers), changes=False)
        except ApiError as error:
            raise Rejected(error.status, error.message) from None
        return StreamGuest(self, handshake.address, _Token(token, self._sessions))


class _Token:
    """What a cookie said: whose session it opens, and whether it still does."""

    def __init__(self, token: str, sessions: Sessions) -> None:
        self.session: Session | None = None
        self.has_ended = False
        self._token = token
        self._sessions = sessions
        self._changes = sessions.changes
        self._looking: asyncio.Task[None] | None = None

    async def find(self) -> None:
        """Find the session."""
        try:
            self._changes = self._sessions.changes
            found = await self._sessions.find(self._token)
        except Exception as error:
            # What was known goes on to count, as in doorkeeper.py.
            logger.warning("the people database can't be read", reason=str(error))
            return
        self.has_ended = found is None and self.session is not None
        self.session = self.session if self.has_ended else found

    def look(self) -> None:
        """Notice that it has ended, now or by the next time."""
        if self.session is None or self.has_ended:
            return
        if not self._sessions.is_open(self.session):
            self.has_ended = True
        elif self._changes != self._sessions.changes:
            is_looking = self._looking is not None and not self._looking.done()
            if not is_looking:
                self._looking = asyncio.create_task(self.find())


class StreamGuest:
    """ws.interface.Guest, and streams.Speaker of its requests."""

    def __init__(self, streams: Streams, address: str, token: _Token | None) -> None:
        self._streams = streams
        self._address = address
        self._token = token
        self._signature: Sequence[str] | None = None

    def arriving(self) -> Coroutine[None, None, None] | None:
        """Find out whose session the cookie opens."""
        return None if self._token is None else self._token.find()

    def channels_of(self, streams: Sequence[str], signature: Sequence[str] | None) -> list[Channel]:
        """The channel of each stream. Raises Refused."""
        self._signature = signature
        return self._streams.names.channels_of(streams, self)

    def reason_to_leave(self) -> str:
        """That the session has ended."""
        if self._token is None:
            return ""
        self._token.look()
        return "the session has ended" if self._token.has_ended else ""

    def caller(self, permission: Permission) -> Caller:
        """Who signed, or has the session. Raises Refused."""
        session = None if self._token is None else self._token.session
        try:
            if self._signature is not None:
                self._streams.throttle.signed(self._address)
                authority = self._streams.authority
                return authority.subscriber(self._signature, self._address, permission)
            if session is not None:
                return self._streams.authority.visitor(session, permission)
        except ApiError as error:
            if error.status == 401:
                self._streams.throttle.failed(self._address)
            if error.status == 429:
                raise Refused(TOO_MANY, error.message) from None
            proof = "session" if self._signature is None else "signature"
            raise Refused(UNAUTHORIZED, f"{proof}: {error.message}") from None
        raise Refused(UNAUTHORIZED, "signature: missing, and the stream is private")

    def may_still(self, caller: Caller, permission: Permission) -> bool:
        """Whether the key, or the session, may still have the stream."""
        return self._streams.authority.may_still(caller, self._address, permission)
