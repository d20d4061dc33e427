"""What the venue owes: the signed root for everybody, to each account its branches (docs/proof.md).

Promise: what an account is given leads to the root that everybody is given; the gateway has checked
it. Nobody is given what leads to another's leaf but the sums that the way up needs.
"""

import asyncio
from functools import partial
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from truebook.api.authenticate import Authority
from truebook.api.errors import ApiError, invalid
from truebook.api.exchange import Exchange
from truebook.api.payload import Fields
from truebook.api.request import fields_of, headers_of, query_of
from truebook.api.response import JsonResponse
from truebook.api.shapes.proof import ProofRoot
from truebook.commandlog.interface import Position
from truebook.directory import Directory
from truebook.proof.shelf import NotMade, Shelf
from truebook.proof.statement import digest_of, read
from truebook.units import Grid, show

PRIVATE = {"Cache-Control": "no-store"}


class Proof:
    """The endpoints."""

    def __init__(self, exchange: Exchange, authority: Authority, folder: Path | None) -> None:
        """`folder` None: no proofs are made here."""
        self._exchange = exchange
        self._authority = authority
        self._shelf = Shelf(folder)

    def public_routes(self) -> list[Route]:
        """What needs no signature."""
        return [Route("/api/v1/proof/root", self.root, methods=["GET"])]

    def signed_routes(self) -> list[Route]:
        """What needs one."""
        return [Route("/api/v1/proof", self.account, methods=["GET"])]

    async def root(self, request: Request) -> Response:
        """What the venue owes in all, per asset, signed."""
        position = _position_of(fields_of(query_of(request.scope)))
        try:
            text = await asyncio.to_thread(self._shelf.root, position)
        except NotMade as error:
            raise _not_made(error) from None
        return JsonResponse(_root(text, self._exchange.directory))

    async def account(self, request: Request) -> Response:
        """What the venue owes the caller, and the way from there to the root (`proofQuery`)."""
        query = query_of(request.scope)
        caller = self._authority.reader(headers_of(request.scope), "proofQuery", query)
        position = _position_of(fields_of(query))
        name = self._exchange.directory.accounts[caller.account].name
        find = partial(self._shelf.account, caller.account, name, position)
        try:
            return JsonResponse(await asyncio.to_thread(find), headers=PRIVATE)
        except NotMade as error:
            raise _not_made(error) from None


def _position_of(fields: Fields) -> Position | None:
    text = fields.get("position")
    if text is None:
        return None
    try:
        return Position.parse(str(text))
    except ValueError:
        raise invalid("position", "must be a position of the log, as in 1795246042096-0") from None


def _not_made(error: NotMade) -> ApiError:
    return ApiError(404, "RESOURCE_NOT_FOUND", str(error))


def _root(text: str, directory: Directory) -> ProofRoot:
    statement = read(text)
    return {
        "root": text,
        "digest": digest_of(text),
        "position": str(statement.position),
        "timeMs": statement.time_ms,
        "signer": statement.signer,
        "trusted": statement.key in directory.attesters,
        "totals": {
            asset.symbol: show(asset.root.sum, Grid(1, asset.decimals))
            for asset in statement.assets
        },
    }
