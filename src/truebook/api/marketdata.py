"""What the feed tells by request: depth and tickers (contract A4).

Promise: depth is the state of the last update that subscribers were sent, and never older than
anything this gateway has answered; so a client that subscribes first and asks then can lay the
updates on it. The feed writes the JSON; it is passed on as it comes.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from truebook.api.errors import ApiError
from truebook.api.exchange import Exchange
from truebook.api.payload import market_of
from truebook.api.request import fields_of, query_of

DEPTH_LEVELS_MAX = 1000
INTERVAL_HOURS = {"1d": 24, "1w": 7 * 24}
NOTHING = b"[]"


class MarketData:
    """The endpoints that ask the feed."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def routes(self) -> list[Route]:
        """Each endpoint at its path."""
        return [
            Route("/api/v1/depth", self.depth),
            Route("/api/v1/ticker", self.ticker),
            Route("/api/v1/tickers", self.tickers),
        ]

    async def depth(self, request: Request) -> Response:
        """The best levels of one market."""
        fields = fields_of(query_of(request.scope))
        market = market_of(fields, self._exchange.directory)
        limit = _limit_of(fields)
        answer = await self._exchange.ask("depth", market=market.number, limit=limit)
        return _json(answer.body)

    async def ticker(self, request: Request) -> Response:
        """The rolling figures of one market; 204 if nothing was ever traded there."""
        fields = fields_of(query_of(request.scope))
        market = market_of(fields, self._exchange.directory)
        hours = _hours_of(fields)
        answer = await self._exchange.ask("tickers", market=market.number, limit=hours)
        if answer.body == NOTHING:
            return Response(status_code=204)
        return _json(answer.body[1:-1])

    async def tickers(self, request: Request) -> Response:
        """The rolling figures of all markets where something was traded."""
        hours = _hours_of(fields_of(query_of(request.scope)))
        answer = await self._exchange.ask("tickers", limit=hours)
        return _json(answer.body)


def _json(body: bytes) -> Response:
    return Response(body, media_type="application/json")


def _limit_of(fields: dict[str, object]) -> int:
    text = fields.get("limit", str(DEPTH_LEVELS_MAX))
    is_number = isinstance(text, str) and text.isascii() and text.isdigit() and len(text) <= 4
    if not is_number or not 1 <= int(str(text)) <= DEPTH_LEVELS_MAX:
        raise _unreadable("limit", f"Expect a whole number from 1 to {DEPTH_LEVELS_MAX}.")
    return int(str(text))


def _hours_of(fields: dict[str, object]) -> int:
    hours = INTERVAL_HOURS.get(str(fields.get("interval", "1d")))
    if hours is None:
        raise _unreadable("interval", "Expect a valid enumeration value.")
    return hours


def _unreadable(field: str, reason: str) -> ApiError:
    message = f"failed to parse parameter `{field}`: {reason}"
    return ApiError(400, "INVALID_CLIENT_REQUEST", message, field=field)
