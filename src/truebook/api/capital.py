"""Deposits and withdrawals (contract A6): value that enters and leaves the exchange.

Promise: a withdrawal that was answered is in the log with its amount locked: of any number of
requests at once exactly those are accepted that the balance covers. It leaves when the operator has
settled it, and is available again if they refuse it.

Where it shall go to stands in a note directly before the request, in the same entry of the log: a
JSON object with `address`, `blockchain` and, if there is one, `clientId`.
"""

from collections.abc import Sequence

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from truebook import commands
from truebook.api.authenticate import Authority, Parameters, parameters_of
from truebook.api.errors import invalid, rejected
from truebook.api.exchange import Exchange
from truebook.api.order_json import iso
from truebook.api.outcomes import told_to_client
from truebook.api.paging import ID_MAX, TIME_MS_MAX, page_headers, page_of
from truebook.api.payload import Fields, amount_of, whole_number_of
from truebook.api.request import fields_of, headers_of, query_of
from truebook.api.response import JsonResponse
from truebook.api.shapes import capital as shapes
from truebook.api.sign_in import fields_of_body
from truebook.clock import Clock
from truebook.directory import Asset, Directory
from truebook.history import History, Page, PastDeposit, PastWithdrawal
from truebook.limits import (
    ADDRESS_CHARACTERS_MAX,
    AMOUNT_MAX,
    BLOCKCHAIN_CHARACTERS_MAX,
    WITHDRAWAL_CLIENT_ID_CHARACTERS_MAX,
)
from truebook.messages import NOTE_BYTES_MAX, RejectCode, WithdrawalState, note_parts
from truebook.people.exchange import carry_out
from truebook.units import show

SYMBOL_CHARACTERS_MAX = 16

STATES: dict[WithdrawalState, shapes.WithdrawalStatus] = {
    WithdrawalState.PENDING: "pending",
    WithdrawalState.CONFIRMED: "confirmed",
    WithdrawalState.REFUSED: "declined",
}


class Destination(msgspec.Struct, omit_defaults=True, rename="camel"):
    """Where a withdrawal shall go to: the text of its note."""

    address: str = ""
    blockchain: str | None = None
    client_id: str | None = None


class Capital:
    """The endpoints under /wapi/v1/capital."""

    def __init__(
        self, exchange: Exchange, history: History, authority: Authority, clock: Clock
    ) -> None:
        self._exchange = exchange
        self._history = history
        self._authority = authority
        self._clock = clock

    def routes(self) -> list[Route]:
        """Each endpoint at its path."""
        withdrawals = "/wapi/v1/capital/withdrawals"
        return [
            Route("/wapi/v1/capital/deposits", self.deposits, methods=["GET"]),
            Route("/wapi/v1/capital/deposit/address", self.deposit_address, methods=["GET"]),
            Route(withdrawals, self.withdrawals, methods=["GET"]),
            Route(withdrawals, self.request_withdrawal, methods=["POST"]),
        ]

    async def deposits(self, request: Request) -> Response:
        """Deposits by their time (`depositQueryAll`)."""
        account, query = self._reader(request, "depositQueryAll")
        fields = fields_of(query)
        page = page_of(fields)
        found, total = await self._history.deposits(
            account,
            page,
            from_ms=whole_number_of(fields, "from", TIME_MS_MAX),
            to_ms=whole_number_of(fields, "to", TIME_MS_MAX),
            after=await self._exchange.published(),
        )
        assets = self._exchange.directory.assets
        told = [_deposit_json(deposit, assets[deposit.asset]) for deposit in found]
        return _respond(told, page, total)

    async def deposit_address(self, request: Request) -> Response:
        """An address that names the account: the same on every blockchain, and only the exchange
        itself knows it (`depositAddressQuery`)."""
        account, query = self._reader(request, "depositAddressQuery")
        _text_of(fields_of(query), "blockchain", BLOCKCHAIN_CHARACTERS_MAX)
        told: shapes.DepositAddress = {"address": address_of(account)}
        return JsonResponse(told)

    async def withdrawals(self, request: Request) -> Response:
        """Withdrawals by the time of their request (`withdrawalQueryAll`)."""
        account, query = self._reader(request, "withdrawalQueryAll")
        fields = fields_of(query)
        page = page_of(fields)
        client_id = None
        if "clientId" in fields:
            client_id = _text_of(fields, "clientId", WITHDRAWAL_CLIENT_ID_CHARACTERS_MAX)
        found, total = await self._history.withdrawals(
            account,
            page,
            withdrawal_id=whole_number_of(fields, "id", ID_MAX),
            client_id=client_id,
            from_ms=whole_number_of(fields, "from", TIME_MS_MAX),
            to_ms=whole_number_of(fields, "to", TIME_MS_MAX),
            after=await self._exchange.published(),
        )
        directory = self._exchange.directory
        return _respond([_past_json(one, directory) for one in found], page, total)

    async def request_withdrawal(self, request: Request) -> Response:
        """Ask for a withdrawal: its amount is locked until the operator settles it (`withdraw`)."""
        headers = headers_of(request.scope)
        fields = await fields_of_body(request, headers)
        caller = self._authority.withdrawer(headers, "withdraw", parameters_of(fields))
        asset = _asset_of(fields, self._exchange.directory)
        amount = amount_of(fields, "quantity", asset.atoms, AMOUNT_MAX)
        if amount is None:
            raise invalid("quantity", "is required")
        if amount == 0:
            raise rejected(RejectCode.QUANTITY_TOO_SMALL)
        destination = _destination_of(fields)
        withdrawal_id = self._exchange.next_order_id()
        command = commands.request_withdrawal(
            account=caller.account,
            asset=asset.number,
            amount=amount,
            withdrawal_id=withdrawal_id,
        )
        notes = note_parts(msgspec.json.encode(destination).decode(), 1)
        with told_to_client(withdrawal_id):
            await carry_out(self._exchange, [*notes, command], notes=len(notes), once=caller.once)
        requested = PastWithdrawal(
            withdrawal_id,
            caller.account,
            asset.number,
            amount,
            WithdrawalState.PENDING,
            self._clock.now_ms(),
            None,
            "",
            "",
        )
        return JsonResponse(_withdrawal_json(requested, destination, asset))

    def _reader(self, request: Request, instruction: str) -> tuple[int, Parameters]:
        query = query_of(request.scope)
        caller = self._authority.reader(headers_of(request.scope), instruction, query)
        return caller.account, query


