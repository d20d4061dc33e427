"""Signing up, logging in and out, changing a password, one's sessions (docs/people.md).

Promise: a token leaves the exchange in a cookie only, never in a body; each login makes a new one
and ends the session that the browser had before. No answer tells whether a name exists, but for
the one to whoever wants to sign up with it.
"""

import base64

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from truebook.api.authenticate import Authority
from truebook.api.cookies import SessionCookie
from truebook.api.errors import ApiError, invalid
from truebook.api.exchange import Exchange
from truebook.api.headers import Headers
from truebook.api.request import headers_of, read_body
from truebook.api.response import JsonResponse
from truebook.api.strict_json import decode_object
from truebook.limits import HTTP_BODY_BYTES_MAX
from truebook.people.keys import names_of
from truebook.people.people import LoggedIn, People, Visitor
from truebook.people.statements import Session, permissions_now

Fields = dict[str, object]


class SignIn:
    """The endpoints under /api/v1/auth."""

    def __init__(self, exchange: Exchange, authority: Authority, people: People) -> None:
        self._exchange = exchange
        self._authority = authority
        self._people = people
        self._cookie = SessionCookie(secure=people.doorkeeper.section.secure)

    def public_routes(self) -> list[Route]:
        """Where nobody needs to be logged in."""
        return [
            Route("/api/v1/auth/signup", self.sign_up, methods=["POST"]),
            Route("/api/v1/auth/login", self.log_in, methods=["POST"]),
            Route("/api/v1/auth/logout", self.log_out, methods=["POST"]),
        ]

    def signed_routes(self) -> list[Route]:
        """Where somebody must be."""
        return [
            Route("/api/v1/auth/session", self.session, methods=["GET"]),
            Route("/api/v1/auth/password", self.change_password, methods=["POST"]),
            Route("/api/v1/auth/sessions", self.sessions, methods=["GET"]),
            Route("/api/v1/auth/sessions", self.end_session, methods=["DELETE"]),
        ]

    async def sign_up(self, request: Request) -> Response:
        """Open an account with a name and a password, and log in."""
        headers, fields = await self._anonymous(request)
        name, password = text_of(fields, "name"), text_of(fields, "password")
        return await self._logged_in(
            headers, await self._people.sign_up(name, password, _visitor(headers))
        )

    async def log_in(self, request: Request) -> Response:
        """Open a session."""
        headers, fields = await self._anonymous(request)
        name, password = text_of(fields, "name"), text_of(fields, "password")
        return await self._logged_in(
            headers, await self._people.log_in(name, password, _visitor(headers))
        )

    async def log_out(self, request: Request) -> Response:
        """End this session; done as well if there is none."""
        headers, _ = await self._anonymous(request)
        if headers.session is not None:
            await self._people.log_out(headers.session)
        return JsonResponse({}, headers={"Set-Cookie": self._cookie.taken()})

    async def session(self, request: Request) -> Response:
        """Who is logged in."""
        session = self._authority.session(headers_of(request.scope), changes=False)
        return JsonResponse(self._json(session))

    async def change_password(self, request: Request) -> Response:
        """Change the password: every session ends, and a new one begins here."""
        headers = headers_of(request.scope)
        session = self._authority.session(headers, changes=True)
        fields = await fields_of_body(request, headers)
        changed = await self._people.change_password(
            session,
            text_of(fields, "password"),
            text_of(fields, "newPassword"),
            _visitor(headers),
        )
        return await self._logged_in(headers, changed)

    async def sessions(self, request: Request) -> Response:
        """The open sessions of the account."""
        own = self._authority.session(headers_of(request.scope), changes=False)
        return JsonResponse(
            [
                {
                    "id": _id_of(session),
                    "createdAt": session.created_ms,
                    "expiresAt": session.expires_ms,
                    "address": str(row.address),
                    "agent": str(row.agent),
                    "current": session.token_hash == own.token_hash,
                }
                for session, row in await self._people.sessions.of(own.account)
            ]
        )

    async def end_session(self, request: Request) -> Response:
        """End one session of the account by its `id`, or `all` of them, this one too."""
        headers = headers_of(request.scope)
        own = self._authority.session(headers, changes=True)
        fields = await fields_of_body(request, headers)
        if fields.get("all") is True:
            await self._people.end_all(own)
            return JsonResponse({}, headers={"Set-Cookie": self._cookie.taken()})
        wanted = text_of(fields, "id")
        for session, _ in await self._people.sessions.of(own.account):
            if _id_of(session) == wanted:
                await self._people.log_out(session)
                return JsonResponse({})
        raise ApiError(404, "RESOURCE_NOT_FOUND", "Not Found")

    async def _anonymous(self, request: Request) -> tuple[Headers, Fields]:
        """Headers and body of a request for which nobody must be logged in."""
        headers = headers_of(request.scope)
        self._authority.origins.check(headers, changes=True)
        return headers, await fields_of_body(request, headers)

    async def _logged_in(self, headers: Headers, new: LoggedIn) -> Response:
        """The session's cookie; the one that the browser had before ends."""
        if headers.session is not None:
            await self._people.log_out(headers.session)
        seconds = (new.session.expires_ms - new.session.created_ms) // 1000
        cookie = self._cookie.given(new.token, seconds)
        return JsonResponse(
            self._json(new.session), headers={"Set-Cookie": cookie, "Cache-Control": "no-store"}
        )

    def _json(self, session: Session) -> Fields:
        directory = self._exchange.directory
        permissions = permissions_now(session, directory, session.created_ms)
        return {
            "accountId": session.account,
            "name": directory.accounts[session.account].name,
            "permissions": names_of(permissions),
            "createdAt": session.created_ms,
            "expiresAt": session.expires_ms,
        }


def _id_of(session: Session) -> str:
    """A name for a session that is of no use to whoever reads it."""
    return base64.urlsafe_b64encode(session.token_hash[:12]).decode()


def _visitor(headers: Headers) -> Visitor:
    agent = headers.get(b"user-agent", b"").decode("latin-1")
    return Visitor(headers.address, "".join(filter(str.isprintable, agent)))


async def fields_of_body(request: Request, headers: Headers) -> Fields:
    """The JSON object of a body; an empty body is an empty object. Raises ApiError."""
    body = await read_body(request.receive, headers, HTTP_BODY_BYTES_MAX)
    return decode_object(body) if body else {}


def text_of(fields: Fields, name: str, default: str | None = None) -> str:
    """A field that must be a JSON text. Raises ApiError."""
    value = fields.get(name, default)
    if type(value) is not str:
        raise invalid(name, "must be a text")
    return value
