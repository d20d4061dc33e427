"""API keys over HTTP (docs/people.md).

Promise: keys are changed by whoever is logged in with a password, not by another key: so a key that
was stolen can't make itself a successor. A signed request may list the keys of its account.
"""

import base64

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from truebook.api.authenticate import Authority
from truebook.api.errors import invalid
from truebook.api.request import headers_of, query_of
from truebook.api.response import JsonResponse
from truebook.api.sign_in import Fields, fields_of_body, text_of
from truebook.people.accounts import key_text, public_key_of
from truebook.people.keys import KeyPlan, ListedKey, names_of, permissions_of
from truebook.people.people import People
from truebook.people.statements import Session


class Keys:
    """The endpoints at /api/v1/keys."""

    def __init__(self, authority: Authority, people: People) -> None:
        self._authority = authority
        self._keys = people.keys

    def routes(self) -> list[Route]:
        """Each endpoint at its path."""
        return [
            Route("/api/v1/keys", self.find_all, methods=["GET"]),
            Route("/api/v1/keys", self.add, methods=["POST"]),
            Route("/api/v1/keys", self.change, methods=["PATCH"]),
            Route("/api/v1/keys", self.revoke, methods=["DELETE"]),
        ]

    async def find_all(self, request: Request) -> Response:
        """The keys of the account (`keyQueryAll`)."""
        query = query_of(request.scope)
        caller = self._authority.reader(headers_of(request.scope), "keyQueryAll", query)
        return JsonResponse([_json(listed) for listed in await self._keys.of(caller.account)])

    async def add(self, request: Request) -> Response:
        """Register a key; without `publicKey` one is made, and its secret shown this once."""
        session, fields = await self._change(request)
        plan = KeyPlan(
            permissions_of(_texts_of(fields, "permissions")),
            text_of(fields, "label", ""),
            tuple(_texts_of(fields, "addresses")),
            _milliseconds_of(fields, "expiresAt"),
            text_of(fields, "publicKey", ""),
        )
        giver = self._authority.permissions_of(session)
        new = await self._keys.add(session.account, plan, giver)
        made = {} if new.secret is None else {"apiSecret": base64.b64encode(new.secret).decode()}
        return JsonResponse(
            {"apiKey": key_text(new.public_key), **made}, headers={"Cache-Control": "no-store"}
        )

    async def change(self, request: Request) -> Response:
        """Change a key's label or address list."""
        session, fields = await self._change(request)
        label = text_of(fields, "label") if "label" in fields else None
        addresses = _texts_of(fields, "addresses") if "addresses" in fields else None
        public_key = public_key_of(text_of(fields, "apiKey"), "apiKey")
        await self._keys.change(session.account, public_key, label, addresses)
        return JsonResponse({})

    async def revoke(self, request: Request) -> Response:
        """End a key for good."""
        session, fields = await self._change(request)
        public_key = public_key_of(text_of(fields, "apiKey"), "apiKey")
        await self._keys.revoke(session.account, public_key)
        return JsonResponse({})

    async def _change(self, request: Request) -> tuple[Session, Fields]:
        headers = headers_of(request.scope)
        session = self._authority.session(headers, changes=True)
        return session, await fields_of_body(request, headers)


def _json(listed: ListedKey) -> Fields:
    return {
        "apiKey": key_text(listed.public_key),
        "label": str(listed.label),
        "permissions": names_of(listed.key.permissions),
        "addresses": listed.addresses,
        "createdAt": listed.created_ms or None,
        "expiresAt": listed.key.expires_ms or None,
    }


def _texts_of(fields: Fields, name: str) -> list[str]:
    values = fields.get(name, [])
    if not isinstance(values, list) or any(type(value) is not str for value in values):
        raise invalid(name, "must be an array of texts")
    return values


def _milliseconds_of(fields: Fields, name: str) -> int:
    value = fields.get(name)
    if value is None:
        return 0
    if not isinstance(value, str) or not value.isascii() or not value.isdigit() or len(value) > 15:
        raise invalid(name, "must be milliseconds since 1970")
    return int(value)
