"""What anybody may read: status, time, assets and markets (contract A4).

Promise: everything here comes from the directory, so it is what the log says; tick and step sizes
are the shortest text, since clients take their number of decimals as precision.
"""

from typing import get_args

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from truebook.api.errors import ApiError
from truebook.api.exchange import Exchange
from truebook.api.payload import market_of
from truebook.api.request import fields_of, query_of
from truebook.api.response import JsonResponse
from truebook.api.shapes import market as shapes
from truebook.api.shapes.values import MarketState as StateName
from truebook.api.shapes.values import MarketType
from truebook.asking import TimedOut
from truebook.clock import Clock
from truebook.directory import Asset, Market
from truebook.messages import MarketState
from truebook.units import BASIS_POINT_GRID, show

LISTED_AT = "2026-01-01T00:00:00.000000"
"""Markets carry no date of their own; clients only need one that parses."""

MARKET_TYPES = frozenset(get_args(MarketType))

STATES: dict[MarketState, StateName] = {
    MarketState.OPEN: "Open",
    MarketState.CANCEL_ONLY: "CancelOnly",
    MarketState.POST_ONLY: "PostOnly",
    MarketState.LIMIT_ONLY: "LimitOnly",
    MarketState.CLOSED: "Closed",
}

STATUS_SECONDS = 1.0
"""How long a status is repeated before the engine is asked again."""


class Markets:
    """The public endpoints."""

    def __init__(self, exchange: Exchange, clock: Clock) -> None:
        self._exchange = exchange
        self._clock = clock
        self._status: tuple[float, shapes.Status] | None = None

    def routes(self) -> list[Route]:
        """Each endpoint at its path."""
        return [
            Route("/api/v1/status", self.status),
            Route("/api/v1/ping", self.ping),
            Route("/api/v1/time", self.time),
            Route("/api/v1/assets", self.assets),
            Route("/api/v1/markets", self.markets),
            Route("/api/v1/market", self.market),
        ]

    async def status(self, request: Request) -> Response:
        """Whether orders are accepted."""
        now = self._clock.elapsed_s()
        if self._status is None or now - self._status[0] > STATUS_SECONDS:
            self._status = now, await self._ask_status()
        return JsonResponse(self._status[1])

    async def _ask_status(self) -> shapes.Status:
        try:
            status = (await self._exchange.ask("status")).status
        except TimedOut:
            return {"status": "Maintenance", "message": "The engine does not answer"}
        if status.get("halted"):
            message = f"The engine is halted at {status.get('position')}"
            return {"status": "Maintenance", "message": message}
        return {"status": "Ok", "message": None}

    async def ping(self, request: Request) -> Response:
        """Whether there is a gateway."""
        return PlainTextResponse("pong")

    async def time(self, request: Request) -> Response:
        """The gateway's clock, by which signatures expire, in milliseconds."""
        return PlainTextResponse(str(self._clock.now_ms()))

    async def assets(self, request: Request) -> Response:
        """All assets."""
        return JsonResponse(
            [_asset_json(asset) for asset in self._exchange.directory.assets.values()]
        )

    async def markets(self, request: Request) -> Response:
        """All markets; `marketType` may stand several times."""
        types = {value for name, value in query_of(request.scope) if name == "marketType"}
        if not types <= MARKET_TYPES:
            reason = "failed to parse parameter `marketType`: Expect a valid enumeration value."
            raise ApiError(400, "INVALID_CLIENT_REQUEST", reason, field="marketType")
        if types and "SPOT" not in types:
            return JsonResponse([])
        markets = self._exchange.directory.markets.values()
        return JsonResponse([_market_json(market) for market in markets])

    async def market(self, request: Request) -> Response:
        """One market."""
        fields = fields_of(query_of(request.scope))
        return JsonResponse(_market_json(market_of(fields, self._exchange.directory)))


def _asset_json(asset: Asset) -> shapes.Asset:
    token: shapes.Token = {
        "displayName": asset.display_name,
        "blockchain": "Truebook",
        "contractAddress": "",
        "depositEnabled": True,
        "minimumDeposit": "0",
        "withdrawEnabled": True,
        "minimumWithdrawal": "0",
        "maximumWithdrawal": None,
        "withdrawalFee": "0",
        "nativeDecimals": asset.decimals,
    }
    return {
        "symbol": asset.symbol,
        "displayName": asset.display_name,
        "coingeckoId": "",
        "tokens": [token],
    }


def _market_json(market: Market) -> shapes.Market:
    return {
        "symbol": market.symbol,
        "baseSymbol": market.base.symbol,
        "quoteSymbol": market.quote.symbol,
        "marketType": "SPOT",
        "filters": {"price": _price_filter(market), "quantity": _quantity_filter(market)},
        "imfFunction": None,
        "mmfFunction": None,
        "fundingInterval": None,
        "fundingRateUpperBound": None,
        "fundingRateLowerBound": None,
        "openInterestLimit": "0",
        "orderBookState": STATES[market.state],
        "createdAt": LISTED_AT,
        "visible": True,
        "positionLimitWeight": None,
    }


def _price_filter(market: Market) -> shapes.PriceFilter:
    return {
        "minPrice": show(market.price_min, market.tick),
        "maxPrice": show(market.price_max, market.tick),
        "tickSize": show(1, market.tick),
        "maxMultiplier": _multiplier(market.band_max_bp),
        "minMultiplier": _multiplier(market.band_min_bp),
        "maxImpactMultiplier": _multiplier(market.impact_max_bp),
        "minImpactMultiplier": _multiplier(market.impact_min_bp),
        "meanMarkPriceBand": None,
        "meanPremiumBand": None,
        "borrowEntryFeeMaxMultiplier": None,
        "borrowEntryFeeMinMultiplier": None,
    }


def _quantity_filter(market: Market) -> shapes.QuantityFilter:
    return {
        "minQuantity": show(market.quantity_min, market.step),
        "maxQuantity": show(market.quantity_max, market.step),
        "stepSize": show(1, market.step),
    }


def _multiplier(basis_points: int) -> str | None:
    """A multiplier as text; 0 stands for none."""
    return show(basis_points, BASIS_POINT_GRID) if basis_points else None
