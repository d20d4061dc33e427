"""What administrators do over HTTP (docs/people.md).

Promise: each request needs the permission `admin`, of a key or a session; each change needs a
`reason`, and stands in the log with it and with who asked.
"""

import re

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from truebook.api.authenticate import Authority, Caller, parameters_of
from truebook.api.errors import ApiError, invalid
from truebook.api.exchange import Exchange
from truebook.api.payload import amount_of
from truebook.api.request import fields_of, headers_of, query_of
from truebook.api.response import JsonResponse
from truebook.api.sign_in import Fields, fields_of_body, text_of
from truebook.directory import Account
from truebook.limits import AMOUNT_MAX, DECIMALS_MAX
from truebook.messages import AccountFlag
from truebook.people.accounts import key_text
from truebook.people.admin import AccountChange, Admin, Why, asset_plan, market_plan
from truebook.units import Grid

ACCOUNTS_LISTED_MAX = 1_000

_ANY_AMOUNT = Grid(1, DECIMALS_MAX)
_UPPER = re.compile(r"(?<=[a-z])[A-Z]")
_NUMBER = re.compile(r"0|-?[1-9][0-9]{0,9}")
_PLAN_NUMBERS = frozenset({"decimals", "openOrdersMax"})
_PLAN_TEXTS = frozenset({"symbol", "displayName"})
"""What else a plan has are amounts."""


