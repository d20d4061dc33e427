"""An account's past orders and fills, page by page (contract A6).

Promise: whoever has been answered about an order or a trade finds it here: the database is waited
for, for a moment. It is asked for nothing else than these lists, so without it all else goes on.
"""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from truebook.api.authenticate import Authority
from truebook.api.exchange import Exchange
from truebook.api.order_json import iso, json_of_past_order
from truebook.api.paging import TIME_MS_MAX, market_number_of, page_headers, page_of
from truebook.api.payload import (
    choice_of,
    order_id_of,
    whole_number_of,
)
from truebook.api.request import fields_of, headers_of, query_of
from truebook.api.response import JsonResponse
from truebook.api.shapes.order import Fill, PastOrder
from truebook.directory import Directory
from truebook.feed.words import SIDES
from truebook.history import History, Page, PastFill
from truebook.units import show

FILL_TYPES = {
    "User": True,
    "BookLiquidation": False,
    "Adl": False,
    "Backstop": False,
    "Liquidation": False,
    "AllLiquidation": False,
    "CollateralConversion": False,
    "CollateralConversionAndSpotLiquidation": False,
}
"""Whether a spot venue without lending has any of these."""


class Past:
    """The endpoints."""

    def __init__(self, exchange: Exchange, history: History, authority: Authority) -> None:
        self._exchange = exchange
        self._history = history
        self._authority = authority

    def routes(self) -> list[Route]:
        """Each endpoint at its path."""
        return [
            Route("/wapi/v1/history/orders", self.orders),
            Route("/wapi/v1/history/fills", self.fills),
        ]

    async def orders(self, request: Request) -> Response:
        """Orders by their acceptance (`orderHistoryQueryAll`)."""
        query = query_of(request.scope)
        headers = headers_of(request.scope)
        caller = self._authority.reader(headers, "orderHistoryQueryAll", query)
        fields = fields_of(query)
        directory = self._exchange.directory
        page, market = page_of(fields), market_number_of(fields, directory)
        order_id = order_id_of(fields)
        if fields.get("strategyId") is not None:
            return _respond([], page, 0)
        orders, total = await self._history.orders(
            caller.account,
            page,
            order_id=order_id,
            market=market,
            after=await self._exchange.published(),
        )
        return _respond(
            [json_of_past_order(order, directory.markets[order.market]) for order in orders],
            page,
            total,
        )

    async def fills(self, request: Request) -> Response:
        """Fills by their time (`fillHistoryQueryAll`)."""
        query = query_of(request.scope)
        headers = headers_of(request.scope)
        caller = self._authority.reader(headers, "fillHistoryQueryAll", query)
        fields = fields_of(query)
        directory = self._exchange.directory
        page, market = page_of(fields), market_number_of(fields, directory)
        order_id = order_id_of(fields)
        from_ms = whole_number_of(fields, "from", TIME_MS_MAX)
        to_ms = whole_number_of(fields, "to", TIME_MS_MAX)
        may_be_any = choice_of(fields, "fillType", FILL_TYPES, default=True)
        if fields.get("strategyId") is not None or not may_be_any:
            return _respond([], page, 0)
        fills, total = await self._history.fills(
            caller.account,
            page,
            order_id=order_id,
            market=market,
            from_ms=from_ms,
            to_ms=to_ms,
            after=await self._exchange.published(),
        )
        return _respond([_fill_json(fill, directory) for fill in fills], page, total)


def _respond(found: Sequence[PastOrder | Fill], page: Page, total: int) -> Response:
    return JsonResponse(found, headers=page_headers(page, total))


def _fill_json(fill: PastFill, directory: Directory) -> Fill:
    market = directory.markets[fill.market]
    asset = directory.assets[fill.fee_asset]
    return {
        "clientId": None if fill.client_id is None else str(fill.client_id),
        "fee": show(fill.fee, asset.atoms),
        "feeSymbol": asset.symbol,
        "isMaker": fill.is_maker,
        "orderId": str(fill.order_id),
        "price": show(fill.price, market.tick),
        "quantity": show(fill.quantity, market.step),
        "side": SIDES[fill.side],
        "symbol": market.symbol,
        "systemOrderType": None,
        "timestamp": iso(fill.time_ms),
        "tradeId": fill.trade_id,
    }
