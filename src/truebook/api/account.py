"""What an account reads of itself: balances, fees, limits (contract A6).

Promise: balances are the engine's, at or after everything that this gateway has answered before.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from truebook.api.authenticate import Authority, Caller, Parameters, parameters_of
from truebook.api.errors import invalid, rejected
from truebook.api.exchange import Exchange
from truebook.api.order_payload import SIDES
from truebook.api.payload import amount_of, choice_of, market_of
from truebook.api.request import Scope, fields_of, headers_of, query_of
from truebook.api.response import JsonResponse
from truebook.api.shapes import account as shapes
from truebook.api.sign_in import fields_of_body
from truebook.directory import Market
from truebook.limits import AMOUNT_MAX, PRICE_TICKS_MAX
from truebook.messages import RejectCode, Side
from truebook.units import Grid, show

SWITCHES = ("autoBorrowSettlements", "autoLend", "autoRealizePnl", "autoRepayBorrows")
LEVERAGE_GRID = Grid(1, 4)


class Account:
    """The endpoints about the caller's own account."""

    def __init__(self, exchange: Exchange, authority: Authority) -> None:
        self._exchange = exchange
        self._authority = authority

    def routes(self) -> list[Route]:
        """Each endpoint at its path."""
        return [
            Route("/api/v1/account", self.account, methods=["GET"]),
            Route("/api/v1/account", self.change, methods=["PATCH"]),
            Route("/api/v1/account/limits/order", self.order_limit),
            Route("/api/v1/account/limits/withdrawal", self.withdrawal_limit),
            Route("/api/v1/capital", self.capital),
        ]

    def _reader(self, scope: Scope, instruction: str) -> tuple[Caller, Parameters]:
        query = query_of(scope)
        return self._authority.reader(headers_of(scope), instruction, query), query

    async def account(self, request: Request) -> Response:
        """Fees in basis points, and what a spot venue says about margin (`accountQuery`)."""
        caller, _ = self._reader(request.scope, "accountQuery")
        directory = self._exchange.directory
        tier = directory.tiers[directory.accounts[caller.account].tier]
        orders = (await self._exchange.ask("orders", caller.account)).orders
        waiting = sum(order.trigger_price > 0 for order in orders)
        told: shapes.Account = {
            "autoBorrowSettlements": False,
            "autoLend": False,
            "autoRealizePnl": False,
            "autoRepayBorrows": False,
            "borrowLimit": "0",
            "futuresMakerFee": "0",
            "futuresTakerFee": "0",
            "leverageLimit": "1",
            "limitOrders": len(orders) - waiting,
            "liquidating": False,
            "positionLimit": "0",
            "spotMakerFee": str(tier.maker_bp),
            "spotTakerFee": str(tier.taker_bp),
            "triggerOrders": waiting,
        }
        return JsonResponse(told)

    async def change(self, request: Request) -> Response:
        """Take note of settings of margin and lending; a spot venue has neither, so they stay
        without effect (`accountUpdate`)."""
        headers = headers_of(request.scope)
        fields = await fields_of_body(request, headers)
        self._authority.trader(headers, "accountUpdate", [parameters_of(fields)])
        for name in SWITCHES:
            if not isinstance(fields.get(name, False), bool | None):
                raise invalid(name, "must be true or false")
        amount_of(fields, "leverageLimit", LEVERAGE_GRID, AMOUNT_MAX)
        return Response()

    async def capital(self, request: Request) -> Response:
        """Every balance that is not zero (`balanceQuery`)."""
        caller, _ = self._reader(request.scope, "balanceQuery")
        assets = self._exchange.directory.assets
        answer = await self._exchange.ask("balances", caller.account)
        return JsonResponse(
            {
                assets[asset].symbol: {
                    "available": show(available, assets[asset].atoms),
                    "locked": show(locked, assets[asset].atoms),
                    "staked": "0",
                }
                for asset, available, locked in answer.balances
            }
        )

    async def order_limit(self, request: Request) -> Response:
        """The largest quantity that the available balance allows (`maxOrderQuantity`)."""
        caller, query = self._reader(request.scope, "maxOrderQuantity")
        fields = fields_of(query)
        market = market_of(fields, self._exchange.directory)
        side = choice_of(fields, "side", SIDES)
        price = amount_of(fields, "price", market.tick, PRICE_TICKS_MAX)
        lots = await self._affordable(caller.account, market, side, price)
        named = {name: fields.get(name) for name in ("symbol", "side", "price")}
        return JsonResponse({"maxOrderQuantity": show(lots, market.step), **named})

    async def _affordable(self, account: int, market: Market, side: Side, price: int | None) -> int:
        if side is Side.ASK:
            available = await self._available(account, market.base.number)
            return available // market.lot_atoms
        if not price:
            raise invalid("price", "is required for a bid")
        return await self._available(account, market.quote.number) // (price * market.unit)

    async def withdrawal_limit(self, request: Request) -> Response:
        """What could be withdrawn of an asset (`maxWithdrawalQuantity`)."""
        caller, query = self._reader(request.scope, "maxWithdrawalQuantity")
        asset = self._exchange.directory.asset_by_symbol.get(str(fields_of(query).get("symbol")))
        if asset is None:
            raise rejected(RejectCode.UNKNOWN_ASSET)
        available = await self._available(caller.account, asset.number)
        quantity = show(available, asset.atoms)
        told: shapes.WithdrawalLimit = {
            "maxWithdrawalQuantity": quantity,
            "symbol": asset.symbol,
        }
        return JsonResponse(told)

    async def _available(self, account: int, asset: int) -> int:
        answer = await self._exchange.ask("balances", account)
        return sum(available for number, available, _ in answer.balances if number == asset)