def address_of(account: int) -> str:
    """The internal address of an account."""
    return f"truebook-account-{account}"


def _asset_of(fields: Fields, directory: Directory) -> Asset:
    asset = directory.asset_by_symbol.get(_text_of(fields, "symbol", SYMBOL_CHARACTERS_MAX))
    if asset is None:
        raise rejected(RejectCode.UNKNOWN_ASSET)
    return asset


def _destination_of(fields: Fields) -> Destination:
    client_id = None
    if fields.get("clientId") is not None:
        client_id = _text_of(fields, "clientId", WITHDRAWAL_CLIENT_ID_CHARACTERS_MAX)
    destination = Destination(
        _text_of(fields, "address", ADDRESS_CHARACTERS_MAX),
        _text_of(fields, "blockchain", BLOCKCHAIN_CHARACTERS_MAX),
        client_id,
    )
    if len(msgspec.json.encode(destination)) > NOTE_BYTES_MAX:
        raise invalid("address", "takes too much room with what else is to be kept")
    return destination


def _text_of(fields: Fields, field: str, characters_max: int) -> str:
    """A text, or a number as it was written. Raises ApiError."""
    value = fields.get(field)
    if not isinstance(value, str) or not 1 <= len(value) <= characters_max:
        raise invalid(field, f"must be a text of 1 to {characters_max} characters")
    return str(value)


def _deposit_json(deposit: PastDeposit, asset: Asset) -> shapes.Deposit:
    return {
        "id": deposit.deposit_id,
        "toAddress": address_of(deposit.account),
        "fromAddress": None,
        "source": "administrator",
        "status": "confirmed",
        "transactionHash": None,
        "symbol": asset.symbol,
        "quantity": show(deposit.amount, asset.atoms),
        "createdAt": iso(deposit.time_ms),
        "fiatAmount": None,
        "fiatCurrency": None,
        "institutionBic": None,
        "platformMemo": None,
    }


def destination_in(note: str) -> Destination:
    """Where a withdrawal shall go to, by the note on its request."""
    try:
        return msgspec.json.decode(note, type=Destination)
    except msgspec.MsgspecError:
        return Destination()  # a note that no gateway of ours wrote


def _past_json(withdrawal: PastWithdrawal, directory: Directory) -> shapes.Withdrawal:
    destination = destination_in(withdrawal.note)
    return _withdrawal_json(withdrawal, destination, directory.assets[withdrawal.asset])


def _withdrawal_json(
    withdrawal: PastWithdrawal, destination: Destination, asset: Asset
) -> shapes.Withdrawal:
    return {
        "id": withdrawal.withdrawal_id,
        "blockchain": destination.blockchain,
        "clientId": destination.client_id,
        "createdAt": iso(withdrawal.requested_ms),
        "fee": "0",
        "isInternal": False,
        "quantity": show(withdrawal.amount, asset.atoms),
        "status": STATES[WithdrawalState(withdrawal.state)],
        "symbol": asset.symbol,
        "toAddress": destination.address,
        "transactionHash": None,
        "identifier": None,
        "subaccountId": None,
        "accountIdentifier": None,
        "bankIdentifier": None,
        "bankName": None,
        "fiatFee": None,
        "fiatState": None,
        "fiatSymbol": None,
        "providerId": None,
        "triggerAt": None,
    }


def _respond(
    found: Sequence[shapes.Deposit | shapes.Withdrawal], page: Page, total: int
) -> Response:
    return JsonResponse(found, headers=page_headers(page, total))