class Administration:
    """The endpoints under /api/v1/admin."""

    def __init__(self, exchange: Exchange, authority: Authority) -> None:
        self._exchange = exchange
        self._authority = authority
        self._admin = Admin(exchange)

    def routes(self) -> list[Route]:
        """Each endpoint at its path."""
        return [
            Route("/api/v1/admin/credit", self.credit, methods=["POST"]),
            Route("/api/v1/admin/debit", self.debit, methods=["POST"]),
            Route("/api/v1/admin/assets", self.add_asset, methods=["POST"]),
            Route("/api/v1/admin/markets", self.add_market, methods=["POST"]),
            Route("/api/v1/admin/markets/state", self.set_market_state, methods=["POST"]),
            Route("/api/v1/admin/tiers", self.set_tier, methods=["POST"]),
            Route("/api/v1/admin/accounts", self.accounts, methods=["GET"]),
            Route("/api/v1/admin/accounts", self.set_account, methods=["PATCH"]),
        ]

    async def credit(self, request: Request) -> Response:
        """Credit an account (`adminCredit`)."""
        fields, why = await self._asked(request, "adminCredit")
        account = self._account_of(fields)
        symbol, quantity = text_of(fields, "symbol"), _decimal_of(fields, "quantity")
        await self._admin.credit(account.number, symbol, quantity, why)
        return JsonResponse({})

    async def debit(self, request: Request) -> Response:
        """Debit what an account has available (`adminDebit`)."""
        fields, why = await self._asked(request, "adminDebit")
        account = self._account_of(fields)
        symbol, quantity = text_of(fields, "symbol"), _decimal_of(fields, "quantity")
        await self._admin.debit(account.number, symbol, quantity, why)
        return JsonResponse({})

    async def add_asset(self, request: Request) -> Response:
        """Add an asset (`adminAssetAdd`)."""
        fields, why = await self._asked(request, "adminAssetAdd")
        asset = await self._admin.add_asset(asset_plan(_plan_of(fields)), why)
        return JsonResponse({"symbol": asset.symbol, "decimals": asset.decimals})

    async def add_market(self, request: Request) -> Response:
        """Add a market (`adminMarketAdd`)."""
        fields, why = await self._asked(request, "adminMarketAdd")
        state = text_of(fields, "state", "Open")
        plan = _plan_of({name: fields[name] for name in fields if name != "state"})
        market = await self._admin.add_market(market_plan(plan), state, why)
        return JsonResponse({"symbol": market.symbol, "orderBookState": state})

    async def set_market_state(self, request: Request) -> Response:
        """Halt, restrict or reopen a market (`adminMarketState`)."""
        fields, why = await self._asked(request, "adminMarketState")
        symbol, state = text_of(fields, "symbol"), text_of(fields, "state")
        await self._admin.set_market_state(symbol, state, why)
        return JsonResponse({"symbol": symbol, "orderBookState": state})

    async def set_tier(self, request: Request) -> Response:
        """Set the fees of a tier (`adminTierSet`)."""
        fields, why = await self._asked(request, "adminTierSet")
        tier, maker_bp, taker_bp = (
            _whole_of(fields, name) for name in ("tier", "makerFee", "takerFee")
        )
        if not (-10_000 <= maker_bp <= 10_000 and -10_000 <= taker_bp <= 10_000):
            raise invalid("makerFee", "fees are −10000 … 10000 basis points")
        await self._admin.set_tier(tier, maker_bp, taker_bp, why)
        return JsonResponse({})

    async def accounts(self, request: Request) -> Response:
        """The accounts from number `from` on, at most `limit` (`adminAccountQueryAll`)."""
        headers, query = headers_of(request.scope), query_of(request.scope)
        self._authority.administrator(headers, "adminAccountQueryAll", query, changes=False)
        fields = fields_of(query)
        first = _whole_of(fields, "from", 0)
        count = min(max(_whole_of(fields, "limit", 100), 1), ACCOUNTS_LISTED_MAX)
        known = self._exchange.directory.accounts
        numbers = [number for number in range(first, first + count) if number in known]
        return JsonResponse([_json(known[number]) for number in numbers])

    async def set_account(self, request: Request) -> Response:
        """Change an account's `tier`, `openOrdersMax` or `blocked` (`adminAccountSet`)."""
        fields, why = await self._asked(request, "adminAccountSet")
        blocked = fields.get("blocked")
        if blocked is not None and not isinstance(blocked, bool):
            raise invalid("blocked", "must be true or false")
        change = AccountChange(
            _whole_of(fields, "tier") if "tier" in fields else None,
            _whole_of(fields, "openOrdersMax") if "openOrdersMax" in fields else None,
            blocked,
        )
        account = self._account_of(fields)
        return JsonResponse(_json(await self._admin.set_account(account.number, change, why)))

    async def _asked(self, request: Request, instruction: str) -> tuple[Fields, Why]:
        """The fields of a change, who wants it and why. Raises ApiError."""
        headers = headers_of(request.scope)
        fields = await fields_of_body(request, headers)
        caller = self._authority.administrator(
            headers, instruction, parameters_of(fields), changes=True
        )
        return fields, Why(self._who(caller), text_of(fields, "reason"), caller.once)

    def _who(self, caller: Caller) -> str:
        name = self._exchange.directory.accounts[caller.account].name
        means = "session" if caller.session else "key"
        return f"{name}, account {caller.account}, {means} {key_text(caller.public_key)}"

    def _account_of(self, fields: Fields) -> Account:
        """The account that `accountId` or `name` means. Raises ApiError."""
        directory = self._exchange.directory
        if "name" in fields:
            account = directory.account_by_name.get(text_of(fields, "name"))
        else:
            account = directory.accounts.get(_whole_of(fields, "accountId"))
        if account is None:
            raise ApiError(404, "RESOURCE_NOT_FOUND", "There is no such account")
        return account


def _json(account: Account) -> Fields:
    return {
        "accountId": account.number,
        "name": account.name,
        "tier": account.tier,
        "openOrdersMax": account.open_orders_max,
        "blocked": AccountFlag.BLOCKED in account.flags,
    }


def _plan_of(fields: Fields) -> Fields:
    """A plan's fields as the configuration names them: `displayName` is `display_name`. Raises
    ApiError for what is no number."""
    for name in fields.keys() - _PLAN_TEXTS - {"reason"}:
        if name in _PLAN_NUMBERS:
            if _whole_of(fields, name) < 0:
                raise invalid(name, "must not be negative")
        else:
            amount_of(fields, name, _ANY_AMOUNT, AMOUNT_MAX * 10**DECIMALS_MAX)
    return {
        _UPPER.sub(lambda letter: f"_{letter[0]}", name).lower(): value
        for name, value in fields.items()
        if name != "reason"
    }


def _decimal_of(fields: Fields, name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str):
        raise invalid(name, "must be a plain decimal number such as 12.5")
    return str(value)


def _whole_of(fields: Fields, name: str, default: int | None = None) -> int:
    value = fields.get(name)
    if value is None and default is not None:
        return default
    if not isinstance(value, str) or not _NUMBER.fullmatch(value):
        raise invalid(name, "must be a whole number")
    return int(value)
