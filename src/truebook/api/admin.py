"""What administrators do over HTTP (docs/people.md).

Promise: each request needs the permission `admin`, of a key or a session; each change needs a
`reason`, and stands in the log with it and with who asked.
"""

import contextlib
import re

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from truebook.api.authenticate import Authority, Caller, parameters_of
from truebook.api.capital import destination_in
from truebook.api.errors import ApiError, invalid
from truebook.api.exchange import Exchange
from truebook.api.paging import ID_MAX
from truebook.api.payload import amount_of, choice_of, whole_number_of
from truebook.api.request import fields_of, headers_of, query_of
from truebook.api.response import JsonResponse
from truebook.api.sign_in import Fields, fields_of_body, text_of
from truebook.directory import Account, Directory
from truebook.history import History, HistoryUnavailable, Page
from truebook.limits import AMOUNT_MAX, DECIMALS_MAX, WITHDRAWALS_PENDING_MAX
from truebook.messages import AccountFlag, WithdrawalState
from truebook.people.accounts import key_text
from truebook.people.admin import STATES, AccountChange, Admin, Why
from truebook.people.plans import asset_plan, market_plan
from truebook.queries import ALL_ACCOUNTS, WithdrawalRow
from truebook.units import Grid, show

ACCOUNTS_LISTED_MAX = 1_000
WITHDRAWALS_LISTED_MAX = 1_000
SETTLED = {"confirmed": WithdrawalState.CONFIRMED, "declined": WithdrawalState.REFUSED}
STATE_NAMES = {state: name for name, state in STATES.items()}

_ANY_AMOUNT = Grid(1, DECIMALS_MAX)
_UPPER = re.compile(r"(?<=[a-z])[A-Z]")
_NUMBER = re.compile(r"0|-?[1-9][0-9]{0,9}")
_PLAN_NUMBERS = frozenset({"decimals", "openOrdersMax"})
_PLAN_TEXTS = frozenset({"symbol", "displayName"})
"""What else a plan has are amounts."""


class Administration:
    """The endpoints under /api/v1/admin."""

    def __init__(self, exchange: Exchange, history: History, authority: Authority) -> None:
        self._exchange = exchange
        self._history = history
        self._authority = authority
        self._admin = Admin(exchange)

    def routes(self) -> list[Route]:
        """Each endpoint at its path."""
        return [
            Route("/api/v1/admin/credit", self.credit, methods=["POST"]),
            Route("/api/v1/admin/debit", self.debit, methods=["POST"]),
            Route("/api/v1/admin/assets", self.add_asset, methods=["POST"]),
            Route("/api/v1/admin/markets", self.add_market, methods=["POST"]),
            Route("/api/v1/admin/markets", self.set_market, methods=["PATCH"]),
            Route("/api/v1/admin/markets/state", self.set_market_state, methods=["POST"]),
            Route("/api/v1/admin/tiers", self.set_tier, methods=["POST"]),
            Route("/api/v1/admin/accounts", self.accounts, methods=["GET"]),
            Route("/api/v1/admin/accounts", self.set_account, methods=["PATCH"]),
            Route("/api/v1/admin/withdrawals", self.withdrawals, methods=["GET"]),
            Route("/api/v1/admin/withdrawals", self.settle_withdrawal, methods=["POST"]),
        ]

    async def credit(self, request: Request) -> Response:
        """Credit an account, with a `reference` once (`adminCredit`)."""
        fields, why = await self._asked(request, "adminCredit")
        account = self._account_of(fields)
        symbol, quantity = text_of(fields, "symbol"), _decimal_of(fields, "quantity")
        reference = text_of(fields, "reference", "")
        await self._admin.credit(account.number, symbol, quantity, why, reference)
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

    async def set_market(self, request: Request) -> Response:
        """Change a market's filters, bands and cap on open orders (`adminMarketSet`)."""
        fields, why = await self._asked(request, "adminMarketSet")
        symbol = text_of(fields, "symbol")
        changes = _plan_of({name: fields[name] for name in fields if name != "symbol"})
        market = await self._admin.set_market(symbol, changes, why)
        return JsonResponse({"symbol": symbol, "orderBookState": STATE_NAMES[market.state]})

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

    async def withdrawals(self, request: Request) -> Response:
        """Withdrawals that wait, from number `from` on, at most `limit`
        (`adminWithdrawalQueryAll`)."""
        # What and whose they are is the engine's word; where they shall go to is the database's,
        # which is no authority: `truebook admin withdrawals` asks the log.
        headers, query = headers_of(request.scope), query_of(request.scope)
        self._authority.administrator(headers, "adminWithdrawalQueryAll", query, changes=False)
        fields = fields_of(query)
        first = whole_number_of(fields, "from", ID_MAX) or 0
        count = min(max(_whole_of(fields, "limit", 100), 1), WITHDRAWALS_LISTED_MAX)
        answer = await self._exchange.ask("withdrawals", ALL_ACCOUNTS)
        waiting = [row for row in answer.withdrawals if row.withdrawal_id >= first][:count]
        return JsonResponse(await self._told(waiting))

    async def _told(self, waiting: list[WithdrawalRow]) -> list[Fields]:
        notes: dict[int, str] = {}
        with contextlib.suppress(HistoryUnavailable):
            page = Page(WITHDRAWALS_PENDING_MAX, oldest_first=True)
            after = await self._exchange.published()
            found, _ = await self._history.withdrawals_pending(page, after=after)
            notes = {withdrawal.withdrawal_id: withdrawal.note for withdrawal in found}
        directory = self._exchange.directory
        return [
            withdrawal_json(row, directory, notes.get(row.withdrawal_id, "")) for row in waiting
        ]

    async def settle_withdrawal(self, request: Request) -> Response:
        """Let a withdrawal leave the exchange, or refuse it (`adminWithdrawalSettle`)."""
        fields, why = await self._asked(request, "adminWithdrawalSettle")
        withdrawal_id = whole_number_of(fields, "withdrawalId", ID_MAX)
        if not withdrawal_id:
            raise invalid("withdrawalId", "is required")
        state = choice_of(fields, "status", SETTLED)
        await self._admin.settle_withdrawal(withdrawal_id, state, why)
        return JsonResponse({"withdrawalId": withdrawal_id, "status": fields["status"]})

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


def withdrawal_json(row: WithdrawalRow, directory: Directory, note: str) -> Fields:
    """A withdrawal that waits, and what the note on its request says."""
    asset, destination = directory.assets[row.asset], destination_in(note)
    return {
        "withdrawalId": row.withdrawal_id,
        "accountId": row.account,
        "name": directory.accounts[row.account].name,
        "symbol": asset.symbol,
        "quantity": show(row.amount, asset.atoms),
        "toAddress": destination.address,
        "blockchain": destination.blockchain,
        "clientId": destination.client_id,
    }


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
